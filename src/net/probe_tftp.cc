#include "net/probe_tftp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "dhcp/printable.h"
#include "net/socket.h"
#include "net/udp.h"
#include "tftp/packet.h"
#include "tree/descriptor.h"

namespace pixie::net {
namespace {

using Outcome = doctor::Fetch::Outcome;

constexpr auto patience = std::chrono::seconds(1);
constexpr int max_tries = 4;
constexpr auto time_limit = std::chrono::seconds(60);
/// What iPXE asks for: fits an Ethernet frame with all headers.
constexpr std::string_view block_size = "1432";
constexpr std::uint16_t op_read = 1;
constexpr std::uint16_t op_ack = 4;

class Reading {
 public:
  Reading(const wire::Endpoint& server, std::string_view file, bool whole, doctor::Fetch& result)
      : peer_(server), whole_(whole), result_(result) {
    ipv6_ = !server.address.is_v4();
    socket_ = tree::Descriptor(
        ::socket(ipv6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // ICMP errors come back, which is how a closed port is told from a blocked one.
    const int on = 1;
    setsockopt(socket_.number(), ipv6_ ? IPPROTO_IPV6 : IPPROTO_IP,
               ipv6_ ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
    write_request(file);
  }

  void run() {
    const auto end = Clock::now() + time_limit;
    for (int tries = 0; tries < max_tries && Clock::now() < end;) {
      if (!send()) return;
      const auto progress = listen();
      if (!progress) return;
      tries = *progress ? 0 : tries + 1;
    }
    result_.outcome = answered_ ? Outcome::stalled : Outcome::silent;
    if (answered_) result_.detail = fmt::format("nothing more came after {} bytes", result_.size);
  }

 private:
  void write_request(std::string_view file) {
    wire::Writer out(packet_);
    out.u16(op_read);
    for (const auto text : {file, std::string_view("octet"), std::string_view("tsize"),
                            std::string_view("0"), std::string_view("blksize"), block_size}) {
      out.zero_terminated(text);
    }
    packet_size_ = out.written().size();
  }

  bool send() {
    sockaddr_storage to{};
    const auto length = to_socket_address(peer_, ipv6_, 0, to);
    const auto sent = sendto(socket_.number(), packet_.data(), packet_size_, 0,
                             reinterpret_cast<const sockaddr*>(&to), length);
    return sent >= 0 || !end_by_error(errno);
  }

  /// Whether something new came before it is time to repeat; nothing at the end of the transfer.
  std::optional<bool> listen() {
    const auto until = Clock::now() + patience;
    while (wait_until(socket_.number(), until)) {
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const auto size = recvfrom(socket_.number(), buffer_.data(), buffer_.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
      if (size < 0) {
        if (end_by_error(errno)) return std::nullopt;
        continue;
      }
      const auto sender = from_socket_address(from);
      if (sender.address != peer_.address || (answered_ && sender != peer_)) continue;
      const auto taken = take(wire::Bytes(buffer_).first(static_cast<std::size_t>(size)), sender);
      if (!taken || *taken) return taken;
    }
    return false;
  }

  /// True: something new; nothing: the end.
  std::optional<bool> take(wire::Bytes datagram, const wire::Endpoint& sender) {
    const auto packet = tftp::parse(datagram);
    if (!packet) return false;
    if (const auto* error = std::get_if<tftp::ErrorPacket>(&*packet)) {
      result_.outcome = Outcome::refused;
      result_.status = error->code;
      result_.detail =
          fmt::format("error {}, {}", error->code, dhcp::printable(wire::as_bytes(error->text)));
      return std::nullopt;
    }
    if (const auto* oack = std::get_if<tftp::Oack>(&*packet)) {
      if (std::exchange(answered_, true)) return false;
      peer_ = sender;
      size_told_ = oack->options.tsize;
      block_size_ = oack->options.blksize.value_or(tftp::default_blksize);
      return acknowledge(0);
    }
    const auto* data = std::get_if<tftp::Data>(&*packet);
    if (!data || data->block != static_cast<std::uint16_t>(block_ + 1)) return false;
    answered_ = true;
    peer_ = sender;
    return take_block(wire::as_text(datagram).substr(4));
  }

  std::optional<bool> take_block(std::string_view content) {
    result_.content += content.substr(0, doctor::Wire::kept - result_.content.size());
    result_.size += content.size();
    acknowledge(++block_);
    const bool last = content.size() < block_size_;
    if (!last && whole_) return true;
    if (last) send();
    if (!last) leave();
    result_.outcome = Outcome::done;
    return std::nullopt;
  }

  bool acknowledge(std::uint64_t block) {
    wire::Writer out(packet_);
    out.u16(op_ack);
    out.u16(static_cast<std::uint16_t>(block));
    packet_size_ = out.written().size();
    return true;
  }

  /// Ends a transfer of which no more is wanted, as firmware ends its size probes.
  void leave() {
    packet_size_ =
        tftp::write_error(packet_, tftp::error_code::options_refused, "seen enough").size();
    send();
  }

  bool end_by_error(int error) {
    if (error == EAGAIN || error == EINTR) return false;
    result_.outcome = error == ECONNREFUSED ? Outcome::closed : Outcome::unreachable;
    result_.detail = std::strerror(error);
    return true;
  }

  wire::Endpoint peer_;
  bool whole_;
  bool ipv6_ = false;
  doctor::Fetch& result_;
  tree::Descriptor socket_;
  std::array<std::byte, 1024> packet_;
  std::size_t packet_size_ = 0;
  std::array<std::byte, 65536> buffer_;
  bool answered_ = false;
  std::uint64_t block_ = 0;
  std::size_t block_size_ = tftp::default_blksize;
  std::optional<std::uint64_t> size_told_;
};

}  // namespace

void fetch_tftp(const wire::Endpoint& server, std::string_view file, bool whole,
                doctor::Fetch& result) {
  Reading(server, file, whole, result).run();
}

}  // namespace pixie::net
