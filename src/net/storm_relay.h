// The relay agent of a storm: DHCP messages of thousands of machines from one address of this machine. Servers answer to
// the relay's port 67 (RFC 2131 section 4.1), whatever addresses the machines get.
#pragma once

#include <functional>
#include <memory>

#include "dhcp/packet.h"
#include "doctor/offers.h"
#include "net/loop.h"
#include "net/udp.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::net {

class StormRelay {
 public:
  using OnAnswer = std::function<void(doctor::Offer)>;

  /// Fails with one sentence if port 67 of that address can't be had.
  static Expected<std::unique_ptr<StormRelay>> open(Loop& loop, const wire::IpAddress& own,
                                                    OnAnswer on_answer);

  void send(const wire::Endpoint& to, const dhcp::Packet& packet) const;

 private:
  class Socket final : public Watched {
   public:
    Socket(StormRelay& relay, Loop& loop, tree::Descriptor descriptor)
        : Watched(loop, std::move(descriptor), EPOLLIN), relay_(relay) {}

   private:
    void on_ready(std::uint32_t) override { relay_.receive(number()); }
    StormRelay& relay_;
  };

  StormRelay(Loop& loop, tree::Descriptor server_side, tree::Descriptor client_side,
             OnAnswer on_answer);
  void receive(int socket);

  UdpReceiver receiver_;
  const OnAnswer on_answer_;
  /// On the ports 67 and 68.
  Socket server_side_;
  Socket client_side_;
};

}  // namespace pixie::net
