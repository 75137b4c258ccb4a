#include "tftp_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace pixie::bench {
namespace {

enum Opcode : std::uint16_t { rrq = 1, data = 3, ack = 4, error = 5, oack = 6 };

bool same(const sockaddr_in& a, const sockaddr_in& b) {
  return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

}  // namespace

TftpClient::TftpClient(const Task& task, Counters& counters, TftpPort& port, std::size_t number,
                       Clock::time_point now)
    : task_(task),
      counters_(counters),
      port_(port),
      number_(number),
      peer_(task.server),
      now_(now),
      active_at_(now) {
  send_request();
}

void TftpClient::receive(wire::Bytes datagram, const sockaddr_in& from, Clock::time_point now) {
  now_ = now;
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
  std::array<std::byte, TftpPort::longest_sent> packet;
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

void TftpClient::send(wire::Bytes packet) { port_.send(number_, peer_, packet); }

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
