// Which IPv4 addresses there are to give, and to whom: ranges, reservations and exclusions, checked once. Says
// nothing about who has an address now; see leases.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::dhcp {

/// The addresses `first` to `last`, both included, of `network`, for the clients on that network. Unspecified
/// `first` and `last`: only what is reserved. Several ranges may be of one network.
struct LeaseRange {
  wire::IpAddress first;
  wire::IpAddress last;
  wire::Network network;
};

/// `address` is for `mac` alone. It lies in the network of a range, and may lie outside of the range. A MAC may
/// have one in each network.
struct Reservation {
  wire::Mac mac;
  wire::IpAddress address;
  /// What the machine is called instead of what it calls itself; may be empty.
  std::string host_name;
};

struct LeaseSettings {
  std::vector<LeaseRange> ranges;
  std::vector<Reservation> reservations;
  /// Given to nobody: the server's own addresses, routers.
  std::vector<wire::IpAddress> excluded;

  /// A lease is of default_time if its client doesn't ask for another (option 51), which is brought into
  /// min_time to max_time.
  std::chrono::seconds default_time{std::chrono::hours(12)};
  std::chrono::seconds min_time{std::chrono::minutes(2)};
  std::chrono::seconds max_time{std::chrono::days(1)};
  /// How long an offered address waits for its request.
  std::chrono::seconds offer_time{30};
  /// How long nobody gets an address that a client declined, or that answered ARP.
  std::chrono::seconds decline_time{std::chrono::minutes(10)};
};

class LeasePlan {
 public:
  /// Addresses `first` to `last`, both included.
  struct Span {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };

  /// All ranges together hold at most this many addresses, as each may cost some 200 bytes.
  static constexpr std::uint64_t max_addresses = 1 << 20;

  /// The error says which setting is wrong and what would be right.
  static Expected<LeasePlan> make(LeaseSettings settings);

  const LeaseSettings& settings() const { return settings_; }

  /// Networks are counted from 0.
  std::size_t network_count() const { return networks_.size(); }
  std::optional<std::size_t> network_of(const wire::IpAddress& address) const;
  const wire::Network& network(std::size_t index) const { return networks_[index].network; }
  /// The network's ranges, in ascending order.
  const std::vector<Span>& spans(std::size_t network) const { return networks_[network].spans; }

  /// What is reserved for `mac` in `network`; nullptr if nothing.
  const Reservation* reservation(std::size_t network, const wire::Mac& mac) const;
  /// Whether `address` is for anybody: in a range of `network`, neither reserved nor excluded.
  bool dynamic(std::size_t network, const wire::IpAddress& address) const;
  /// Whether `mac` may have `address`, which must be of `network`.
  bool may_have(std::size_t network, const wire::IpAddress& address, const wire::Mac& mac) const;

 private:
  struct Network {
    wire::Network network;
    std::vector<Span> spans;
  };

  Expected<void> check_times() const;
  Expected<void> add(const LeaseRange& range);
  Expected<void> add_span(Network& network, const LeaseRange& range);
  Expected<void> add(const Reservation& reservation);

  LeaseSettings settings_;
  std::vector<Network> networks_;
  std::uint64_t addresses_ = 0;
  std::map<std::pair<std::size_t, wire::Mac>, Reservation> reservations_;
  /// Whose a reserved address is; nobody's if it is excluded.
  std::unordered_map<std::uint32_t, std::optional<wire::Mac>> owners_;
};

}  // namespace pixie::dhcp
