// The IPv6 addresses that pixie gives in server mode: which client holds which, until when. Pure:
// the caller gives the time, writes the journal and reads it at start.
//
// An address is chosen by a hash of who asks, so that a machine gets the same one again without any
// memory of it; where that is taken, the next free one. Offers are not remembered.
//
// The journal is text, a line per change, after a first line `pixie leases6 1`:
//
//   lease ADDRESS DUID IAID UNTIL    DUID and IAID hexadecimal, UNTIL in seconds since 1970
//   release ADDRESS
//   decline ADDRESS UNTIL
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/address.h"
#include "wire/error.h"

namespace pixie::dhcp {

/// The addresses from `first` to `last`, which share their upper 64 bits. `link` is the network
/// that they, and addresses from elsewhere that are fine on this link, belong to.
struct Range6 {
  wire::IpAddress first;
  wire::IpAddress last;
  wire::Network link;

  /// Takes `fd77::100-fd77::1ff` (the link is a /64) or `fd77::/64` (prefix 64 to 126; all but the
  /// first address, which is every router's: RFC 4291 section 2.6.1).
  static Expected<Range6> parse(std::string_view text);
  bool contains(const wire::IpAddress& address) const {
    return first <= address && address <= last;
  }
};

/// Who holds an address: one machine may ask for several.
struct LeaseKey6 {
  std::vector<std::byte> duid;
  std::uint32_t iaid = 0;

  auto operator<=>(const LeaseKey6&) const = default;
};

struct Lease6Settings {
  Range6 range;
  /// In the range, but never given: the server's own, a router's.
  std::set<wire::IpAddress> excluded;
  /// How long a client may use an address, and how long for new connections; in the protocol T1 and
  /// T2 are half and four fifths of the latter (RFC 8415 section 21.4).
  std::chrono::seconds valid{3600};
  std::chrono::seconds preferred{3600};
  /// How long an address that somebody else was found to use is put aside.
  std::chrono::seconds decline_hold{600};
  /// Leases and addresses put aside: bounds the memory that a network can make the table take.
  std::size_t max_leases = 100'000;
};

/// Not thread-safe. Lines of the journal end with a line feed; the caller has them on disk before
/// it answers the client.
class Leases6 {
 public:
  using Time = std::chrono::sys_seconds;

  static constexpr std::string_view journal_header = "pixie leases6 1\n";

  struct Grant {
    wire::IpAddress address;
    std::string journal;
  };

  explicit Leases6(Lease6Settings settings) : settings_(std::move(settings)) {}

  const Lease6Settings& settings() const { return settings_; }
  std::size_t size() const { return by_key_.size(); }

  /// What assign() would give; nothing if every address is taken.
  std::optional<wire::IpAddress> offer(const LeaseKey6& key, std::optional<wire::IpAddress> wanted,
                                       Time now);
  /// Gives the client the address it has, else the one it wants if that is free, else its own
  /// choice.
  std::optional<Grant> assign(const LeaseKey6& key, std::optional<wire::IpAddress> wanted,
                              Time now);
  /// The client's address, if it has one.
  std::optional<wire::IpAddress> find(const LeaseKey6& key, Time now);
  /// Frees the client's address. Returns the journal's line; nothing if that address isn't the
  /// client's.
  std::optional<std::string> release(const LeaseKey6& key, const wire::IpAddress& address,
                                     Time now);
  /// As release(), and nobody gets the address for a while.
  std::optional<std::string> decline(const LeaseKey6& key, const wire::IpAddress& address,
                                     Time now);

  /// Takes a journal in. A last line without its end was torn by a crash before any client had the
  /// answer, and is ignored; so are addresses that are no longer in the range. Fails with the
  /// line's number on any other line that is not understood; the table is unchanged then.
  Expected<void> replay(std::string_view journal, Time now);
  /// The journal that says what the table is now, its header included.
  std::string snapshot(Time now);

 private:
  /// An address that can't be given: leased to `holder`, or declined.
  struct Taken {
    std::optional<LeaseKey6> holder;
    Time until;
  };

  void expire(Time now);
  bool is_free(const wire::IpAddress& address) const;
  void take(const wire::IpAddress& address, Taken taken);
  void drop(wire::IpAddress address);
  bool holds(const LeaseKey6& key, const wire::IpAddress& address) const;
  Expected<void> replay_line(std::size_t number, std::string_view line);
  Expected<void> replay_change(std::string_view line);

  Lease6Settings settings_;
  std::map<wire::IpAddress, Taken> taken_;
  std::map<LeaseKey6, wire::IpAddress> by_key_;
  /// Ends of `taken_`, the next one first.
  std::set<std::pair<Time, wire::IpAddress>> ends_;
};

}  // namespace pixie::dhcp
