// Plays a machine that boots from the network, step by step as its firmware and iPXE would, and
// concludes what keeps it from booting. It takes no lease: offers say all that there is to know.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/client.h"
#include "dhcp/packet.h"
#include "doctor/client.h"
#include "doctor/fetch.h"
#include "doctor/finding.h"
#include "doctor/offers.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::doctor {

/// What the probe needs of the network; blocking.
class Wire {
 public:
  /// So much of a file is kept.
  static constexpr std::size_t kept = 1 << 20;

  virtual ~Wire() = default;
  /// Broadcasts a message; every answer to it that comes within the time to wait.
  virtual std::vector<Offer> broadcast(const dhcp::Packet& packet) = 0;
  /// Asks a boot server on port 4011.
  virtual std::optional<Offer> ask_boot_server(const wire::IpAddress& server,
                                               const dhcp::Packet& packet) = 0;
  /// Who has this address on the interface's own network (ARP); nothing if nobody answers.
  virtual std::optional<wire::Mac> owner(const wire::IpAddress& address) = 0;
  /// `tftp://…` or `http://…`. `whole`: all of it, else only whether it is there.
  virtual Fetch fetch(std::string_view url, bool whole) = 0;
  /// The address that the probe itself has, where answers to it come to.
  virtual wire::IpAddress own_address() const = 0;
};

/// The machine as firmware, then as iPXE.
struct Stage {
  dhcp::ClientFacts client;
  std::vector<Offer> offers;
  /// From port 4011; none or one.
  std::vector<Offer> boot_answers;
  /// Refers to the offers and answers.
  Choice choice;
  std::optional<Fetch> loaded;

  Stage() = default;
  Stage(Stage&&) = default;
  Stage& operator=(Stage&&) = default;
};

struct Report {
  Stage firmware;
  std::optional<Stage> ipxe;
  /// The scripts after the first one, and the files that they name.
  std::vector<Fetch> files;
  /// In the order of the boot.
  std::vector<Finding> findings;

  bool boots() const { return !any_stops_boot(findings); }
  /// Whether each step was tried; if not, boots() speaks of those before.
  bool complete() const;
};

/// `xid` is the first transaction's number; the others follow it.
Report probe(Wire& wire, const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid);

}  // namespace pixie::doctor
