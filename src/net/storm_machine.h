// A simulated machine's sockets: the port of its TFTP transfer or its connection to a web server. One at a time, so that
// ten thousand machines need little more than as many descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.h"
#include "net/storm_connection.h"
#include "net/storm_relay.h"
#include "net/udp.h"
#include "storm/machine.h"

namespace pixie::net {

class StormMachine;

/// What the machines of a storm share; must outlive them.
struct StormShared {
  Loop& loop;
  const storm::Plan& plan;
  /// Null: there is no DHCP.
  StormRelay* relay = nullptr;
  std::function<void(const StormMachine&)> on_over;
  /// The one that gave an address last.
  std::optional<wire::IpAddress> dhcp_server{};
  UdpReceiver receiver{};
  std::vector<char> buffer = std::vector<char>(std::size_t{1} << 18);
};

class StormMachine final : private storm::Link, private StormConnectionUser, private Timed {
 public:
  StormMachine(StormShared& shared, const wire::Mac& mac, std::uint64_t seed);

  void start();
  void on_dhcp(doctor::Offer answer);
  const storm::Machine& machine() const { return machine_; }

 private:
  class Port final : public Watched {
   public:
    Port(StormMachine& machine, Loop& loop, tree::Descriptor descriptor)
        : Watched(loop, std::move(descriptor), EPOLLIN), machine_(machine) {}

   private:
    void on_ready(std::uint32_t) override { machine_.receive(); }
    StormMachine& machine_;
  };

  void send_dhcp(const wire::Endpoint& to, const dhcp::Packet& packet) override;
  std::optional<wire::IpAddress> known_dhcp_server() const override { return shared_.dhcp_server; }
  int open_port(const wire::Endpoint& server) override;
  int send(const wire::Endpoint& to, wire::Bytes datagram) override;
  void ask(const wire::Endpoint& server, std::string_view request) override;
  void close() override;

  void on_head(const storm::HttpHead& head) override;
  void on_body(std::string_view bytes) override;
  void on_answer_end(bool keeps) override;
  void on_connection_error(doctor::Fetch::Outcome outcome, std::string detail) override;
  void on_connection_lost() override;

  TimePoint deadline() const override { return machine_.deadline(); }
  void on_deadline(TimePoint now) override;

  void receive();
  void connect();
  void fail_later(int error);
  /// After each event: tells the end, and has the loop watch the deadline.
  void settle();

  StormShared& shared_;
  storm::Machine machine_;
  std::optional<Port> port_;
  /// Counts the ports.
  std::uint64_t port_number_ = 0;
  std::unique_ptr<StormConnection> connection_;
  wire::Endpoint web_server_;
  std::string request_;
  /// The request is the first of its connection.
  bool is_first_ = true;
  TimePoint watched_for_ = TimePoint::max();
  bool told_ = false;
};

}  // namespace pixie::net
