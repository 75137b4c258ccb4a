// The network as `pixie doctor probe` uses it: blocking sockets on one interface of this machine,
// with the machine's own address. DHCP is sent by an ordinary broadcast, so that a server on this
// very machine hears it too, and answers are captured whatever they are addressed to.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "doctor/probe.h"
#include "net/interfaces.h"
#include "net/packet_socket.h"
#include "wire/error.h"

namespace pixie::net {

class ProbeClient final : public doctor::Wire {
 public:
  /// `wait`: how long answers to a broadcast are collected. Fails if a capability is missing.
  static Expected<std::unique_ptr<ProbeClient>> open(const Interface& interface,
                                                     std::chrono::milliseconds wait);

  std::vector<doctor::Offer> broadcast(const dhcp::Packet& packet) override;
  std::optional<doctor::Offer> ask_boot_server(const wire::IpAddress& server,
                                               const dhcp::Packet& packet) override;
  std::optional<wire::Mac> owner(const wire::IpAddress& address) override;
  doctor::Fetch fetch(std::string_view url, bool whole) override;
  wire::IpAddress own_address() const override { return interface_.address; }

 private:
  ProbeClient(Interface interface, std::chrono::milliseconds wait, PacketSocket capture,
              PacketSocket arp)
      : interface_(std::move(interface)),
        wait_(wait),
        capture_(std::move(capture)),
        arp_(std::move(arp)) {}

  Interface interface_;
  std::chrono::milliseconds wait_;
  PacketSocket capture_;
  PacketSocket arp_;
};

}  // namespace pixie::net
