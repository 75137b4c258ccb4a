// Whether anybody uses an IPv4 address, before it is given to a machine (RFC 2131 section 2.2): asked by ARP on our
// own networks, by ICMP echo behind a router.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/interfaces.h"
#include "net/loop.h"
#include "net/packet_socket.h"
#include "tree/descriptor.h"
#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::net {

/// The sockets that need CAP_NET_RAW: opened before privileges are dropped.
struct ProbeSockets {
  std::vector<std::pair<Interface, PacketSocket>> arp;
  tree::Descriptor icmp;

  static Expected<ProbeSockets> open(std::span<const Interface> interfaces);
};

/// Belongs to one loop.
class AddressProbe {
 public:
  /// Whether the address is in use, and the machine that uses it, where ARP told (one that had the address all
  /// along, too: the caller knows whom the address is for).
  using Answer = std::function<void(bool in_use, std::optional<wire::Mac> user)>;

  AddressProbe(Loop& loop, ProbeSockets sockets);
  ~AddressProbe();

  /// Calls `answer` on the loop, never before this returns: when somebody answers, else after two questions in 400
  /// milliseconds (ARP) or 800 (ICMP). Who asks about an address that is being asked about gets the same answer.
  /// Destroyed, it answers nobody. The cost of a question does not depend on how many there are.
  void ask(const wire::IpAddress& address, Answer answer);

  /// The interface of that name is now this one: it was made anew, or has other addresses.
  void follow(const Interface& interface);

  /// How many addresses are being asked about.
  std::size_t pending() const { return questions_.size(); }

 private:
  class ArpSocket;
  class IcmpSocket;
  class Question;
  struct Hash {
    std::size_t operator()(const wire::IpAddress& address) const noexcept {
      return std::hash<wire::Endpoint>()({address, 0});
    }
  };

  ArpSocket* arp_socket_for(const wire::IpAddress& address) const;
  void close(const wire::IpAddress& address, bool in_use, std::optional<wire::Mac> user);

  Loop& loop_;
  std::vector<std::unique_ptr<ArpSocket>> arp_;
  std::unique_ptr<IcmpSocket> icmp_;
  std::unordered_map<wire::IpAddress, std::unique_ptr<Question>, Hash> questions_;
};

}  // namespace pixie::net
