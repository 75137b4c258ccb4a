#include "net/tftp_packets.h"

#include <algorithm>

#include "net/udp.h"

namespace pixie::net {
namespace {

// Room for a few whole messages; a batch that needs more is sent in several turns.
constexpr std::size_t file_room = 512 * 1024;
constexpr std::size_t header_room = 1024;

}  // namespace

TftpPackets::TftpPackets()
    : file_bytes_(file_room),
      headers_(header_room),
      parts_(2 * header_room + UdpSender::batch_size),
      controls_(control_bytes * UdpSender::batch_size) {}

void TftpPackets::clear() { file_bytes_used_ = headers_used_ = parts_used_ = controls_used_ = 0; }

std::span<iovec> TftpPackets::take_parts(std::size_t count) {
  return std::span(parts_).subspan(std::exchange(parts_used_, parts_used_ + count), count);
}

std::expected<std::span<const std::byte>, TftpPackets::Failure> TftpPackets::bytes_of(
    const tree::Body& body, std::uint64_t offset, std::size_t size) {
  if (const auto memory = body.memory()) return memory->subspan(offset, size);
  if (file_bytes_.size() - file_bytes_used_ < size) return std::unexpected(Failure::no_room);
  const auto room = std::span(file_bytes_).subspan(file_bytes_used_, size);
  if (body.read(offset, room) != static_cast<std::ptrdiff_t>(size))
    return std::unexpected(Failure::unreadable);
  file_bytes_used_ += size;
  return room;
}

std::expected<TftpPackets::Message, TftpPackets::Failure> TftpPackets::data(const tree::Body& body,
                                                                            std::uint16_t blksize,
                                                                            std::uint64_t first,
                                                                            std::uint32_t count) {
  const auto fitting = static_cast<std::uint32_t>(message_bytes_limit / (blksize + 4U));
  count = std::min({count, segment_limit, std::max(fitting, 1U)});
  if (headers_.size() - headers_used_ < count) return std::unexpected(Failure::no_room);
  const auto offset = (first - 1) * blksize;
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(count * blksize, body.size() - offset));
  const auto bytes = bytes_of(body, offset, size);
  if (!bytes) return std::unexpected(bytes.error());

  const auto parts = take_parts(2 * count);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& header = headers_[headers_used_++] = tftp::data_header(first + i);
    const auto block = bytes->subspan(std::min<std::size_t>(i * blksize, size))
                           .first(std::min<std::size_t>(blksize, size - i * blksize));
    parts[2 * i] = {header.data(), header.size()};
    parts[2 * i + 1] = {const_cast<std::byte*>(block.data()), block.size()};
  }
  return Message{parts, count};
}

std::expected<std::span<std::byte>, TftpPackets::Failure> TftpPackets::control_room() {
  if (controls_.size() - controls_used_ < control_bytes) return std::unexpected(Failure::no_room);
  return std::span(controls_).subspan(std::exchange(controls_used_, controls_used_ + control_bytes),
                                      control_bytes);
}

TftpPackets::Message TftpPackets::control(std::span<const std::byte> packet) {
  const auto parts = take_parts(1);
  parts[0] = {const_cast<std::byte*>(packet.data()), packet.size()};
  return {parts, 1};
}

std::expected<TftpPackets::Message, TftpPackets::Failure> TftpPackets::oack(
    const tftp::Options& options) {
  const auto room = control_room();
  if (!room) return std::unexpected(room.error());
  return control(tftp::write_oack(*room, options));
}

std::expected<TftpPackets::Message, TftpPackets::Failure> TftpPackets::error(
    std::uint16_t code, std::string_view text) {
  const auto room = control_room();
  if (!room) return std::unexpected(room.error());
  return control(tftp::write_error(*room, code, text));
}

}  // namespace pixie::net
