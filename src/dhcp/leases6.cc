#include "dhcp/leases6.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace pixie::dhcp {
namespace {

std::uint64_t lower_half(const wire::IpAddress& address) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = number << 8 | address.octets[i];
  return number;
}

wire::IpAddress with_lower_half(wire::IpAddress address, std::uint64_t number) {
  for (std::size_t i = 16; i-- > 8; number >>= 8) {
    address.octets[i] = static_cast<std::uint8_t>(number & 0xff);
  }
  return address;
}

bool same_upper_half(const wire::IpAddress& a, const wire::IpAddress& b) {
  return std::ranges::equal(std::span(a.octets).first(8), std::span(b.octets).first(8));
}

/// FNV-1a, and a last mixing (of MurmurHash3), because the range takes the remainder.
std::uint64_t hash(const LeaseKey6& key) {
  std::uint64_t value = 0xcbf29ce484222325;
  const auto mix = [&value](std::uint64_t byte) { value = (value ^ byte) * 0x100000001b3; };
  for (const auto byte : key.duid) mix(std::to_integer<std::uint64_t>(byte));
  for (unsigned shift = 0; shift < 32; shift += 8) mix(key.iaid >> shift & 0xff);
  value = (value ^ value >> 33) * 0xff51afd7ed558ccd;
  return value ^ value >> 33;
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

template <class Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value, base);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  return value;
}

std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (; !text.empty(); text.remove_prefix(2)) {
    const auto byte = number<std::uint8_t>(text.substr(0, 2), 16);
    if (!byte) return std::nullopt;
    bytes.push_back(std::byte{*byte});
  }
  return bytes;
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> result;
  for (;;) {
    const auto space = line.find(' ');
    result.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return result;
    line.remove_prefix(space + 1);
  }
}

std::string lease_line(const wire::IpAddress& address, const LeaseKey6& key, Leases6::Time until) {
  return fmt::format("lease {} {} {:08x} {}\n", address.text(), hex(key.duid), key.iaid,
                     until.time_since_epoch().count());
}

std::string decline_line(const wire::IpAddress& address, Leases6::Time until) {
  return fmt::format("decline {} {}\n", address.text(), until.time_since_epoch().count());
}

std::optional<Leases6::Time> time(std::string_view text) {
  const auto seconds = number<std::int64_t>(text);
  if (!seconds) return std::nullopt;
  return Leases6::Time(std::chrono::seconds(*seconds));
}

Expected<Range6> range_of_prefix(std::string_view text) {
  const auto link = wire::Network::parse(text);
  if (!link || link->address.is_v4() || link->prefix < 64 || link->prefix > 126) {
    return fail(
        fmt::format("'{}': expected an IPv6 prefix of 64 to 126 bits, such as fd77::/64", text));
  }
  const auto hosts = std::numeric_limits<std::uint64_t>::max() >> (link->prefix - 64);
  const auto base = lower_half(link->address) & ~hosts;
  return Range6{with_lower_half(link->address, base + 1),
                with_lower_half(link->address, base | hosts),
                {with_lower_half(link->address, base), link->prefix}};
}

}  // namespace

Expected<Range6> Range6::parse(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return range_of_prefix(text);
  const auto first = wire::IpAddress::parse(text.substr(0, dash));
  const auto last = wire::IpAddress::parse(text.substr(dash + 1));
  if (!first || !last || first->is_v4() || !same_upper_half(*first, *last) || *last < *first) {
    return fail(
        fmt::format("'{}': expected two IPv6 addresses of one /64, the lower one first, such as "
                    "fd77::100-fd77::1ff",
                    text));
  }
  return Range6{*first, *last, {with_lower_half(*first, 0), 64}};
}

std::optional<wire::IpAddress> Leases6::find(const LeaseKey6& key, Time now) {
  expire(now);
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<wire::IpAddress> Leases6::offer(const LeaseKey6& key,
                                              std::optional<wire::IpAddress> wanted, Time now) {
  if (const auto held = find(key, now)) return held;
  if (taken_.size() >= settings_.max_leases) return std::nullopt;
  if (wanted && is_free(*wanted)) return wanted;
  const auto& range = settings_.range;
  const auto first = lower_half(range.first);
  const auto widest = lower_half(range.last) - first;
  auto place =
      widest == std::numeric_limits<std::uint64_t>::max() ? hash(key) : hash(key) % (widest + 1);
  // One more try than there are addresses taken or excluded finds a free one, if there is one; in a range that is
  // nearly full, looking at some thousand is enough.
  constexpr std::uint64_t most_tries = 4096;
  const auto tries =
      std::min<std::uint64_t>({widest, taken_.size() + settings_.excluded.size(), most_tries});
  for (std::uint64_t i = 0; i <= tries; ++i) {
    const auto candidate = with_lower_half(range.first, first + place);
    if (is_free(candidate)) return candidate;
    place = place == widest ? 0 : place + 1;
  }
  return std::nullopt;
}

std::optional<Leases6::Grant> Leases6::assign(const LeaseKey6& key,
                                              std::optional<wire::IpAddress> wanted, Time now) {
  const auto address = offer(key, wanted, now);
  if (!address) return std::nullopt;
  const auto until = now + settings_.valid;
  take(*address, {key, until});
  return Grant{*address, lease_line(*address, key, until)};
}

std::optional<std::string> Leases6::release(const LeaseKey6& key, const wire::IpAddress& address,
                                            Time now) {
  expire(now);
  if (!holds(key, address)) return std::nullopt;
  drop(address);
  return fmt::format("release {}\n", address.text());
}

std::optional<std::string> Leases6::decline(const LeaseKey6& key, const wire::IpAddress& address,
                                            Time now) {
  expire(now);
  if (!holds(key, address)) return std::nullopt;
  const auto until = now + settings_.decline_hold;
  take(address, {std::nullopt, until});
  return decline_line(address, until);
}

Expected<void> Leases6::replay(std::string_view journal, Time now) {
  Leases6 replayed(settings_);
  for (std::size_t number = 1;; ++number) {
    const auto end = journal.find('\n');
    if (end == std::string_view::npos) break;
    const auto taken_in = replayed.replay_line(number, journal.substr(0, end));
    if (!taken_in) {
      return fail(
          fmt::format("journal of IPv6 leases, line {}: {}", number, taken_in.error().text));
    }
    journal.remove_prefix(end + 1);
  }
  replayed.expire(now);
  *this = std::move(replayed);
  return {};
}

Expected<void> Leases6::replay_line(std::size_t number, std::string_view line) {
  if (number > 1) return replay_change(line);
  if (line == journal_header.substr(0, journal_header.size() - 1)) return {};
  return fail(
      "expected 'pixie leases6 1': if a newer pixie wrote this file, start that one, or move the "
      "file away to begin without leases");
}

Expected<void> Leases6::replay_change(std::string_view line) {
  const auto fields = words(line);
  const auto address = fields.size() > 1 ? wire::IpAddress::parse(fields[1]) : std::nullopt;
  const auto until = time(fields.back());
  const bool in_range = address && settings_.range.contains(*address);
  if (address && fields.size() == 2 && fields[0] == "release") {
    drop(*address);
    return {};
  }
  if (address && until && fields.size() == 3 && fields[0] == "decline") {
    if (in_range) take(*address, {std::nullopt, *until});
    return {};
  }
  const auto duid = fields.size() == 5 ? from_hex(fields[2]) : std::nullopt;
  const auto iaid = fields.size() == 5 ? number<std::uint32_t>(fields[3], 16) : std::nullopt;
  if (!address || !until || !duid || !iaid || fields[0] != "lease") {
    return fail(
        "expected 'lease ADDRESS DUID IAID UNTIL', 'release ADDRESS' or 'decline ADDRESS UNTIL'");
  }
  if (in_range) take(*address, {LeaseKey6{*duid, *iaid}, *until});
  return {};
}

std::string Leases6::snapshot(Time now) {
  expire(now);
  std::string text(journal_header);
  for (const auto& [address, taken] : taken_) {
    text += taken.holder ? lease_line(address, *taken.holder, taken.until)
                         : decline_line(address, taken.until);
  }
  return text;
}

void Leases6::expire(Time now) {
  while (!ends_.empty() && ends_.begin()->first <= now) drop(ends_.begin()->second);
}

bool Leases6::is_free(const wire::IpAddress& address) const {
  return settings_.range.contains(address) && !settings_.excluded.contains(address) &&
         !taken_.contains(address);
}

/// Whoever held the address loses it, and the new holder what it held before.
void Leases6::take(const wire::IpAddress& address, Taken taken) {
  drop(address);
  if (taken.holder) {
    if (const auto held = by_key_.find(*taken.holder); held != by_key_.end()) drop(held->second);
    by_key_[*taken.holder] = address;
  }
  ends_.emplace(taken.until, address);
  taken_[address] = std::move(taken);
}

void Leases6::drop(wire::IpAddress address) {
  const auto found = taken_.find(address);
  if (found == taken_.end()) return;
  ends_.erase({found->second.until, address});
  if (found->second.holder) by_key_.erase(*found->second.holder);
  taken_.erase(found);
}

bool Leases6::holds(const LeaseKey6& key, const wire::IpAddress& address) const {
  const auto found = by_key_.find(key);
  return found != by_key_.end() && found->second == address;
}

}  // namespace pixie::dhcp
