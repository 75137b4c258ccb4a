// What was seen of each machine that tries to boot: packets in, steps out. It watches; who captured
// the packets, on the server itself or beside it, doesn't matter, but what isn't seen isn't known.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dhcp/client.h"
#include "dhcp/packet.h"
#include "doctor/offers.h"
#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/mac.h"

namespace pixie::doctor {

using TimePoint = std::chrono::steady_clock::time_point;

enum class Step : std::uint8_t {
  discover,
  offer,
  request,
  ack,
  nak,
  decline,
  boot_server_request,
  boot_server_answer,
  arp_request,
  arp_conflict,
  tftp_request,
  tftp_error,
  tftp_stalled,
  tftp_done,
  http_connect,
  http_closed,
  http_request,
  http_answer,
};

/// One thing that a machine did, or that was done to it.
struct Event {
  TimePoint at;
  Step step = Step::discover;
  /// Whether iPXE ran on the machine by then.
  bool in_ipxe = false;
  /// Who answers or is asked; the relay agent's address where that is what matters.
  wire::IpAddress server;
  /// Boot file, TFTP name, HTTP target; printable.
  std::string file;
  /// HTTP status or TFTP error code.
  std::uint16_t status = 0;
  /// What else is worth telling; printable.
  std::string detail;
  /// The answer is pixie's message that the machine has no script.
  bool no_script = false;
  /// Later events of all machines have larger ones.
  std::uint64_t number = 0;
};

/// `offers 10.0.0.7, snponly.efi on 10.0.0.1`: for people.
std::string describe(const Event& event);

struct Machine {
  wire::Mac mac;
  /// As its last boot client message said; `firmware` as the last one that was not iPXE's.
  dhcp::ClientFacts client;
  dhcp::ClientFacts firmware;
  /// The last `max_events`.
  std::deque<Event> events;
  /// Of the last DISCOVER.
  std::vector<Offer> offers;
  wire::IpAddress address;
  /// It loaded its own script, or a file that a script named, in this boot.
  bool got_script = false;
  /// The last transfer that it asked for has begun.
  bool transfer_began = false;
  /// Its operating system asks now: what it does is no boot any more.
  bool left_firmware = false;
  /// When something happened that had not happened before.
  TimePoint progress_at;
  /// Of the ROM that it loaded last; empty if it fits or can't be known.
  std::string misfit;

  static constexpr std::size_t max_events = 500;

  std::size_t count(Step step) const;
  /// Null if there is none.
  const Event* last(Step step) const;
};

/// The way of a packet.
struct Path {
  wire::Mac from_mac;
  wire::Endpoint from;
  wire::Endpoint to;
};

/// What a TCP segment (RFC 9293 section 3.1) says that matters here.
struct TcpSegment {
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  bool is_syn = false;
  bool is_ack = false;
  bool is_reset = false;
  wire::Bytes payload;
};

/// Nothing if it is cut off.
std::optional<TcpSegment> parse_tcp(wire::Bytes segment);

class Timeline {
 public:
  /// More machines than this are not followed, and tables of addresses begin anew when they are as
  /// long: addresses can be made up without end.
  static constexpr std::size_t max_machines = 4096;

  void udp(TimePoint now, const Path& path, wire::Bytes payload);
  void tcp(TimePoint now, const Path& path, const TcpSegment& segment);
  /// `sender` claims or asks (`is_reply` false) for `target`.
  void arp(TimePoint now, const wire::Mac& sender_mac, const wire::IpAddress& sender,
           const wire::IpAddress& target, bool is_reply);

  const std::map<wire::Mac, Machine>& machines() const { return machines_; }
  /// Those DHCP servers that offered an address to anybody.
  const std::set<wire::IpAddress>& dhcp_servers() const { return dhcp_servers_; }

  /// Somebody looked for an address (ARP) that did not answer so far.
  struct Search {
    wire::IpAddress asker;
    std::size_t count = 0;
  };
  /// Null: nobody looked for it, or it answered.
  const Search* search_for(const wire::IpAddress& address) const;

  struct News {
    wire::Mac mac;
    Event event;
  };
  /// What happened since the last call.
  std::vector<News> take_news() { return std::exchange(news_, {}); }

 private:
  /// One TFTP transfer or TCP connection of a machine.
  struct Flow {
    wire::Mac mac;
    wire::Endpoint server;
    std::string file;
    std::size_t block_size = 512;
    bool answered = false;
    bool no_script = false;
  };
  /// By the client's endpoint.
  using Flows = std::map<wire::Endpoint, Flow>;

  void dhcp_request(TimePoint now, const Path& path, const dhcp::Packet& packet);
  void decline(TimePoint now, Machine& machine, const dhcp::Packet& packet);
  void dhcp_reply(TimePoint now, const Path& path, const dhcp::Packet& packet);
  void tftp_request(TimePoint now, const Path& path, wire::Bytes payload);
  void tftp_answer(TimePoint now, const Path& path, Flow& flow, wire::Bytes payload);
  void http_request(TimePoint now, Flow& flow, std::string_view text);
  void http_answer(TimePoint now, Flow& flow, std::string_view text);

  Machine* machine(const wire::Mac& mac);
  /// Null for one that is not known, and for one whose operating system runs.
  Machine* machine_at(const wire::IpAddress& address, const wire::Mac& mac);
  void add(Machine& machine, Event event);
  void loaded(Machine& machine, Event event);
  static Flow& open(Flows& flows, const wire::Endpoint& client, Flow flow);

  std::map<wire::Mac, Machine> machines_;
  std::map<wire::IpAddress, wire::Mac> addresses_;
  std::set<wire::IpAddress> dhcp_servers_;
  std::map<wire::IpAddress, Search> searches_;
  Flows transfers_;
  Flows connections_;
  std::vector<News> news_;
  std::uint64_t count_ = 0;
};

}  // namespace pixie::doctor
