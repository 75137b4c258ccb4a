// The sending half of TftpServer: sessions that have something to send take turns, one message each, in
// batches of one system call.
#include <algorithm>
#include <cerrno>

#include "net/tftp_session.h"

namespace pixie::net {

void TftpServer::make_ready(Session& session) {
  if (std::exchange(session.in_ready_list, true)) return;
  ready_.push_back(&session);
}

void TftpServer::send_soon() {
  if (std::exchange(send_posted_, true)) return;
  loop_.soon([this] {
    send_posted_ = false;
    send_ready();
  });
}

void TftpServer::send_ready() {
  while (!ready_.empty() && !waiting_for_room_) {
    packets_.clear();
    batch_.clear();
    while (!ready_.empty() && !sender_.full() && compose(*ready_.front())) {
      ready_.front()->in_ready_list = false;
      ready_.pop_front();
    }
    settle_batch(sender_.flush(transfer_socket().number()), Clock::now());
  }
}

/// Adds the session's next message, if it has one, to the batch. False: there is no room.
bool TftpServer::compose(Session& session) {
  const auto pending = session.transfer.pending();
  if (!pending) return true;
  using Kind = tftp::Transfer::Pending::Kind;
  std::expected<TftpPackets::Message, TftpPackets::Failure> message;
  std::uint16_t segment = 0;
  if (pending->kind == Kind::oack) {
    message = packets_.oack(session.transfer.terms().accepted);
  } else if (pending->kind == Kind::error) {
    message = packets_.error(session.transfer.error_code(), session.transfer.error_text());
  } else {
    const auto blksize = session.transfer.terms().blksize;
    message = packets_.data(session.body, blksize, pending->first_block,
                            session.gso ? pending->count : 1);
    if (message && message->count > 1) segment = static_cast<std::uint16_t>(blksize + 4);
  }
  if (!message && message.error() == TftpPackets::Failure::unreadable) {
    session.transfer.abort(tftp::error_code::undefined,
                           "The file was truncated, or can't be read, while it was sent.",
                           Clock::now());
    return compose(session);
  }
  if (!message) return false;
  sender_.add(session.route, message->parts, segment);
  batch_.push_back({&session, message->count});
  return true;
}

void TftpServer::has_room_again() {
  transfer_socket().wait_for(EPOLLIN);
  waiting_for_room_ = false;
  send_ready();
}

void TftpServer::settle_batch(UdpSender::Outcome outcome, TimePoint now) {
  const bool full = outcome.error == EAGAIN || outcome.error == ENOBUFS;
  if (full) {
    waiting_for_room_ = true;
    transfer_socket().wait_for(EPOLLIN | EPOLLOUT);
  }
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    auto& session = *batch_[i].session;
    const bool failed = i == outcome.sent && outcome.error != 0 && !full;
    const bool segmented = batch_[i].count > 1;
    if (failed && segmented) {
      // The kernel or the device can't cut this into segments: one packet at a time, then.
      session.gso = false;
    } else if (i < outcome.sent || failed) {
      // What can't be sent at all (no route, a firewall's veto) counts as lost on the way.
      session.transfer.sent(batch_[i].count, now);
    }
    after_event(session, now);
  }
}

}  // namespace pixie::net
