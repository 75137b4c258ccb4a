#include "net/tftp_server.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "net/body_events.h"
#include "net/tftp_session.h"
#include "tftp/name.h"
#include "tftp/netascii.h"

namespace pixie::net {
namespace {

using std::chrono::seconds;

/// Batches received in one turn of the loop.
constexpr int receive_turns = 16;
/// Those that requests wait for, at most: more than fits a socket's buffer.
constexpr int most_turns_waited = 512;
constexpr auto linger_time = seconds(3);
/// A repetition of the request that comes later than this means that the client began anew.
constexpr auto repetition_time = seconds(1);
/// Who was heard is looked at to see whether it is silent: so many for each that asks for room.
constexpr std::size_t most_looks = 64;
/// A line of sessions may have so many that are gone, and as many as there are, before these are taken out.
constexpr std::size_t most_gone = 64;
/// netascii is for short texts and is translated as a whole.
constexpr std::uint64_t netascii_limit_bytes = 1 << 20;

/// Optional files that shim and others look for at every boot; their absence is no news.
bool is_optional_probe(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name.starts_with("revocations") || name.starts_with("shim_certificate");
}

/// Bytes of a data packet that are not data: IP and UDP header (RFC 791, 8200, 768), opcode and block.
std::uint32_t overhead(const wire::IpAddress& peer) { return (peer.is_v4() ? 20U : 40U) + 8U + 4U; }

}  // namespace

void TftpServer::Session::on_deadline(TimePoint now) {
  if (ended) return server_.drop(*this);
  transfer.expire(now);
  server_.after_event(*this, now);
  server_.send_soon();
}

TftpServer::TftpServer(Loop& loop, const TftpSettings& settings, tree::Descriptor listening,
                       tree::Descriptor transfers, bool ipv6_socket, bool one_of_many)
    : loop_(loop),
      settings_(settings),
      listening_(*this, std::move(listening)),
      sender_(ipv6_socket),
      unconfirmed_(settings.unconfirmed_limit),
      one_of_many_(one_of_many) {
  if (transfers) transfer_.emplace(*this, std::move(transfers));
}

TftpServer::~TftpServer() = default;

void TftpServer::take_back_unsent() {
  for (const auto& [client, session] : sessions_) {
    const auto given = std::exchange(session->given, std::nullopt);
    if (given && !session->ended) take_back(loop_, *given);
  }
}

void TftpServer::finish() {
  // Another process may share the socket: requests are left to it.
  if (transfer_ && !finishing_) listening_.unwatch();
  finishing_ = true;
}

TftpServer::Socket::Socket(TftpServer& server, tree::Descriptor descriptor)
    : Watched(server.loop_, std::move(descriptor), EPOLLIN), server_(server) {}

void TftpServer::Socket::on_ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) server_.has_room_again();
  if ((events & ~EPOLLOUT) == 0) return;
  if (this == &server_.listening_) {
    server_.receive_requests();
  } else {
    server_.receive_of_transfers(receive_turns);
    server_.send_ready();
  }
}

/// What a client sent before a request, its abort after a size probe, say, is in the other socket when the request is
/// read, and is taken in before it: it would be taken for a part of what the client asks for now. Nothing is sent in
/// between: what the client asked for before would be taken for that, too.
void TftpServer::receive_requests() {
  for (int turn = 0; turn < receive_turns; ++turn) {
    const auto datagrams = requests_.receive(listening_.number());
    const int turns = transfer_ ? receive_of_transfers(most_turns_waited) : 0;
    for (const auto& datagram : datagrams) receive(datagram, true);
    send_ready();
    if (datagrams.size() < UdpReceiver::batch_size || turns >= receive_turns) return;
  }
}

/// Takes batches, as long as they are full, `most` at most. Returns how many. What they lead to is still to be sent.
int TftpServer::receive_of_transfers(int most) {
  for (int turn = 1; turn <= most; ++turn) {
    const auto datagrams = receiver_.receive(transfer_->number());
    for (const auto& datagram : datagrams) receive(datagram, false);
    if (datagrams.size() < UdpReceiver::batch_size) return turn;
  }
  return most;
}

void TftpServer::receive(const Datagram& datagram, bool at_listening_port) {
  // Each loop's socket gets a copy of what was sent to many; one of them answers.
  const auto client = std::hash<wire::Endpoint>{}(datagram.route.peer);
  if (datagram.to_many && one_of_many_ && client % loop_.count != loop_.index) return;
  const auto now = Clock::now();
  const auto packet = tftp::parse(datagram.payload);
  const bool transfers_here = !at_listening_port || settings_.single_port;
  if (packet && at_listening_port) {
    if (const auto* request = std::get_if<tftp::Request>(&*packet))
      return receive_request(datagram, *request, now);
  }
  const auto found = sessions_.find(datagram.route.peer);
  if (transfers_here && found != sessions_.end()) {
    auto& session = *found->second;
    if (session.ended) return;
    const bool first_sign = !session.transfer.heard();
    session.transfer.receive(datagram.payload, now);
    if (first_sign && session.transfer.heard() && session.began_with_block())
      unconfirmed_.give_back(datagram.route.peer.address);
    return after_event(session, now);
  }
  if (!packet) {
    const auto peer = datagram.route.peer.text();
    return loop_.events.emit(events::tftp_malformed,
                             {{"client", peer}, {"reason", packet.error().text}});
  }
  // An error is never answered (RFC 1350 section 7).
  if (!std::holds_alternative<tftp::ErrorPacket>(*packet)) answer_stray(datagram, now);
}

void TftpServer::answer_stray(const Datagram& datagram, TimePoint now) {
  const auto peer = datagram.route.peer.text();
  loop_.events.emit(events::tftp_stray, {{"client", peer}});
  if (!stray_answers_.take(now)) return;
  refuse(datagram, tftp::error_code::unknown_transfer, "There is no such transfer (any more).");
}

void TftpServer::receive_request(const Datagram& datagram, const tftp::Request& request,
                                 TimePoint now) {
  if (finishing_) return;
  const auto found = sessions_.find(datagram.route.peer);
  if (found != sessions_.end()) {
    auto& session = *found->second;
    if (!session.ended && session.request == wire::as_text(datagram.payload)) {
      // Before the client was heard every repetition is answered; later, one is only a straggler if it comes soon after
      // the last, or after a sign that the client goes on: our answer and its repetition may have crossed.
      if (!session.transfer.heard()) {
        session.asked_at = now;
        if (session.began_with_block() && !may_send_on_trust(datagram.route, now)) return;
        session.transfer.receive(datagram.payload, now);
        return after_event(session, now);
      }
      if (now - std::max(session.asked_at, session.transfer.heard_at()) < repetition_time) return;
    }
    // The client took the port for something new.
    if (!session.ended) {
      const auto client = session.route.peer.text();
      loop_.events.emit(events::tftp_replaced, {{"client", client}, {"file", session.file}});
    }
    drop(session);
  }
  start(datagram, request, now);
}

void TftpServer::start(const Datagram& datagram, const tftp::Request& request, TimePoint now) {
  using namespace tftp::error_code;
  const auto asking = asking_.find(datagram.route.peer);
  if (asking != asking_.end()) {
    if (asking->second == wire::as_text(datagram.payload)) return;
    stop_asking(datagram.route.peer);
  }
  const auto has_room = [this] { return active_ + asking_.size() < settings_.transfer_limit; };
  if (asking_.size() >= settings_.transfer_limit || !make_room(crowd_, has_room))
    return tell_crowded(datagram.route);
  auto path = tftp::clean_name(request.filename);
  if (!path)
    return refuse(datagram, events::tftp_refused, "-", access_violation, path.error().text);
  if (request.opcode == tftp::Request::write) {
    return refuse(datagram, events::tftp_refused, *path, access_violation,
                  "pixie gives files and takes none.");
  }
  if (request.mode == tftp::Mode::mail) {
    return refuse(datagram, events::tftp_refused, *path, illegal_operation,
                  "Only octet and netascii are known here.");
  }
  auto answer = loop_.tree.resolve(*path);
  if (const auto* wanted = std::get_if<tree::Wanted>(&answer))
    return ask_desk(datagram, *path, *wanted);
  auto body = accept(datagram, *path, std::move(answer));
  if (!body) return;
  std::optional<Given> given;
  if (body->kind == tree::Body::Kind::file && body->machine)
    given = Given{*body->machine, machines::Because::own_script, {}, {}, {}};
  begin(datagram, request, std::move(*path), std::move(*body), std::move(given), now);
}

/// The answer may come later; the request is taken up again then, from a copy.
void TftpServer::ask_desk(const Datagram& datagram, const std::string& path,
                          const tree::Wanted& wanted) {
  const auto request = std::string(wire::as_text(datagram.payload));
  asking_[datagram.route.peer] = request;
  asking_count_ = asking_.size();
  const Asker asker{
      .peer = datagram.route.peer.address, .server = {.address = datagram.route.local}, .says = {}};
  find_wanted(loop_, wanted, asker, [this, route = datagram.route, request, path](Found found) {
    const auto waiting = asking_.find(route.peer);
    // The client asks for something else by now.
    if (waiting == asking_.end() || waiting->second != request) {
      if (found.given) take_back(loop_, *found.given);
      return;
    }
    stop_asking(route.peer);
    const Datagram again{.route = route, .payload = wire::as_bytes(request)};
    const auto packet = tftp::parse(again.payload);
    auto answer = std::visit([](auto& body) { return tree::Answer(std::move(body)); }, found.body);
    auto body = accept(again, path, std::move(answer));
    if (!body) return;
    begin(again, std::get<tftp::Request>(*packet), path, std::move(*body), std::move(found.given),
          Clock::now());
    send_soon();
  });
}

void TftpServer::stop_asking(const wire::Endpoint& client) {
  asking_.erase(client);
  asking_count_ = asking_.size();
}

void TftpServer::begin(const Datagram& datagram, const tftp::Request& request, std::string path,
                       tree::Body body, std::optional<Given> given, TimePoint now) {
  const bool begins_with_block = negotiate(datagram.route, request, body.size()).accepted.empty();
  const bool is_text = request.mode == tftp::Mode::netascii;
  const auto leave = [&] {
    if (given) take_back(loop_, *given);
  };
  if (begins_with_block && !may_send_on_trust(datagram.route, now)) return leave();
  if (!has_room_for(datagram.route, body, is_text)) {
    if (begins_with_block) unconfirmed_.give_back(datagram.route.peer.address);
    return leave();
  }
  if (is_text && !translate(datagram, path, body)) return leave();
  if (loop_.on_fetch) {
    const auto machine = machine_of(datagram.route, body);
    if (machine) loop_.on_fetch(*machine, body.kind);
  }
  if (given) report_script(loop_, *given, datagram.route.peer.text());
  const auto terms = negotiate(datagram.route, request, body.size());
  shorten_lingering();
  auto session = std::make_unique<Session>(*this, ++sessions_begun_, datagram, std::move(path),
                                           std::move(body), terms, now);
  session->given = std::move(given);
  if (loop_.events.wants(events::tftp_started)) {
    const auto peer = session->route.peer.text();
    loop_.events.emit(events::tftp_started, {{"client", peer},
                                             {"file", session->file},
                                             {"size", session->body.size()},
                                             {"blksize", terms.blksize},
                                             {"windowsize", terms.windowsize}});
  }
  if (is_text) session->translated_bytes = session->body.size();
  ++active_;
  files_ += session->reads_file ? 1 : 0;
  translated_bytes_ += session->translated_bytes;
  auto& kept = *(sessions_[datagram.route.peer] = std::move(session));
  const Stay stay{datagram.route.peer, kept.number};
  line_up(crowd_.unheard, stay);
  if (kept.reads_file) line_up(crowd_of_files_.unheard, stay);
  if (kept.translated_bytes > 0) line_up(crowd_of_texts_.unheard, stay);
  after_event(kept, now);
}

/// To netascii; if that can't be, the client is told, and the answer is false.
bool TftpServer::translate(const Datagram& datagram, const std::string& path, tree::Body& body) {
  using namespace tftp::error_code;
  if (body.size() > netascii_limit_bytes) {
    refuse(datagram, events::tftp_refused, path, illegal_operation,
           "netascii is for texts up to 1 MB; ask in octet mode.");
    return false;
  }
  std::string text(body.size(), '\0');
  if (body.read(0, std::as_writable_bytes(std::span(text))) !=
      static_cast<std::ptrdiff_t>(text.size())) {
    refuse(datagram, events::tftp_failed, path, undefined, "The file can't be read.");
    return false;
  }
  tree::Body translated(body.kind, tftp::to_netascii(text));
  translated.machine = body.machine;
  body = std::move(translated);
  return true;
}

/// As many are sent at once as may have a file open, or be held in memory.
bool TftpServer::has_room_for(const Route& route, const tree::Body& body, bool is_text) {
  const bool has_room =
      is_text ? make_room(crowd_of_texts_,
                          [this] { return translated_bytes_ < settings_.text_limit_bytes; })
              : body.memory() ||
                    make_room(crowd_of_files_, [this] { return files_ < settings_.file_limit; });
  if (!has_room) tell_crowded(route);
  return has_room;
}

TftpServer::Session* TftpServer::find(const Stay& stay) {
  const auto found = sessions_.find(stay.client);
  return found != sessions_.end() && found->second->number == stay.number ? found->second.get()
                                                                          : nullptr;
}

TftpServer::Session* TftpServer::find_running(const Stay& stay) {
  auto* session = find(stay);
  return session && !session->ended ? session : nullptr;
}

/// Puts it at the end. However many come and go, the line is not much longer than there are sessions.
void TftpServer::line_up(std::deque<Stay>& line, const Stay& stay) {
  line.push_back(stay);
  if (line.size() > 2 * sessions_.size() + most_gone)
    std::erase_if(line, [this](const Stay& each) { return !find(each); });
}

/// Lets the oldest go whose client was never heard, then those whose client is silent, until there is room. Whether
/// there is.
template <class HasRoom>
bool TftpServer::make_room(Crowd& crowd, HasRoom has_room) {
  while (!crowd.unheard.empty()) {
    const auto stay = crowd.unheard.front();
    auto* session = find_running(stay);
    const bool was_heard = session && session->transfer.heard();
    if (session && !was_heard && has_room()) return true;
    crowd.unheard.pop_front();
    if (was_heard) {
      line_up(crowd.heard, stay);
    } else if (session) {
      drop(*session);
    }
  }
  const auto now = Clock::now();
  for (auto looks = std::min(crowd.heard.size(), most_looks); looks > 0 && !has_room(); --looks) {
    const auto stay = crowd.heard.front();
    crowd.heard.pop_front();
    auto* session = find_running(stay);
    if (!session) continue;
    if (now - session->transfer.heard_at() < settings_.long_silence) {
      crowd.heard.push_back(stay);
    } else {
      session->transfer.give_up();
      end(*session, now);
      drop(*session);
    }
  }
  return has_room();
}

/// Floods end more transfers than may linger.
void TftpServer::shorten_lingering() {
  while (!lingering_.empty()) {
    auto* session = find(lingering_.front());
    if (session && lingering_.size() <= settings_.transfer_limit) return;
    lingering_.pop_front();
    if (session) drop(*session);
  }
}

/// It gets no answer, and asks again.
void TftpServer::tell_crowded(const Route& route) {
  const auto client = route.peer.text();
  loop_.events.emit(events::tftp_crowded, {{"client", client}});
}

bool TftpServer::ignores_options(const Route& route) const {
  return std::ranges::any_of(settings_.without_options, [&](const wire::Network& network) {
    return network.contains(route.peer.address);
  });
}

/// To an address that may not have asked.
bool TftpServer::may_send_on_trust(const Route& route, TimePoint now) {
  if (unconfirmed_.take(route.peer.address, now)) return true;
  tell_crowded(route);
  return false;
}

tftp::Terms TftpServer::negotiate(const Route& route, const tftp::Request& request,
                                  std::uint64_t size) {
  if (ignores_options(route)) return {};
  auto limits = settings_.limits;
  const auto room = std::max(mtus_.of(route.interface), 576U) - overhead(route.peer.address);
  limits.max_blksize =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(limits.max_blksize, room));
  return tftp::negotiate(request, limits, size);
}

/// The machine that the path names, else the one that has the address.
std::optional<wire::Mac> TftpServer::machine_of(const Route& route, const tree::Body& body) {
  return body.machine ? body.machine : loop_.machine_at(route.peer.address, route.interface);
}

std::optional<tree::Body> TftpServer::accept(const Datagram& datagram, const std::string& path,
                                             tree::Answer answer) {
  using Reason = tree::Refusal::Reason;
  if (auto* body = std::get_if<tree::Body>(&answer)) return std::move(*body);
  const auto* refusal = std::get_if<tree::Refusal>(&answer);
  if (!refusal) {
    refuse(datagram, events::tftp_not_found, path, tftp::error_code::not_found,
           fmt::format("{} is a folder.", path));
  } else if (refusal->reason == Reason::not_found) {
    const auto& kind =
        is_optional_probe(path) ? events::tftp_probe_not_found : events::tftp_not_found;
    refuse(datagram, kind, path, tftp::error_code::not_found, refusal->text);
  } else if (refusal->reason == Reason::rom_missing) {
    refuse(datagram, events::rom_missing, path, tftp::error_code::not_found, refusal->text);
  } else {
    refuse(datagram, events::tftp_refused, path, tftp::error_code::access_violation, refusal->text);
  }
  return std::nullopt;
}

void TftpServer::refuse(const Datagram& datagram, const events::Kind& kind, std::string_view file,
                        std::uint16_t code, std::string_view text) {
  constexpr std::size_t around_text = 5;  // opcode, code, NUL
  const bool is_short =
      around_text + text.size() <= settings_.limits.max_amplification * datagram.payload.size();
  if (is_short || may_send_on_trust(datagram.route, Clock::now())) refuse(datagram, code, text);
  if (!loop_.events.wants(kind)) return;
  const auto peer = datagram.route.peer.text();
  const auto machine = loop_.machine_at(datagram.route.peer.address, datagram.route.interface);
  const auto mac = machine ? machine->colons() : "-";
  loop_.events.emit(kind, {{"client", peer}, {"mac", mac}, {"file", file}, {"reason", text}});
}

void TftpServer::refuse(const Datagram& datagram, std::uint16_t code, std::string_view text) {
  packets_.clear();
  const auto message = packets_.error(code, text);
  sender_.add(datagram.route, message->parts, 0);
  sender_.flush(transfer_socket().number());
}

void TftpServer::after_event(Session& session, TimePoint now) {
  if (session.transfer.pending()) make_ready(session);
  if (session.transfer.over() && !session.ended) end(session, now);
  if (!session.ended && session.progress.due(now)) tell_progress(session);
  loop_.watch(session);
}

/// Of a machine that is known: how much of the file it has.
void TftpServer::tell_progress(const Session& session) {
  if (!loop_.events.wants(events::tftp_progress)) return;
  const auto sent = session.transfer.statistics().bytes_acknowledged;
  const auto machine = machine_of(session.route, session.body);
  // Who asks for the size only has got nothing.
  if (sent == 0 || !machine) return;
  const auto client = session.route.peer.text();
  const auto mac = machine->colons();
  loop_.events.emit(events::tftp_progress, {{"client", client},
                                            {"mac", mac},
                                            {"what", what_of(session.body)},
                                            {"file", session.file},
                                            {"sent", sent},
                                            {"size", session.body.size()}});
}

void TftpServer::end(Session& session, TimePoint now) {
  report(session, now);
  using tftp::Outcome;
  const auto outcome = session.transfer.outcome();
  const bool arrived = outcome == Outcome::complete || outcome == Outcome::final_ack_lost;
  if (session.given && !arrived) take_back(loop_, *session.given);
  count_out(session);
  session.ended = true;
  session.lingers_until = now + linger_time;
  line_up(lingering_, {session.route.peer, session.number});
  session.body = tree::Body(session.body.kind, tree::Embedded());
}

void TftpServer::count_out(const Session& session) {
  --active_;
  files_ -= session.reads_file ? 1 : 0;
  translated_bytes_ -= session.translated_bytes;
}

void TftpServer::drop(Session& session) {
  if (!session.ended) count_out(session);
  if (!session.ended && session.given) take_back(loop_, *session.given);
  if (session.in_ready_list) std::erase(ready_, &session);
  const auto client = session.route.peer;
  sessions_.erase(client);
}

void TftpServer::report(const Session& session, TimePoint now) {
  const auto kind_of = [](tftp::Outcome outcome) -> const events::Kind& {
    switch (outcome) {
      case tftp::Outcome::complete:
        return events::tftp_done;
      case tftp::Outcome::final_ack_lost:
        return events::tftp_done_unconfirmed;
      case tftp::Outcome::size_probe:
        return events::tftp_size_probe;
      case tftp::Outcome::aborted_by_client:
        return events::tftp_client_aborted;
      case tftp::Outcome::timed_out:
        return events::tftp_timeout;
      default:
        return events::tftp_failed;
    }
  };
  const auto& kind = kind_of(session.transfer.outcome());
  if (!loop_.events.wants(kind)) return;
  const auto statistics = session.transfer.statistics();
  const auto took = std::chrono::duration<double>(now - statistics.started).count();
  const auto bytes = statistics.bytes_acknowledged;
  const auto client = session.route.peer.text();
  const auto machine = machine_of(session.route, session.body);
  const auto mac = machine ? machine->colons() : "-";
  const auto rate =
      fmt::format("{:.1f}MB/s", static_cast<double>(bytes) / 1e6 / std::max(took, 1e-6));
  const auto& reason = session.transfer.error_text();
  loop_.events.emit(kind, {{"client", client},
                           {"mac", mac},
                           {"file", session.file},
                           {"what", what_of(session.body)},
                           {"bytes", bytes},
                           {"seconds", took},
                           {"rate", rate},
                           {"blksize", session.transfer.terms().blksize},
                           {"windowsize", session.transfer.terms().windowsize},
                           {"resent", statistics.blocks_resent},
                           {"reason", reason.empty() ? "-" : std::string_view(reason)}});
  if (session.body.kind == tree::Body::Kind::no_script) {
    loop_.events.emit(events::script_missing, {{"client", client}, {"mac", mac}});
  }
}

}  // namespace pixie::net
