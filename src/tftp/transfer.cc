#include "tftp/transfer.h"

#include <algorithm>
#include <variant>

namespace pixie::tftp {
namespace {

/// Half the numbers: with a larger window, an old ACK's 16 bits could mean a block of the present
/// window.
constexpr std::uint16_t widest_window = 32767;

/// Doubling beyond this makes no difference: any pause has its bound.
constexpr std::uint8_t most_doublings = 10;

/// Below this a timer's own delay is what would be measured.
constexpr std::chrono::milliseconds least_patience{5};

constexpr std::size_t longest_error_text = 128;

template <class T>
std::optional<T> at_most(std::optional<T> asked, T limit) {
  return asked ? std::optional(std::min(*asked, limit)) : std::nullopt;
}

std::string printable(std::string_view text) {
  std::string out(text.substr(0, longest_error_text));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

}  // namespace

Terms negotiate(const Request& request, const Limits& limits, std::optional<std::uint64_t> size) {
  const auto& asked = request.options;
  Terms terms;
  terms.accepted.blksize = at_most(asked.blksize, limits.max_blksize);
  terms.accepted.windowsize =
      at_most(asked.windowsize, std::min(limits.max_windowsize, widest_window));
  if (asked.timeout && *asked.timeout <= limits.max_timeout) terms.accepted.timeout = asked.timeout;
  if (asked.tsize) terms.accepted.tsize = size;
  terms.blksize = terms.accepted.blksize.value_or(default_blksize);
  terms.windowsize = terms.accepted.windowsize.value_or(1);
  return terms;
}

Transfer::Transfer(const Terms& terms, std::uint64_t size, const Limits& limits,
                   std::size_t request_size, TimePoint now)
    : terms_(terms),
      size_(size),
      limits_(&limits),
      started_(now),
      sent_at_(now),
      heard_at_(now),
      progress_at_(now),
      stage_(terms.accepted.empty() ? Stage::data : Stage::oack),
      unheard_retries_(unheard_retries(request_size)) {
  arm(now);
}

std::optional<Transfer::Pending> Transfer::pending() const {
  if (stage_ == Stage::over) return std::nullopt;
  if (stage_ == Stage::error) return Pending{Pending::error, 0, 1};
  if (stage_ == Stage::oack) {
    return oack_is_out_ ? std::nullopt : std::optional(Pending{Pending::oack, 0, 1});
  }
  const auto last = std::min(acknowledged_ + terms_.windowsize, total_blocks());
  if (next_ > last) return std::nullopt;
  return Pending{Pending::blocks, next_, static_cast<std::uint32_t>(last - next_ + 1)};
}

void Transfer::sent(std::uint32_t count, TimePoint now) {
  const auto expected = pending();
  if (!expected || count == 0) return;
  count = std::min(count, expected->count);
  if (expected->kind == Pending::error) return finish(outcome_);
  if (expected->kind == Pending::oack) {
    oack_is_out_ = oack_was_sent_ = true;
  } else {
    const auto last = next_ + count - 1;
    const auto first_new = std::clamp(highest_ + 1, next_, last + 1);
    blocks_sent_ += count;
    blocks_resent_ += first_new - next_;
    highest_ = std::max(highest_, last);
    next_ = last + 1;
  }
  sent_at_ = now;
  if (!suspects_gap_) arm(now);
}

void Transfer::receive(wire::Bytes datagram, TimePoint now) {
  if (outcome_ != Outcome::running) return;
  const auto packet = parse(datagram);
  if (!packet) return;
  if (const auto* ack = std::get_if<Ack>(&*packet)) return receive_ack(ack->block, now);
  if (const auto* error = std::get_if<ErrorPacket>(&*packet)) return receive_error(*error);
  if (std::holds_alternative<Request>(*packet)) receive_repeated_request();
}

void Transfer::receive_ack(std::uint16_t wire_block, TimePoint now) {
  if (stage_ == Stage::oack) {
    // Also when it is just to be sent again: a client's clock may go with ours.
    if (wire_block != 0 || !oack_was_sent_) return;
    stage_ = Stage::data;
    return progress(0, now);
  }
  const auto ahead = static_cast<std::uint16_t>(wire_block - acknowledged_);
  const auto acknowledged = acknowledged_ + ahead;
  if (acknowledged > highest_) return;
  if (ahead > 0) {
    progress(acknowledged, now);
  } else {
    alive(now);
  }
  if (outcome_ == Outcome::running) gap_after(acknowledged, now);
}

void Transfer::receive_error(const ErrorPacket& error) {
  heard_ = true;
  error_code_ = error.code;
  error_text_ = printable(error.text);
  const bool asked_size_only = terms_.accepted.tsize && acknowledged_ == 0;
  finish(asked_size_only ? Outcome::size_probe : Outcome::aborted_by_client);
}

/// One answer for one request, so that forged requests gain nothing by coming again.
void Transfer::receive_repeated_request() {
  if (!heard_) send_again();
}

/// The client sent something fit, though perhaps nothing new.
void Transfer::alive(TimePoint now) {
  const bool had_given_up = retries_ >= retry_limit();
  heard_ = true;
  heard_at_ = now;
  retries_ = 0;
  if (had_given_up) arm(now);
}

void Transfer::progress(std::uint64_t acknowledged, TimePoint now) {
  const bool trusted = acknowledged >= trusted_from_;
  // A window goes out in one go, so the answer to a part of it tells the round trip too.
  if (trusted) round_trip_.sample(now - sent_at_);
  // As RFC 6298 section 5 has it, a doubled pause outlives the packet that it was doubled for, or a
  // round trip longer than the pause would never be measured. One doubling is enough for that: more of them
  // would make every loss of a bad link cost the longest pause.
  if (trusted) {
    doublings_ = 0;
  } else if (doublings_ > 1) {
    --doublings_;
  }
  acknowledged_ = acknowledged;
  next_ = std::max(next_, acknowledged + 1);
  progress_at_ = now;
  suspects_gap_ = false;
  suspicions_ = 0;
  alive(now);
  arm(now);
  if (acknowledged_ == total_blocks()) finish(Outcome::complete);
}

/// The client acknowledged less than what is out: says RFC 7440, the block after it is missing.
void Transfer::gap_after(std::uint64_t acknowledged, TimePoint now) {
  if (terms_.windowsize == 1 || next_ == acknowledged + 1) return;
  if (acknowledged >= trusted_from_) return send_again();
  if (suspects_gap_) return;
  // An echo comes within a round trip of the shortest kind: the client's own pauses, which lost
  // acknowledgments bring into the smoothed one, don't count. Until one is known, this answer's own delay is
  // the best guess.
  const Clock::duration way = round_trip_.known() ? round_trip_.shortest() : now - sent_at_;
  const auto patience = std::max<Clock::duration>(2 * way, least_patience);
  const auto believed_at = now + patience * (1 << std::min(suspicions_, most_doublings));
  if (believed_at >= deadline_) return;
  suspects_gap_ = true;
  deadline_ = believed_at;
}

/// Goes back to what the client has. Before its first answer that is the OACK or, as there is no
/// window without options, one block: all that a forged request can make us repeat.
void Transfer::send_again() {
  oack_is_out_ = false;
  next_ = acknowledged_ + 1;
  trusted_from_ = highest_ + 1;
}

void Transfer::expire(TimePoint now) {
  if (over() || now < deadline_) return;
  if (stage_ == Stage::error) return finish(outcome_);
  if (gives_up(now)) return give_up();
  if (suspects_gap_) {
    suspects_gap_ = false;
    ++suspicions_;
    send_again();
  } else if (!pending() && retries_ < retry_limit()) {
    ++retries_;
    doublings_ = std::min<std::uint8_t>(doublings_ + 1, most_doublings);
    send_again();
  }
  arm(now);
}

void Transfer::give_up() {
  if (outcome_ == Outcome::running)
    finish(all_sent() ? Outcome::final_ack_lost : Outcome::timed_out);
}

bool Transfer::gives_up(TimePoint now) const {
  if (now - progress_at_ >= limits_->max_stall) return true;
  if (suspects_gap_) return false;
  if (now - heard_at_ >= limits_->max_silence) return true;
  return retries_ >= retry_limit() && now - sent_at_ >= limits_->last_wait;
}

std::uint8_t Transfer::retry_limit() const {
  if (!heard_) return unheard_retries_;
  return all_sent() ? limits_->max_final_retries : limits_->max_retries;
}

std::uint8_t Transfer::unheard_retries(std::size_t request_size) const {
  std::byte buffer[max_oack_size];
  const std::size_t answer =
      stage_ == Stage::oack
          ? write_oack(buffer, terms_.accepted).size()
          : data_header(1).size() + std::min<std::uint64_t>(size_, terms_.blksize);
  const auto affordable = limits_->max_amplification * request_size / answer;
  return static_cast<std::uint8_t>(std::min<std::size_t>(limits_->max_unheard_retries, affordable));
}

Clock::duration Transfer::pause() const {
  if (terms_.accepted.timeout) return std::chrono::seconds(*terms_.accepted.timeout);
  const Clock::duration least = limits_->min_pause;
  const Clock::duration most = limits_->max_pause;
  const Clock::duration once =
      round_trip_.known() ? round_trip_.patience() : Clock::duration(limits_->initial_pause);
  return std::min(std::clamp(once, least, most) * (1 << doublings_), most);
}

void Transfer::arm(TimePoint now) {
  const bool listens_only = retries_ >= retry_limit();
  deadline_ =
      now + (listens_only ? std::max<Clock::duration>(pause(), limits_->last_wait) : pause());
}

void Transfer::abort(std::uint16_t code, std::string_view text, TimePoint now) {
  if (outcome_ != Outcome::running) return;
  outcome_ = Outcome::aborted;
  stage_ = Stage::error;
  error_code_ = code;
  error_text_ = printable(text);
  deadline_ = now + limits_->max_pause;
}

void Transfer::finish(Outcome outcome) {
  outcome_ = outcome;
  stage_ = Stage::over;
  deadline_ = TimePoint::max();
}

Statistics Transfer::statistics() const {
  return {.started = started_,
          .blocks_sent = blocks_sent_,
          .blocks_resent = blocks_resent_,
          .bytes_acknowledged = std::min(acknowledged_ * terms_.blksize, size_)};
}

}  // namespace pixie::tftp
