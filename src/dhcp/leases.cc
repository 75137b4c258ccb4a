#include "dhcp/leases.h"

#include <algorithm>
#include <utility>

#include "dhcp/ipv4.h"

namespace pixie::dhcp {
namespace {

constexpr std::size_t max_identifier_size = 255;

}  // namespace

std::string_view describe(Refusal refusal) {
  switch (refusal) {
    case Refusal::no_network:
      return "no range is set for the network that the client is on";
    case Refusal::no_identity:
      return "the client sent neither a client identifier nor a MAC";
    case Refusal::pool_empty:
      return "no address of a range in the client's network is free: set or widen one, or shorten "
             "the lease time";
    case Refusal::wrong_network:
      return "the address isn't of the network that the client is on";
    case Refusal::not_available:
      return "the address is in no range, excluded, or reserved for another machine";
    case Refusal::in_use:
      return "the address is another client's";
    case Refusal::reserved_elsewhere:
      return "another address is reserved for the client";
    case Refusal::unknown:
      return "nothing is known about this client and address";
  }
  return "";
}

Expected<Leases> Leases::make(LeaseSettings settings) {
  auto plan = LeasePlan::make(std::move(settings));
  if (!plan) return std::unexpected(plan.error());
  return Leases(std::move(*plan));
}

Leases::Leases(LeasePlan plan)
    : plan_(std::move(plan)), networks_(plan_.network_count()), wheel_(wheel_size) {}

std::expected<LeaseOffer, Refusal> Leases::offer(const LeaseClient& client,
                                                 std::optional<wire::IpAddress> wanted, Time now) {
  now = advance(now);
  const auto asker = resolve(client);
  if (!asker) return std::unexpected(asker.error());
  const auto address = choose(*asker, wanted);
  if (!address) return std::unexpected(Refusal::pool_empty);

  const auto binding = find_or_add(*address, asker->network);
  const bool pending = offered(*binding) && binding->offer_key == asker->key;
  LeaseOffer result{.address = *address,
                    .time = lease_time(client),
                    .host_name = host_name(*asker, client),
                    .check_first = !pending && !is_holder(*binding, *asker)};
  withdraw_other_offer(*asker, binding);
  forget_offer(binding);
  binding->offer_key = asker->key;
  binding->offer_mac = asker->mac;
  binding->offer_until = now + plan_.settings().offer_time;
  networks_[asker->network].offers.emplace(asker->key, binding);
  place(binding);
  return result;
}

std::expected<LeaseGrant, Refusal> Leases::request(const LeaseClient& client,
                                                   const wire::IpAddress& address,
                                                   RequestState state, Time now) {
  now = advance(now);
  const auto asker = resolve(client);
  if (!asker) return std::unexpected(asker.error());
  if (const auto refused = refusal(*asker, address, state)) return std::unexpected(*refused);

  const auto time = lease_time(client);
  LeaseRecord record{.kind = LeaseRecord::Kind::lease,
                     .address = address,
                     .mac = asker->mac,
                     .client = client_of(asker->key),
                     .time = now + time,
                     .host_name = host_name(*asker, client)};
  const auto binding = find_or_add(address, asker->network);
  withdraw_other_offer(*asker, binding);
  forget_offer(binding);
  assign(binding, record);
  place(binding);
  write(record);
  return LeaseGrant{.time = time, .host_name = std::move(record.host_name)};
}

bool Leases::release(const LeaseClient& client, const wire::IpAddress& address, Time now) {
  advance(now);
  const auto asker = resolve(client);
  const auto binding = find(address);
  if (!asker || !binding || !leased(**binding)) return false;
  if ((*binding)->key != asker->key) return false;
  end_lease(*binding);
  return true;
}

bool Leases::decline(const LeaseClient& client, const wire::IpAddress& address, Time now) {
  advance(now);
  const auto asker = resolve(client);
  const auto binding = find(address);
  if (!asker || !binding) return false;
  const auto& b = **binding;
  const bool has_it = leased(b) && b.key == asker->key;
  if (!has_it && !(offered(b) && b.offer_key == asker->key && !leased(b))) return false;
  ++declines_;
  put_aside(*binding);
  return true;
}

bool Leases::conflict(const wire::IpAddress& address, Time now) {
  advance(now);
  const auto binding = find(address);
  if (!binding || leased(**binding) || (*binding)->set_aside) return false;
  ++conflicts_;
  put_aside(*binding);
  return true;
}

std::expected<Leases::Asker, Refusal> Leases::resolve(const LeaseClient& client) const {
  const auto network = plan_.network_of(client.link);
  if (!network) return std::unexpected(Refusal::no_network);
  const auto& [octets] = client.mac;
  Asker asker{.network = *network, .mac = client.mac, .key = {}};
  if (!client.identifier.empty() && client.identifier.size() <= max_identifier_size) {
    asker.key = key_of(client.mac, client.identifier);
    return asker;
  }
  if (client.mac == wire::Mac{}) return std::unexpected(Refusal::no_identity);
  const std::string hardware(octets.begin(), octets.end());
  asker.key = key_of(client.mac, static_cast<char>(client.htype) + hardware);
  return asker;
}

std::string Leases::host_name(const Asker& asker, const LeaseClient& client) const {
  const auto* reserved = plan_.reservation(asker.network, asker.mac);
  if (reserved && !reserved->host_name.empty()) return reserved->host_name;
  return std::string(clean_host_name(client.host_name));
}

std::chrono::seconds Leases::lease_time(const LeaseClient& client) const {
  const auto& settings = plan_.settings();
  return std::clamp(client.wanted_time.value_or(settings.default_time), settings.min_time,
                    settings.max_time);
}

std::optional<wire::IpAddress> Leases::choose(const Asker& asker,
                                              std::optional<wire::IpAddress> wanted) {
  const auto* reserved = plan_.reservation(asker.network, asker.mac);
  if (reserved && available(reserved->address, asker)) return reserved->address;
  if (const auto known = known_address(asker)) return known;
  if (wanted && plan_.network_of(*wanted) == asker.network &&
      plan_.may_have(asker.network, *wanted, asker.mac) && available(*wanted, asker)) {
    return wanted;
  }
  if (const auto fresh = never_used(asker.network)) return fresh;
  const auto& idle = networks_[asker.network].idle;
  if (idle.empty()) return std::nullopt;
  return idle.front().address;
}

/// An address that the client has, that its machine has or had, that the client is offered, or had.
std::optional<wire::IpAddress> Leases::known_address(const Asker& asker) {
  const auto& network = networks_[asker.network];
  const auto usable = [&](const auto& map, const auto& key) -> const Binding* {
    const auto found = map.find(key);
    if (found == map.end()) return nullptr;
    const Binding& binding = *found->second;
    const bool may = plan_.may_have(asker.network, binding.address, asker.mac);
    return may && available(binding.address, asker) ? &binding : nullptr;
  };
  const auto* own = usable(network.by_key, asker.key);
  if (own && leased(*own)) return own->address;
  // Before an offer, which may be older: to its firmware, say, and meanwhile its system has got another address.
  if (!network.shared.contains(asker.mac)) {
    if (const auto* last = usable(network.by_mac, asker.mac)) return last->address;
  }
  if (const auto* pending = usable(network.offers, asker.key)) return pending->address;
  if (own) return own->address;
  return std::nullopt;
}

/// Each address is passed once.
std::optional<wire::IpAddress> Leases::never_used(std::size_t network) {
  const auto& spans = plan_.spans(network);
  auto& state = networks_[network];
  for (; state.span < spans.size(); ++state.span, state.next = 0) {
    const auto& span = spans[state.span];
    for (state.next = std::max<std::uint64_t>(state.next, span.first); state.next <= span.last;) {
      const auto number = static_cast<std::uint32_t>(state.next++);
      ++steps_;
      const auto address = ipv4_address(number);
      if (!by_address_.contains(number) && plan_.dynamic(network, address)) return address;
    }
  }
  return std::nullopt;
}

std::optional<Refusal> Leases::refusal(const Asker& asker, const wire::IpAddress& address,
                                       RequestState state) {
  if (plan_.network_of(address) != asker.network) return Refusal::wrong_network;
  const auto binding = find(address);
  const auto* reserved = plan_.reservation(asker.network, asker.mac);
  if (!plan_.may_have(asker.network, address, asker.mac)) {
    const bool had_it = binding && leased(**binding) && is_holder(**binding, asker);
    // The client must stop using it, so that its lease is over.
    if (had_it) end_lease(*binding);
    // Another server's client is left alone (RFC 2131 section 4.3.2).
    const bool ours = had_it || reserved || state == RequestState::selecting;
    return ours ? Refusal::not_available : Refusal::unknown;
  }
  if (reserved && reserved->address != address && state != RequestState::renewing &&
      available(reserved->address, asker)) {
    return Refusal::reserved_elsewhere;
  }
  if (!available(address, asker)) return Refusal::in_use;
  if (binding && renews_what_was_taken_over(asker, **binding, state)) {
    networks_[asker.network].shared.insert(asker.mac);
    return Refusal::in_use;
  }
  const bool known =
      (binding && is_holder(**binding, asker)) || (reserved && reserved->address == address);
  if (state != RequestState::selecting && !known) return Refusal::unknown;
  return std::nullopt;
}

bool Leases::renews_what_was_taken_over(const Asker& asker, const Binding& binding,
                                        RequestState state) const {
  return state == RequestState::renewing && leased(binding) && binding.key != asker.key;
}

bool Leases::leased(const Binding& binding) const {
  return !binding.key.empty() && binding.until > time_;
}

bool Leases::offered(const Binding& binding) const {
  return !binding.offer_key.empty() && binding.offer_until > time_;
}

/// Whether the asker is, or was, whom the lease is of.
bool Leases::is_holder(const Binding& binding, const Asker& asker) const {
  return !binding.key.empty() && same_machine(asker, binding.key, binding.mac);
}

bool Leases::same_machine(const Asker& asker, const std::string& key, const wire::Mac& mac) const {
  if (asker.key == key) return true;
  return asker.mac == mac && mac != wire::Mac{} && !networks_[asker.network].shared.contains(mac);
}

bool Leases::available(const wire::IpAddress& address, const Asker& asker) const {
  const auto found = by_address_.find(ipv4_number(address));
  if (found == by_address_.end()) return true;
  const auto& binding = *found->second;
  if (binding.set_aside && binding.until > time_) return false;
  if (offered(binding) && !same_machine(asker, binding.offer_key, binding.offer_mac)) return false;
  return !leased(binding) || is_holder(binding, asker);
}

std::optional<Leases::Position> Leases::find(const wire::IpAddress& address) {
  const auto found = by_address_.find(ipv4_number(address));
  if (!address.is_v4() || found == by_address_.end()) return std::nullopt;
  return found->second;
}

}  // namespace pixie::dhcp
