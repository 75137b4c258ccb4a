#include "storm/loading.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "doctor/script.h"
#include "storm/near.h"

namespace pixie::storm {
namespace {

using Outcome = doctor::Fetch::Outcome;

constexpr std::uint16_t tftp_port = 69;
constexpr std::uint16_t http_port = 80;
constexpr int max_redirections = 4;
constexpr std::uint64_t max_waits = 240;
constexpr int first_redirection = 300;
constexpr int first_error = 400;
constexpr int service_unavailable = 503;

}  // namespace

Loading::Loading(const Plan& plan, Link& link, Dice& dice, Traffic& traffic, std::string url,
                 const Manner& manner)
    : plan_(plan),
      link_(link),
      dice_(dice),
      traffic_(traffic),
      manner_(manner),
      repetition_(plan.patience) {
  result_.url = std::move(url);
}

void Loading::start(TimePoint now) {
  const auto [scheme, host, path] = doctor::split_url(result_.url);
  const bool tftp = scheme == "tftp";
  const auto server = wire::Endpoint::parse(host, tftp ? tftp_port : http_port);
  if (!server || (!tftp && scheme != "http"))
    return give_up(Outcome::unchecked, "machines ask by tftp and http, at IP addresses only");
  if (!plan_.public_servers && !is_near(server->address))
    return give_up(Outcome::unchecked, "a public address, which needs --public");
  server_ = *server;
  result_.server = server->address;
  if (tftp) {
    read(now, manner_.tftp.probes_size);
  } else {
    ask(now);
  }
}

void Loading::read(TimePoint now, bool size_only) {
  only_size_ = size_only;
  result_.size = 0;
  const auto path = doctor::split_url(result_.url).path;
  reading_.emplace(server_, path.substr(path.starts_with('/') ? 1 : 0), manner_.tftp, size_only,
                   manner_.keep, result_);
  if (const int error = link_.open_port(server_)) return on_port_error(error);
  repetition_.begin(now);
  transmit(reading_->packet());
}

void Loading::transmit(wire::Bytes packet) {
  if (dice_.falls(plan_.loss)) return;
  if (const int error = link_.send(reading_->peer(), packet)) on_port_error(error);
}

void Loading::on_datagram(TimePoint now, wire::Bytes datagram, const wire::Endpoint& from) {
  if (over_ || !reading_ || dice_.falls(plan_.loss)) return;
  const auto before = result_.size;
  const auto turn = reading_->take(datagram, from);
  using enum TftpReading::Turn;
  if (!only_size_) traffic_.tftp_bytes += result_.size - before;
  if (turn != waits || result_.size != before) repetition_.begin(now);
  if (turn == sends) transmit(reading_->packet());
  // The server may be gone by then, which is no harm.
  if (turn == ends && !dice_.falls(plan_.loss)) link_.send(reading_->peer(), reading_->packet());
  if (turn == ends || turn == ended) end_reading(now);
}

void Loading::end_reading(TimePoint now) {
  if (over_) return;
  link_.close();
  if (only_size_ && result_.outcome == Outcome::done) return read(now, false);
  over_ = true;
}

void Loading::on_port_error(int error) {
  if (!over_) {
    give_up(error == ECONNREFUSED ? Outcome::closed : Outcome::unreachable, std::strerror(error));
  }
}

void Loading::ask(TimePoint now) {
  waits_to_ask_ = false;
  head_ = {};
  next_ = now + plan_.patience;
  const auto [scheme, host, path] = doctor::split_url(result_.url);
  link_.ask(server_, fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: iPXE (pixie storm)\r\n"
                                 "Connection: keep-alive\r\n\r\n",
                                 path.empty() ? "/" : path, host));
}

void Loading::on_head(TimePoint now, const HttpHead& head) {
  head_ = head;
  next_ = now + plan_.patience;
}

void Loading::on_body(TimePoint now, std::string_view bytes) {
  next_ = now + plan_.patience;
  traffic_.http_bytes += bytes.size();
  if (head_.status >= first_redirection) return;
  result_.content += bytes.substr(0, manner_.keep - std::min(manner_.keep, result_.content.size()));
  result_.size += bytes.size();
}

void Loading::on_answer_end(TimePoint now) {
  result_.status = static_cast<std::uint16_t>(head_.status);
  if (head_.status < first_redirection) {
    result_.outcome = Outcome::done;
    over_ = true;
  } else if (head_.status < first_error && !head_.location.empty() &&
             redirections_++ < max_redirections) {
    result_.url = doctor::resolve_url(result_.url, head_.location);
    start(now);
  } else if (head_.status == service_unavailable && head_.retry_after &&
             traffic_.waits < max_waits) {
    ++traffic_.waits;
    waits_to_ask_ = true;
    next_ = now + std::chrono::seconds(*head_.retry_after);
  } else {
    give_up(Outcome::refused, fmt::format("HTTP status {}", head_.status));
  }
}

void Loading::on_connection_error(Outcome outcome, std::string detail) {
  if (!over_) give_up(outcome, std::move(detail));
}

void Loading::on_deadline(TimePoint now) {
  if (over_ || now < deadline()) return;
  if (waits_to_ask_) return ask(now);
  const bool begun = reading_ ? reading_->answered() : head_.status != 0;
  if (!reading_ || repetition_.is_over(now)) {
    return give_up(begun ? Outcome::stalled : Outcome::silent,
                   begun ? fmt::format("nothing more came after {} bytes", result_.size)
                         : std::string("no answer"));
  }
  repetition_.again(now);
  ++traffic_.repeats;
  transmit(reading_->again());
}

TimePoint Loading::deadline() const {
  if (over_) return TimePoint::max();
  return reading_ ? repetition_.deadline() : next_;
}

void Loading::give_up(Outcome outcome, std::string detail) {
  over_ = true;
  result_.outcome = outcome;
  result_.detail = std::move(detail);
  link_.close();
}

}  // namespace pixie::storm
