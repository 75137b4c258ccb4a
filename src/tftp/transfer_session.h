// The client's end of one Transfer and its clock, for unit tests that go packet by packet.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tftp/transfer.h"

namespace pixie::tftp {

inline Options window_of(std::uint16_t blocks) {
  return {.tsize = {}, .blksize = {}, .windowsize = blocks, .timeout = {}};
}

inline Terms terms_for(const Options& options) {
  Request request;
  request.options = options;
  return negotiate(request, Limits{.max_windowsize = 65535}, 10'000);
}

/// A transfer with its clock and its client's side of the wire.
class Session {
 public:
  explicit Session(const Options& options, std::uint64_t size, Limits limits = {},
                   std::size_t request_size = 40)
      : limits_(limits), transfer(terms_for(options), size, limits_, request_size, now) {}

  /// Sends what is pending; the blocks sent, with 0 for an OACK and -1 for an ERROR.
  std::vector<std::int64_t> flush(std::uint32_t most = 100'000) {
    std::vector<std::int64_t> out;
    while (const auto pending = transfer.pending()) {
      const auto count = std::min(pending->count, most);
      if (count == 0) break;
      most -= count;
      for (std::uint32_t i = 0; i < count; ++i) {
        out.push_back(pending->kind == Transfer::Pending::blocks
                          ? static_cast<std::int64_t>(pending->first_block + i)
                      : pending->kind == Transfer::Pending::oack ? 0
                                                                 : -1);
      }
      transfer.sent(count, now);
    }
    return out;
  }

  /// The client's ACK after `later`, and what the server sends because of it.
  std::vector<std::int64_t> ack(std::uint64_t block,
                                Clock::duration later = std::chrono::milliseconds(1)) {
    const char bytes[] = {0, 4, static_cast<char>(block >> 8 & 0xff),
                          static_cast<char>(block & 0xff)};
    return hear({bytes, 4}, later);
  }

  std::vector<std::int64_t> hear(std::string_view datagram,
                                 Clock::duration later = std::chrono::milliseconds(1)) {
    now += later;
    transfer.receive(wire::as_bytes(datagram), now);
    return flush();
  }

  /// Lets the deadline come; what the server sends then.
  std::vector<std::int64_t> wait() {
    now = transfer.deadline();
    transfer.expire(now);
    return flush();
  }

  /// Lets deadlines come until the transfer is over; how many packets were sent meanwhile.
  std::size_t wait_for_the_end() {
    std::size_t packets = 0;
    while (!transfer.over()) packets += wait().size();
    return packets;
  }

  Clock::duration age() const { return now - TimePoint{}; }

 private:
  Limits limits_;

 public:
  TimePoint now{};
  Transfer transfer;
};

}  // namespace pixie::tftp
