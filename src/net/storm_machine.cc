#include "net/storm_machine.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/socket.h"

namespace pixie::net {

using Outcome = doctor::Fetch::Outcome;

StormMachine::StormMachine(StormShared& shared, const wire::Mac& mac, std::uint64_t seed)
    : shared_(shared), machine_(shared.plan, *this, mac, seed) {}

void StormMachine::start() {
  machine_.start(Clock::now());
  settle();
}

void StormMachine::on_dhcp(doctor::Offer answer) {
  if (!answer.packet.yiaddr.is_unspecified()) shared_.dhcp_server = answer.from;
  machine_.on_dhcp(Clock::now(), std::move(answer));
  settle();
}

void StormMachine::on_deadline(TimePoint now) {
  watched_for_ = TimePoint::max();
  machine_.on_deadline(now);
  settle();
}

void StormMachine::settle() {
  if (machine_.is_over()) {
    if (!std::exchange(told_, true)) shared_.on_over(*this);
    return;
  }
  const auto next = machine_.deadline();
  if (next < watched_for_) shared_.loop.watch(*this);
  watched_for_ = next;
}

void StormMachine::send_dhcp(const wire::Endpoint& to, const dhcp::Packet& packet) {
  if (shared_.relay) shared_.relay->send(to, packet);
}

int StormMachine::open_port(const wire::Endpoint& server) {
  close();
  ++port_number_;
  const bool ipv6 = !server.address.is_v4();
  tree::Descriptor socket(
      ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  // ICMP errors come back, which is how a closed port is told from a blocked one.
  set_option(socket.number(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR);
  port_.emplace(*this, shared_.loop, std::move(socket));
  return 0;
}

int StormMachine::send(const wire::Endpoint& to, wire::Bytes datagram) {
  if (!port_) return 0;
  sockaddr_storage address{};
  const auto length = to_socket_address(to, !to.address.is_v4(), 0, address);
  const auto sent = sendto(port_->number(), datagram.data(), datagram.size(), 0,
                           reinterpret_cast<const sockaddr*>(&address), length);
  // What finds no room is lost, as on a wire.
  const bool lost = sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EINTR);
  return sent >= 0 || lost ? 0 : errno;
}

void StormMachine::receive() {
  const auto number = port_number_;
  errno = 0;
  const auto datagrams = shared_.receiver.receive(port_->number());
  const int error = datagrams.empty() ? errno : 0;
  const auto now = Clock::now();
  if (error != 0 && error != EAGAIN && error != EINTR) machine_.on_port_error(now, error);
  for (const auto& datagram : datagrams) {
    machine_.on_datagram(now, datagram.payload, datagram.route.peer);
    // The rest came to a port that is closed by now.
    if (number != port_number_ || !port_) break;
  }
  settle();
}

void StormMachine::ask(const wire::Endpoint& server, std::string_view request) {
  web_server_ = server;
  request_ = request;
  is_first_ = !connection_ || connection_->server() != server;
  if (is_first_) return connect();
  connection_->ask(request_);
}

void StormMachine::connect() {
  auto opened = StormConnection::open(shared_.loop, web_server_, *this, shared_.buffer);
  if (!opened) return fail_later(opened.error());
  connection_ = std::move(*opened);
  connection_->ask(request_);
}

void StormMachine::fail_later(int error) {
  shared_.loop.soon([this, error] {
    on_connection_error(error == ECONNREFUSED ? Outcome::closed : Outcome::unreachable,
                        std::strerror(error));
  });
}

void StormMachine::close() {
  port_.reset();
  connection_.reset();
}

void StormMachine::on_head(const storm::HttpHead& head) { machine_.on_head(Clock::now(), head); }

void StormMachine::on_body(std::string_view bytes) { machine_.on_body(Clock::now(), bytes); }

void StormMachine::on_answer_end(bool keeps) {
  if (!keeps) connection_.reset();
  request_.clear();
  machine_.on_answer_end(Clock::now());
  settle();
}

void StormMachine::on_connection_error(Outcome outcome, std::string detail) {
  machine_.on_connection_error(Clock::now(), outcome, std::move(detail));
  settle();
}

/// Servers close idle connections at any time: what was asked over such a one is asked again.
void StormMachine::on_connection_lost() {
  connection_.reset();
  if (machine_.is_over() || request_.empty()) return;
  if (!is_first_) {
    is_first_ = true;
    return connect();
  }
  on_connection_error(Outcome::stalled, "the server closes the connection without an answer");
}

}  // namespace pixie::net
