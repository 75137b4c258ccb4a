// The part of the timeline that follows TFTP transfers and HTTP requests.
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "dhcp/printable.h"
#include "doctor/image.h"
#include "doctor/timeline.h"
#include "script/chain.h"
#include "tftp/packet.h"

namespace pixie::doctor {
namespace {

std::string shown(std::string_view text) { return dhcp::printable(wire::as_bytes(text)); }

constexpr std::size_t tftp_header_size = 4;

Event event_of(TimePoint now, Step step, const Machine& machine, const wire::Endpoint& server,
               std::string file) {
  return {.at = now,
          .step = step,
          .in_ipxe = machine.client.is_ipxe,
          .server = server.address,
          .file = std::move(file),
          .detail = {}};
}

/// The status of an HTTP response; nothing if it isn't one.
std::optional<std::uint16_t> status_of(std::string_view text) {
  constexpr std::size_t status_at = 9;
  if (!text.starts_with("HTTP/1.") || text.size() < status_at + 3) return std::nullopt;
  std::uint16_t status = 0;
  const auto* begin = text.data() + status_at;
  const auto [end, error] = std::from_chars(begin, begin + 3, status);
  return error == std::errc{} && end == begin + 3 ? std::optional(status) : std::nullopt;
}

std::string_view body_of(std::string_view response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string_view() : response.substr(end + 4);
}

}  // namespace

void Timeline::tftp_request(TimePoint now, const Path& path, wire::Bytes payload) {
  const auto packet = tftp::parse(payload);
  const auto* request = packet ? std::get_if<tftp::Request>(&*packet) : nullptr;
  auto* machine = request ? machine_at(path.from.address, path.from_mac) : nullptr;
  if (!machine) return;
  const auto file = shown(request->filename);
  const auto before = transfers_.find(path.from);
  const bool repeated = before != transfers_.end() && before->second.file == file;
  add(*machine,
      event_of(now, repeated ? Step::tftp_stalled : Step::tftp_request, *machine, path.to, file));
  machine->transfer_began = false;
  open(transfers_, path.from, {machine->mac, path.to, file});
}

void Timeline::tftp_answer(TimePoint now, const Path& path, Flow& flow, wire::Bytes payload) {
  const auto packet = tftp::parse(payload);
  const auto known = machines_.find(flow.mac);
  if (!packet || known == machines_.end()) return;
  auto& machine = known->second;
  machine.transfer_began = true;
  if (const auto* oack = std::get_if<tftp::Oack>(&*packet)) {
    flow.block_size = oack->options.blksize.value_or(tftp::default_blksize);
  } else if (const auto* error = std::get_if<tftp::ErrorPacket>(&*packet)) {
    auto event = event_of(now, Step::tftp_error, machine, path.from, flow.file);
    event.status = error->code;
    event.detail = shown(error->text);
    add(machine, std::move(event));
    transfers_.erase(path.to);
  } else if (const auto* data = std::get_if<tftp::Data>(&*packet)) {
    const auto content = payload.subspan(std::min(tftp_header_size, payload.size()));
    if (!std::exchange(flow.answered, true) && data->block == 1) {
      flow.no_script = script::is_no_script_message(wire::as_text(content));
      if (!machine.client.is_ipxe) {
        machine.misfit = misfit(content, machine.firmware).value_or("");
      }
    }
    if (content.size() >= flow.block_size) return;
    auto event = event_of(now, Step::tftp_done, machine, path.from, flow.file);
    event.no_script = flow.no_script;
    loaded(machine, std::move(event));
    transfers_.erase(path.to);
  }
}

std::optional<TcpSegment> parse_tcp(wire::Bytes segment) {
  enum : std::uint8_t { syn = 0x02, reset = 0x04, ack = 0x10 };
  constexpr std::size_t numbers_size = 8;
  constexpr std::size_t fixed_size = 20;
  wire::Reader in(segment);
  TcpSegment found{.from_port = in.u16(), .to_port = in.u16(), .payload = {}};
  in.bytes(numbers_size);
  const std::size_t header_size = in.u8() / 16U * 4U;
  const auto flags = in.u8();
  if (!in.ok() || header_size < fixed_size || header_size > segment.size()) return std::nullopt;
  found.is_syn = (flags & syn) != 0;
  found.is_reset = (flags & reset) != 0;
  found.is_ack = (flags & ack) != 0;
  found.payload = segment.subspan(header_size);
  return found;
}

void Timeline::tcp(TimePoint now, const Path& path, const TcpSegment& segment) {
  if (segment.is_syn && !segment.is_ack) {
    auto* machine = machine_at(path.from.address, path.from_mac);
    if (!machine) return;
    add(*machine,
        event_of(now, Step::http_connect, *machine, path.to, fmt::format("port {}", path.to.port)));
    open(connections_, path.from, {machine->mac, path.to, {}});
    return;
  }
  const auto asked = connections_.find(path.from);
  if (asked != connections_.end() && asked->second.server == path.to) {
    return http_request(now, asked->second, wire::as_text(segment.payload));
  }
  const auto answered = connections_.find(path.to);
  if (answered == connections_.end() || answered->second.server != path.from) return;
  auto& flow = answered->second;
  if (segment.is_reset && flow.file.empty() && !flow.answered) {
    auto& machine = machines_.at(flow.mac);
    add(machine, event_of(now, Step::http_closed, machine, path.from,
                          fmt::format("port {}", path.from.port)));
    connections_.erase(answered);
    return;
  }
  if (segment.is_syn) flow.answered = true;
  http_answer(now, flow, wire::as_text(segment.payload));
}

void Timeline::http_request(TimePoint now, Flow& flow, std::string_view text) {
  if (!text.starts_with("GET ") && !text.starts_with("HEAD ")) return;
  const auto target = text.substr(text.find(' ') + 1);
  flow.file = shown(target.substr(0, target.find_first_of(" \r\n")));
  auto& machine = machines_.at(flow.mac);
  add(machine, event_of(now, Step::http_request, machine, flow.server, flow.file));
}

void Timeline::http_answer(TimePoint now, Flow& flow, std::string_view text) {
  const auto status = status_of(text);
  if (!status || flow.file.empty()) return;
  auto& machine = machines_.at(flow.mac);
  auto event = event_of(now, Step::http_answer, machine, flow.server, flow.file);
  event.status = *status;
  event.no_script = script::is_no_script_message(body_of(text));
  constexpr std::uint16_t first_error = 300;
  *status < first_error ? loaded(machine, std::move(event)) : add(machine, std::move(event));
}

}  // namespace pixie::doctor
