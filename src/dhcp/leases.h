// Who has which IPv4 address, and until when: the table behind OFFER, ACK and NAK of server mode (RFC 2131
// sections 4.3.1, 4.3.2). Pure: requests and the time go in; answers, and lines for a journal, come out.
//
// - A binding belongs to client identifier *and* MAC. The identifier alone (RFC 2131 section 4.2) would give one
//   address to all boards of a series with the same UUID, of which PXE firmware makes its identifier.
// - Firmware, iPXE and operating system of one machine send different identifiers. The next stage gets the address
//   that its MAC had last: it takes the lease over with its request, not before. Only if the stage before then
//   *renews* are they evidently two hosts with one MAC (ipvlan, macvtap); from then on each gets an address of its
//   own.
// - A client gets, in this order: what is reserved for its MAC, its lease, its offer, the address that its MAC or it
//   had last, the one it wishes, one that was never used, the one that is out of use longest.
//
// Offers are kept in memory only. All else that is told to a client is written to the journal first
// (lease_journal.h): the owner appends take_journal() to the file, and answers after that.
//
// `now` is the system's time, as leases outlive the process. Steps back of up to a minute count as no step; after
// larger ones leases end no later than if they had been given now.
//
// Not thread-safe: one owner.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dhcp/lease_journal.h"
#include "dhcp/lease_plan.h"
#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::dhcp {

/// Who asks, and from where.
struct LeaseClient {
  /// Option 61, raw. Empty, or longer than 255 bytes: htype and MAC stand for it, which is what most send anyway.
  std::string identifier;
  std::uint8_t htype = 1;
  /// All zero where there is none (IP over InfiniBand, RFC 4390).
  wire::Mac mac;
  /// An address of the network that the client is on: link selection (RFC 3527), giaddr, ciaddr of who renews, or
  /// the interface's own.
  wire::IpAddress link;
  /// Option 12; dropped if it is no name for a host.
  std::string host_name;
  /// Option 51.
  std::optional<std::chrono::seconds> wanted_time;
};

/// In which state of RFC 2131 section 4.3.2 a client sends its DHCPREQUEST. REBINDING counts as renewing.
enum class RequestState : std::uint8_t { selecting, init_reboot, renewing };

enum class Refusal : std::uint8_t {
  /// Nothing is set for the client's network: silence.
  no_network,
  /// Neither client identifier nor MAC: silence.
  no_identity,
  /// All addresses of the ranges in the network, if there are any, are in use: silence.
  pool_empty,
  /// The address isn't of the network that the client is on: DHCPNAK.
  wrong_network,
  /// The address is in no range, excluded, or reserved for another machine: DHCPNAK.
  not_available,
  /// Another client has it, or it was declined: DHCPNAK.
  in_use,
  /// Another address is reserved for the client, and free: DHCPNAK.
  reserved_elsewhere,
  /// This server knows nothing about this client and address: silence, as another one may (section 4.3.2).
  unknown,
};

/// One sentence for the operator.
std::string_view describe(Refusal refusal);

struct LeaseOffer {
  wire::IpAddress address;
  std::chrono::seconds time{0};
  std::string host_name;
  /// The client never had this address: ask by ARP whether somebody has, and tell conflict(). Not set again while
  /// the offer is pending.
  bool check_first = false;
};

struct LeaseGrant {
  std::chrono::seconds time{0};
  std::string host_name;
};

class Leases {
 public:
  using Time = std::chrono::sys_seconds;

  static Expected<Leases> make(LeaseSettings settings);

  /// DHCPDISCOVER. `wanted` is option 50. The address is held for offer_time; a lease that the client has goes on.
  std::expected<LeaseOffer, Refusal> offer(const LeaseClient& client,
                                           std::optional<wire::IpAddress> wanted, Time now);

  /// DHCPREQUEST for `address`: option 50, or ciaddr of who renews. One of a client in SELECTING that chose another
  /// server is not for here.
  std::expected<LeaseGrant, Refusal> request(const LeaseClient& client,
                                             const wire::IpAddress& address, RequestState state,
                                             Time now);

  /// DHCPRELEASE; false if it isn't the client's to release. The address is remembered for the client.
  bool release(const LeaseClient& client, const wire::IpAddress& address, Time now);

  /// DHCPDECLINE; false if it isn't the client's to decline. Nobody gets the address for decline_time.
  bool decline(const LeaseClient& client, const wire::IpAddress& address, Time now);

  /// Somebody answered ARP for an address that was about to be offered; as decline(). False if the address is a
  /// client's by now, or none of ours.
  bool conflict(const wire::IpAddress& address, Time now);

  /// The lines of all changes since the last call, to be on disk before the answer is sent.
  std::string take_journal();

  /// Takes over what a journal says, into a table that is still empty. Returns how many bytes of `text` count: cut
  /// the file there, or write a snapshot(), before appending to it. An error changes nothing.
  ///
  /// Leases of networks that aren't set any more are kept, unused, until they end.
  Expected<std::size_t> replay(std::string_view text, Time now);

  /// The whole table as a journal, header first, to replace the file with. What take_journal() holds is in it.
  std::string snapshot(Time now);

  /// Whether the journal has become so much longer than the table that a snapshot() is worth its writing.
  bool compaction_pays() const;

  /// The network that `address` lies in, if addresses are given there.
  std::optional<wire::Network> network_of(const wire::IpAddress& address) const {
    const auto index = plan_.network_of(address);
    return index ? std::optional(plan_.network(*index)) : std::nullopt;
  }

  struct Counts {
    std::size_t leased = 0;
    std::size_t offered = 0;
    std::size_t set_aside = 0;
    /// Since the start.
    std::uint64_t declines = 0;
    std::uint64_t conflicts = 0;
    /// Addresses and bindings looked at one after the other, since the start: what operations cost.
    std::uint64_t steps = 0;
  };
  /// Goes through the whole table.
  Counts counts(Time now);

 private:
  struct Binding;
  using List = std::list<Binding>;
  using Position = List::iterator;

  /// An address that was given, offered or put aside at least once. In the wheel while it is held for somebody, then
  /// in a list of its network.
  struct Binding {
    wire::IpAddress address;
    std::size_t network = 0;
    List* list = nullptr;

    /// Whose the lease is, or was, by key_of(); empty: nobody's.
    std::string key;
    wire::Mac mac;
    std::string host_name;
    /// End of the lease, or of the time aside.
    Time until{};
    bool set_aside = false;

    /// Whom it is offered to; empty: nobody.
    std::string offer_key;
    wire::Mac offer_mac;
    Time offer_until{};

    Time due() const { return std::max(until, offer_until); }
  };

  struct Network {
    std::unordered_map<std::string, Position> by_key;
    std::unordered_map<std::string, Position> offers;
    /// What a MAC had last.
    std::unordered_map<wire::Mac, Position> by_mac;
    /// MACs of several hosts.
    std::unordered_set<wire::Mac> shared;
    /// Out of use, the longest first.
    List idle;
    /// Out of use, but not for everybody: reserved, or no longer in a range.
    List kept;
    /// Where the never used ones begin.
    std::size_t span = 0;
    std::uint64_t next = 0;
  };

  /// A client, resolved.
  struct Asker {
    std::size_t network = 0;
    wire::Mac mac;
    std::string key;
  };

  /// The MAC's octets, and the client identifier or what stands for it.
  static std::string key_of(const wire::Mac& mac, std::string_view client);
  static std::string client_of(const std::string& key);

  static constexpr std::size_t wheel_size = 4096;

  explicit Leases(LeasePlan plan);

  std::expected<Asker, Refusal> resolve(const LeaseClient& client) const;
  std::string host_name(const Asker& asker, const LeaseClient& client) const;
  std::chrono::seconds lease_time(const LeaseClient& client) const;

  std::optional<wire::IpAddress> choose(const Asker& asker, std::optional<wire::IpAddress> wanted);
  std::optional<wire::IpAddress> known_address(const Asker& asker);
  std::optional<wire::IpAddress> never_used(std::size_t network);
  std::optional<Refusal> refusal(const Asker& asker, const wire::IpAddress& address,
                                 RequestState state);
  bool renews_what_was_taken_over(const Asker& asker, const Binding& binding,
                                  RequestState state) const;
  void withdraw_other_offer(const Asker& asker, Position kept);

  bool leased(const Binding& binding) const;
  bool offered(const Binding& binding) const;
  bool is_holder(const Binding& binding, const Asker& asker) const;
  bool same_machine(const Asker& asker, const std::string& key, const wire::Mac& mac) const;
  bool available(const wire::IpAddress& address, const Asker& asker) const;

  std::optional<Position> find(const wire::IpAddress& address);
  Position find_or_add(const wire::IpAddress& address, std::size_t network);
  void assign(Position binding, const LeaseRecord& record);
  void forget_holder(Position binding);
  void forget_offer(Position binding);
  void end_lease(Position binding);
  void put_aside(Position binding);
  void place(Position binding);
  void retire(Position binding);
  List& slot(Time due);

  Time advance(Time now);
  void step_back(Time now);
  Time latest_end() const;
  void apply(const LeaseRecord& record);
  void write(const LeaseRecord& record);

  LeasePlan plan_;
  std::vector<Network> networks_;
  std::unordered_map<std::uint32_t, Position> by_address_;
  /// Held bindings by the second of due(), modulo the size: looked at when that second comes round, so once in
  /// more than an hour of a binding's life, however many there are.
  std::vector<List> wheel_;
  Time time_{};

  /// Leases of networks that aren't set.
  std::unordered_map<std::uint32_t, LeaseRecord> strangers_;
  std::string journal_;
  std::size_t lines_ = 0;
  std::uint64_t declines_ = 0;
  std::uint64_t conflicts_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace pixie::dhcp
