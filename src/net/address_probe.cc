#include "net/address_probe.h"

#include <fcntl.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <random>

#include "net/frames.h"
#include "net/udp.h"

namespace pixie::net {
namespace {

/// The time that each of a question's packets is given.
constexpr auto arp_patience = std::chrono::milliseconds(200);
constexpr auto icmp_patience = std::chrono::milliseconds(400);
constexpr int packets_per_question = 2;
/// How many answers are read before the loop's other work has its turn.
constexpr int answers_per_turn = 256;
constexpr int receive_buffer_bytes = 1 << 20;

constexpr std::size_t echo_size = 8;

/// The loop closes what it waits on, and the packet socket closes its own.
tree::Descriptor duplicate(int number) {
  return tree::Descriptor(fcntl(number, F_DUPFD_CLOEXEC, 0));
}

void enlarge_receive_buffer(int socket) {
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
}

Expected<tree::Descriptor> open_icmp() {
  tree::Descriptor socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP));
  const icmp_filter only_answers{~(1U << ICMP_ECHOREPLY)};
  if (!socket ||
      setsockopt(socket.number(), SOL_RAW, ICMP_FILTER, &only_answers, sizeof only_answers) != 0) {
    return fail(explain_raw_socket("can't open a socket for ICMP echo", errno));
  }
  enlarge_receive_buffer(socket.number());
  return socket;
}

}  // namespace

class AddressProbe::ArpSocket final : public Watched {
 public:
  ArpSocket(AddressProbe& probe, Interface interface, PacketSocket socket)
      : Watched(probe.loop_, duplicate(socket.number()), EPOLLIN),
        probe_(probe),
        interface_(std::move(interface)),
        socket_(std::move(socket)) {}

  const Interface& interface() const { return interface_; }

  void follow(const Interface& interface) {
    if (interface.index == interface_.index || socket_.follow(interface)) interface_ = interface;
  }

  void send(const wire::IpAddress& address) const {
    std::array<std::byte, arp_size> packet;
    socket_.send(broadcast_mac, write_arp(packet, Arp::probe(interface_.mac, address)));
  }

 private:
  void on_ready(std::uint32_t events) override;

  AddressProbe& probe_;
  Interface interface_;
  PacketSocket socket_;
};

class AddressProbe::IcmpSocket final : public Watched {
 public:
  IcmpSocket(AddressProbe& probe, tree::Descriptor socket)
      : Watched(probe.loop_, std::move(socket), EPOLLIN),
        probe_(probe),
        identifier_(static_cast<std::uint16_t>(std::random_device()())) {}

  void send(const wire::IpAddress& address) const {
    std::array<std::byte, echo_size> packet{};
    wire::Writer out(packet);
    out.u8(ICMP_ECHO);
    out.u8(0);
    out.u16(0);
    out.u16(identifier_);
    wire::Writer(std::span(packet).subspan(2)).u16(internet_checksum(packet));
    sockaddr_storage to{};
    const auto length = to_socket_address({address, 0}, false, 0, to);
    sendto(number(), packet.data(), packet.size(), MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&to), length);
  }

 private:
  void on_ready(std::uint32_t events) override;

  AddressProbe& probe_;
  /// Tells our echoes from those of other programs.
  std::uint16_t identifier_;
};

class AddressProbe::Question final : public Timed {
 public:
  /// `arp`: where it is asked; null: by ICMP.
  Question(AddressProbe& probe, const wire::IpAddress& address, const ArpSocket* arp)
      : probe_(probe), address_(address), arp_(arp) {}

  const ArpSocket* arp() const { return arp_; }
  std::vector<Answer>& answers() { return answers_; }

  void send(TimePoint now) {
    if (arp_) {
      arp_->send(address_);
    } else {
      probe_.icmp_->send(address_);
    }
    ++sent_;
    next_step_ = now + (arp_ ? arp_patience : icmp_patience);
    probe_.loop_.watch(*this);
  }

  TimePoint deadline() const override { return next_step_; }
  void on_deadline(TimePoint now) override {
    if (sent_ < packets_per_question) return send(now);
    probe_.close(address_, false, std::nullopt);
  }

 private:
  AddressProbe& probe_;
  const wire::IpAddress address_;
  const ArpSocket* const arp_;
  std::vector<Answer> answers_;
  int sent_ = 0;
  TimePoint next_step_ = TimePoint::max();
};

void AddressProbe::ArpSocket::on_ready(std::uint32_t) {
  std::array<std::byte, 64> buffer;
  for (int i = 0; i < answers_per_turn; ++i) {
    const auto frame = socket_.receive(buffer);
    if (!frame) return;
    // Whoever speaks for an address uses it, in requests as well (RFC 5227 section 2.1.1). One who only probes
    // for it says 0.0.0.0.
    const auto arp = parse_arp(frame->payload);
    if (!arp) continue;
    const auto question = probe_.questions_.find(arp->sender);
    if (question == probe_.questions_.end() || question->second->arp() != this) continue;
    probe_.close(arp->sender, true, arp->sender_mac);
  }
}

void AddressProbe::IcmpSocket::on_ready(std::uint32_t) {
  std::array<std::byte, 256> buffer;
  for (int i = 0; i < answers_per_turn; ++i) {
    const auto size = recv(number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return;
    const auto ip = parse_ipv4(wire::Bytes(buffer).first(static_cast<std::size_t>(size)));
    if (!ip) continue;
    wire::Reader in(ip->payload);
    in.u32();
    if (in.u16() != identifier_ || !in.ok()) continue;
    probe_.close(ip->from, true, std::nullopt);
  }
}

Expected<ProbeSockets> ProbeSockets::open(std::span<const Interface> interfaces) {
  ProbeSockets sockets;
  for (const auto& interface : interfaces) {
    if (interface.mac == wire::Mac{}) continue;
    auto socket = PacketSocket::open(interface, {.ethertype = ethertype::arp});
    if (!socket) return std::unexpected(socket.error());
    enlarge_receive_buffer(socket->number());
    sockets.arp.emplace_back(interface, std::move(*socket));
  }
  auto icmp = open_icmp();
  if (!icmp) return std::unexpected(icmp.error());
  sockets.icmp = std::move(*icmp);
  return sockets;
}

AddressProbe::AddressProbe(Loop& loop, ProbeSockets sockets)
    : loop_(loop), icmp_(std::make_unique<IcmpSocket>(*this, std::move(sockets.icmp))) {
  for (auto& [interface, socket] : sockets.arp) {
    arp_.push_back(std::make_unique<ArpSocket>(*this, std::move(interface), std::move(socket)));
  }
}

AddressProbe::~AddressProbe() = default;

/// Null for what is not on a network of ours, and for our own addresses, where the kernel answers echoes but not our
/// own ARP.
AddressProbe::ArpSocket* AddressProbe::arp_socket_for(const wire::IpAddress& address) const {
  const auto is_own = [&](const auto& socket) {
    return std::ranges::find(socket->interface().addresses, address, &InterfaceAddress::address) !=
           socket->interface().addresses.end();
  };
  if (std::ranges::any_of(arp_, is_own)) return nullptr;
  const auto found = std::ranges::find_if(
      arp_, [&](const auto& socket) { return socket->interface().reaches(address); });
  return found == arp_.end() ? nullptr : found->get();
}

void AddressProbe::follow(const Interface& interface) {
  for (const auto& socket : arp_) {
    if (socket->interface().name == interface.name) socket->follow(interface);
  }
}

void AddressProbe::ask(const wire::IpAddress& address, Answer answer) {
  auto& question = questions_[address];
  const bool is_new = !question;
  if (is_new) question = std::make_unique<Question>(*this, address, arp_socket_for(address));
  question->answers().push_back(std::move(answer));
  if (is_new) question->send(Clock::now());
}

void AddressProbe::close(const wire::IpAddress& address, bool in_use,
                         std::optional<wire::Mac> user) {
  // Out of the table first: an answer may ask again.
  const auto question = questions_.extract(address);
  if (question.empty()) return;
  for (const auto& answer : question.mapped()->answers()) answer(in_use, user);
}

}  // namespace pixie::net
