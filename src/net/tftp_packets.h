// The memory that a batch of TFTP packets is put together in: headers, what is read from files, and the
// pieces that point at both or straight at bytes inside the executable.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "tftp/packet.h"
#include "tree/body.h"

namespace pixie::net {

class TftpPackets {
 public:
  /// The kernel's limits for one message that it cuts into segments: UDP_MAX_SEGMENTS, and the largest payload
  /// of a UDP datagram.
  static constexpr std::uint32_t segment_limit = 64;
  static constexpr std::size_t message_bytes_limit = 65507;

  TftpPackets();
  /// Forgets the batch.
  void clear();

  struct Message {
    std::span<iovec> parts;
    std::uint32_t count;
  };
  enum class Failure { no_room, unreadable };

  /// Blocks `first` to at most `first + count - 1` as one message. The body must live until it is sent.
  std::expected<Message, Failure> data(const tree::Body& body, std::uint16_t blksize,
                                       std::uint64_t first, std::uint32_t count);
  std::expected<Message, Failure> oack(const tftp::Options& options);
  std::expected<Message, Failure> error(std::uint16_t code, std::string_view text);

 private:
  static constexpr std::size_t control_bytes = 512;

  std::expected<std::span<const std::byte>, Failure> bytes_of(const tree::Body& body,
                                                              std::uint64_t offset,
                                                              std::size_t size);
  std::expected<std::span<std::byte>, Failure> control_room();
  Message control(std::span<const std::byte> packet);
  std::span<iovec> take_parts(std::size_t count);

  std::vector<std::byte> file_bytes_;
  std::vector<std::array<std::byte, 4>> headers_;
  std::vector<iovec> parts_;
  std::vector<std::byte> controls_;
  std::size_t file_bytes_used_ = 0;
  std::size_t headers_used_ = 0;
  std::size_t parts_used_ = 0;
  std::size_t controls_used_ = 0;
};

}  // namespace pixie::net
