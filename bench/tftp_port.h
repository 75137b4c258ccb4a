// A UDP port that simulated clients share, each with an address of its own in 127.0.0.0/8, as machines on a
// wire have. What comes and what goes is moved in batches, so that the load costs less than the server.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "wire/cursor.h"

namespace pixie::bench {

class TftpPort {
 public:
  /// Packets of up to `packet_bytes` come. Throws std::system_error if there are no more sockets.
  explicit TftpPort(std::size_t packet_bytes);
  ~TftpPort();
  TftpPort(const TftpPort&) = delete;
  TftpPort& operator=(const TftpPort&) = delete;

  int socket() const { return socket_; }
  /// Bytes that may wait on it, as the kernel counts them.
  std::size_t room() const { return room_; }

  struct Received {
    std::size_t client;
    wire::Bytes payload;
    sockaddr_in from;
  };
  /// What waits, as far as a batch has room; valid until the next call.
  std::span<const Received> receive();

  /// Sends with the next flush(), or when a batch is full. At most `longest_sent` bytes.
  void send(std::size_t client, const sockaddr_in& to, wire::Bytes packet);
  /// Waits for room in the socket's buffer.
  void flush();

  static constexpr std::size_t longest_sent = 512;

 private:
  static constexpr std::size_t batch_size = 64;
  struct Slot {
    sockaddr_in peer;
    iovec vector;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in_pktinfo))> control;
  };
  using Batch = std::array<mmsghdr, batch_size>;

  int socket_;
  std::size_t room_ = 0;
  std::size_t packet_bytes_;
  std::vector<std::byte> incoming_;
  std::vector<std::array<std::byte, longest_sent>> outgoing_;
  std::array<Slot, batch_size> incoming_slots_{};
  std::array<Slot, batch_size> outgoing_slots_{};
  Batch incoming_headers_{};
  Batch outgoing_headers_{};
  std::size_t outgoing_count_ = 0;
  std::vector<Received> received_;
};

}  // namespace pixie::bench
