#include "dhcp/lease_plan.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "dhcp/ipv4.h"
#include "dhcp/lease_journal.h"

namespace pixie::dhcp {
namespace {

/// Networks without an address of their own and for broadcasts (RFC 3021): /31 and /32.
constexpr unsigned first_without_broadcast = 96 + 31;

std::uint32_t mask(const wire::Network& network) {
  return ~std::uint32_t{0} << (128 - network.prefix);
}

std::string text(const wire::Network& network) {
  return fmt::format("{}/{}", ipv4_address(ipv4_number(network.address) & mask(network)).text(),
                     network.prefix - 96);
}

/// Whether a host of `network` may have `address`.
bool is_host(const wire::Network& network, const wire::IpAddress& address) {
  if (!address.is_v4() || !network.contains(address)) return false;
  if (network.prefix >= first_without_broadcast) return true;
  const auto host_bits = ipv4_number(address) & ~mask(network);
  return host_bits != 0 && host_bits != ~mask(network);
}

}  // namespace

Expected<LeasePlan> LeasePlan::make(LeaseSettings settings) {
  LeasePlan plan;
  plan.settings_ = std::move(settings);
  if (const auto done = plan.check_times(); !done) return std::unexpected(done.error());
  for (const auto& range : plan.settings_.ranges) {
    if (const auto done = plan.add(range); !done) return std::unexpected(done.error());
  }
  for (const auto& address : plan.settings_.excluded) {
    plan.owners_.emplace(ipv4_number(address), std::nullopt);
  }
  for (const auto& reservation : plan.settings_.reservations) {
    if (const auto done = plan.add(reservation); !done) return std::unexpected(done.error());
  }
  return plan;
}

Expected<void> LeasePlan::check_times() const {
  const auto& s = settings_;
  using std::chrono::seconds;
  if (s.min_time < seconds(1) || s.min_time > s.default_time || s.default_time > s.max_time) {
    return fail("expected lease times of at least 1 second with minimum <= default <= maximum");
  }
  // 0xffffffff would mean a lease without end (RFC 2131 section 3.3).
  if (s.max_time >= seconds(std::numeric_limits<std::uint32_t>::max())) {
    return fail("expected a maximum lease time below 4294967295 seconds");
  }
  if (s.offer_time < seconds(1) || s.decline_time < seconds(1)) {
    return fail("expected an offer to hold, and a declined address to rest, at least 1 second");
  }
  return {};
}

Expected<void> LeasePlan::add(const LeaseRange& range) {
  const auto& wanted = range.network;
  if (!wanted.address.is_v4() || wanted.prefix < 96 + 1 || wanted.prefix > 128) {
    return fail(fmt::format("expected an IPv4 network of a range, such as 192.0.2.0/24, not {}/{}",
                            wanted.address.text(), wanted.prefix));
  }
  for (auto& network : networks_) {
    const bool same = network.network.prefix == wanted.prefix;
    if (same && wanted.contains(network.network.address)) return add_span(network, range);
    if (network.network.contains(wanted.address) || wanted.contains(network.network.address)) {
      return fail(fmt::format("expected networks that don't overlap: {} and {}",
                              text(network.network), text(wanted)));
    }
  }
  networks_.push_back({.network = wanted, .spans = {}});
  return add_span(networks_.back(), range);
}

Expected<void> LeasePlan::add_span(Network& network, const LeaseRange& range) {
  if (range.first.is_unspecified() && range.last.is_unspecified()) return {};
  if (!is_host(network.network, range.first) || !is_host(network.network, range.last) ||
      range.last < range.first) {
    return fail(
        fmt::format("expected a range of host addresses of {}, the first one first, not {} to {}",
                    text(network.network), range.first.text(), range.last.text()));
  }
  const Span span{ipv4_number(range.first), ipv4_number(range.last)};
  for (const auto& other : network.spans) {
    if (span.first <= other.last && other.first <= span.last) {
      return fail(fmt::format("expected ranges that don't overlap: {} to {} does",
                              range.first.text(), range.last.text()));
    }
  }
  addresses_ += std::uint64_t{span.last} - span.first + 1;
  if (addresses_ > max_addresses) {
    return fail(fmt::format("expected ranges of at most {} addresses together", max_addresses));
  }
  const auto after = std::ranges::upper_bound(network.spans, span.first, {}, &Span::first);
  network.spans.insert(after, span);
  return {};
}

Expected<void> LeasePlan::add(const Reservation& reservation) {
  const auto who = fmt::format("{} for {}", reservation.address.text(), reservation.mac.colons());
  const auto network = network_of(reservation.address);
  if (!network || !is_host(networks_[*network].network, reservation.address)) {
    return fail(fmt::format("expected a host address in the network of a range, not {}", who));
  }
  if (reservation.mac == wire::Mac{}) {
    return fail(fmt::format("expected the MAC of a machine to reserve an address, not {}", who));
  }
  if (clean_host_name(reservation.host_name) != reservation.host_name) {
    return fail(fmt::format(
        "expected a host name of letters, digits, `-`, `.`, `_` in the reservation of {}", who));
  }
  if (!owners_.emplace(ipv4_number(reservation.address), reservation.mac).second) {
    return fail(fmt::format(
        "expected an address that is neither reserved twice nor excluded, not {}", who));
  }
  if (!reservations_.emplace(std::pair(*network, reservation.mac), reservation).second) {
    return fail(fmt::format("expected one reserved address in a network, not a second, {}", who));
  }
  return {};
}

std::optional<std::size_t> LeasePlan::network_of(const wire::IpAddress& address) const {
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    if (networks_[i].network.contains(address)) return i;
  }
  return std::nullopt;
}

const Reservation* LeasePlan::reservation(std::size_t network, const wire::Mac& mac) const {
  const auto found = reservations_.find({network, mac});
  return found == reservations_.end() ? nullptr : &found->second;
}

bool LeasePlan::dynamic(std::size_t network, const wire::IpAddress& address) const {
  const auto number = ipv4_number(address);
  return !owners_.contains(number) && std::ranges::any_of(networks_[network].spans, [&](Span span) {
    return span.first <= number && number <= span.last;
  });
}

bool LeasePlan::may_have(std::size_t network, const wire::IpAddress& address,
                         const wire::Mac& mac) const {
  const auto owner = owners_.find(ipv4_number(address));
  return owner == owners_.end() ? dynamic(network, address) : owner->second == mac;
}

}  // namespace pixie::dhcp
