#include "tftp_client.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace pixie::bench {
namespace {

enum Opcode : std::uint16_t { rrq = 1, data = 3, ack = 4, error = 5, oack = 6 };

constexpr std::size_t most_packets_at_once = 64;

bool same(const sockaddr_in& a, const sockaddr_in& b) {
  return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

}  // namespace

ReceiveBuffer::ReceiveBuffer(std::uint16_t blksize, std::uint16_t windowsize)
    : packet_bytes_(std::max<std::size_t>(blksize, 512) + 4) {
  const auto count = std::clamp<std::size_t>(windowsize, 1, most_packets_at_once);
  payloads_.resize(count * packet_bytes_);
  peers_.resize(count);
  vectors_.resize(count);
  headers_.resize(count);
  received_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    vectors_[i] = {payloads_.data() + i * packet_bytes_, packet_bytes_};
    headers_[i].msg_hdr.msg_name = &peers_[i];
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

std::span<const ReceiveBuffer::Received> ReceiveBuffer::receive(int socket) {
  for (auto& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_in);
  received_.clear();
  const int count = recvmmsg(socket, headers_.data(), static_cast<unsigned>(headers_.size()),
                             MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const wire::Bytes payload(payloads_.data() + at * packet_bytes_, headers_[at].msg_len);
    received_.push_back({payload, peers_[at]});
  }
  return received_;
}

TftpClient::TftpClient(const Task& task, Counters& counters, Clock::time_point now)
    : task_(task),
      counters_(counters),
      socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      peer_(task.server),
      now_(now),
      active_at_(now) {
  if (socket_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  send_request();
}

TftpClient::~TftpClient() { close(socket_); }

void TftpClient::receive(ReceiveBuffer& buffer, Clock::time_point now) {
  now_ = now;
  for (const auto& [payload, from] : buffer.receive(socket_)) {
    if (over_) return;
    take(payload, from);
  }
}

void TftpClient::take(wire::Bytes datagram, const sockaddr_in& from) {
  if (answered_ ? !same(from, peer_) : from.sin_addr.s_addr != peer_.sin_addr.s_addr) return;
  wire::Reader reader(datagram);
  const auto opcode = reader.u16();
  if (opcode == Opcode::oack) {
    peer_ = from;
    take_oack(reader);
  } else if (opcode == Opcode::data) {
    peer_ = from;
    answered_ = true;
    const auto number = reader.u16();
    take_data(number, reader.rest());
  } else if (opcode == Opcode::error) {
    const auto code = reader.u16();
    fail(fmt::format("error {}: {}", code, reader.zero_terminated()));
  }
}

void TftpClient::take_oack(wire::Reader& reader) {
  if (blocks_ > 0) return;
  while (!reader.at_end() && reader.ok()) {
    const auto name = reader.zero_terminated();
    const auto text = reader.zero_terminated();
    std::uint16_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (name == "blksize") blksize_ = value;
    if (name == "windowsize") windowsize_ = value;
  }
  if (blksize_ < 8 || blksize_ > task_.blksize || windowsize_ < 1 ||
      windowsize_ > task_.windowsize) {
    return fail("an OACK with more than was asked for");
  }
  answered_ = true;
  acknowledge();
}

void TftpClient::take_data(std::uint16_t number, wire::Bytes bytes) {
  const auto ahead = static_cast<std::uint16_t>(number - static_cast<std::uint16_t>(blocks_));
  if (ahead == 0 || ahead >= 0x8000) {
    ++counters_.duplicates;
    return;
  }
  if (ahead > 1) {
    // RFC 7440 section 4: the last block that came in order, once.
    if (!std::exchange(gap_reported_, true)) acknowledge();
    return;
  }
  const auto offset = blocks_ * blksize_;
  const auto due = std::min<std::uint64_t>(blksize_, task_.expected.size() - offset);
  if (bytes.size() != due ||
      std::memcmp(bytes.data(), task_.expected.data() + offset, bytes.size()) != 0) {
    return fail("wrong content");
  }
  if (task_.hold) {
    if (blocks_since_ack_++ == 0) ++counters_.holding;
    return;
  }
  ++blocks_;
  ++blocks_since_ack_;
  gap_reported_ = false;
  ++counters_.blocks;
  counters_.bytes += bytes.size();
  const bool last = bytes.size() < blksize_;
  active_at_ = now_;
  repeats_ = 0;
  if (last || blocks_since_ack_ >= windowsize_) acknowledge();
  if (!last) return;
  over_ = true;
  ++counters_.completed;
  counters_.blksize = blksize_;
  counters_.windowsize = windowsize_;
}

void TftpClient::acknowledge() {
  std::array<std::byte, 4> packet;
  wire::Writer writer(packet);
  writer.u16(Opcode::ack);
  writer.u16(static_cast<std::uint16_t>(blocks_));
  blocks_since_ack_ = 0;
  active_at_ = now_;
  send(writer.written());
}

void TftpClient::send_request() {
  std::array<std::byte, 512> packet;
  wire::Writer writer(packet);
  writer.u16(Opcode::rrq);
  writer.zero_terminated(task_.file);
  writer.zero_terminated("octet");
  writer.zero_terminated("blksize");
  writer.zero_terminated(fmt::format("{}", task_.blksize));
  writer.zero_terminated("tsize");
  writer.zero_terminated("0");
  if (task_.windowsize > 1) {
    writer.zero_terminated("windowsize");
    writer.zero_terminated(fmt::format("{}", task_.windowsize));
  }
  send(writer.written());
}

void TftpClient::send(wire::Bytes packet) {
  // What can't be sent now counts as lost: it is repeated like anything else.
  sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&peer_),
         sizeof peer_);
}

void TftpClient::expire(Clock::time_point now) {
  const bool holding = task_.hold && blocks_since_ack_ > 0;
  if (over_ || holding || now - active_at_ < task_.patience) return;
  if (repeats_++ == task_.max_repeats) return fail("no answer");
  now_ = now;
  active_at_ = now;
  ++counters_.repeats;
  if (answered_) {
    acknowledge();
  } else {
    send_request();
  }
}

void TftpClient::leave() {
  if (!answered_) return;
  std::array<std::byte, 32> packet;
  wire::Writer writer(packet);
  writer.u16(Opcode::error);
  writer.u16(0);
  writer.zero_terminated("enough");
  send(writer.written());
}

void TftpClient::fail(const std::string& reason) {
  over_ = true;
  ++counters_.failed;
  ++counters_.failures[reason];
}

}  // namespace pixie::bench
