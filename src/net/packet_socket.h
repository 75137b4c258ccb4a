// A socket below IP on one interface (packet(7)): for addresses that nobody has yet, and for watching.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/interfaces.h"
#include "tree/descriptor.h"
#include "wire/cursor.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::net {

/// What a PacketSocket brings.
struct Capture {
  /// Frames of any ethertype.
  static constexpr std::uint16_t everything = 0x0003;

  /// See net/frames.h, or `everything`, which only listens.
  std::uint16_t ethertype = everything;
  /// Unless empty: of IPv4, the kernel hands over only unfragmented UDP from or to these ports. At most 500.
  std::vector<std::uint16_t> udp_ports{};
  /// With `everything`: also what this machine sends.
  bool outgoing = false;
  /// Also what is for other machines.
  bool promiscuous = false;
};

struct Frame {
  wire::Mac source;
  std::uint16_t ethertype = 0;
  bool outgoing = false;
  /// Behind the Ethernet header; may end with what Ethernet pads short frames with.
  wire::Bytes payload;
};

class PacketSocket {
 public:
  /// Non-blocking. Fails with a sentence that says what to do if the capability is missing.
  static Expected<PacketSocket> open(const Interface& interface, const Capture& capture);

  int number() const { return descriptor_.number(); }

  /// Goes on with this interface instead, which takes no privilege. False if the kernel refuses (errno).
  bool follow(const Interface& interface);

  /// Sends a packet of the socket's ethertype; the kernel writes the Ethernet header. False if the kernel refuses (errno).
  bool send(const wire::Mac& to, wire::Bytes packet) const;
  /// The next frame that is waiting, its payload in `buffer` (cut if it doesn't fit); nothing if none is.
  std::optional<Frame> receive(std::span<std::byte> buffer) const;

 private:
  PacketSocket(tree::Descriptor descriptor, const Capture& capture, std::uint32_t interface)
      : descriptor_(std::move(descriptor)),
        ethertype_(capture.ethertype),
        outgoing_(capture.outgoing),
        interface_(interface) {}

  tree::Descriptor descriptor_;
  std::uint16_t ethertype_;
  bool outgoing_;
  std::uint32_t interface_;
};

/// A sentence for people about a raw socket that the kernel refused: `what` can't be done, which capability is
/// missing and how it is granted.
std::string explain_raw_socket(std::string_view what, int error);

}  // namespace pixie::net
