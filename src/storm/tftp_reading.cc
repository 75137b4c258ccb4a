#include "storm/tftp_reading.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "dhcp/printable.h"
#include "tftp/packet.h"

namespace pixie::storm {
namespace {

using Outcome = doctor::Fetch::Outcome;

constexpr std::uint16_t op_read = 1;
constexpr std::uint16_t op_ack = 4;
constexpr std::size_t header_size = 4;

}  // namespace

TftpReading::TftpReading(const wire::Endpoint& server, std::string_view file,
                         const TftpHabit& habit, bool size_only, std::size_t keep,
                         doctor::Fetch& result)
    : peer_(server), habit_(habit), size_only_(size_only), keep_(keep), result_(result) {
  write_request(file, habit);
}

void TftpReading::write_request(std::string_view file, const TftpHabit& habit) {
  wire::Writer out(packet_);
  const auto option = [&out](std::string_view name, unsigned value) {
    out.zero_terminated(name);
    out.zero_terminated(fmt::format_int(value).c_str());
  };
  constexpr std::size_t room_for_options = 80;
  out.u16(op_read);
  out.zero_terminated(file.substr(0, packet_.size() - room_for_options));
  out.zero_terminated("octet");
  option("tsize", 0);
  option("blksize", habit.blksize);
  if (habit.windowsize > 1) option("windowsize", habit.windowsize);
  packet_size_ = out.written().size();
}

TftpReading::Turn TftpReading::take(wire::Bytes datagram, const wire::Endpoint& from) {
  if (from.address != peer_.address || (answered_ && from != peer_)) return Turn::waits;
  const auto packet = tftp::parse(datagram);
  if (!packet) return Turn::waits;
  const auto* data = std::get_if<tftp::Data>(&*packet);
  const auto* error = std::get_if<tftp::ErrorPacket>(&*packet);
  // Of a transfer that another machine had on this port before.
  const bool is_late =
      (error && error->code == tftp::error_code::unknown_transfer) || (data && data->block != 1);
  if (!answered_ && is_late) return Turn::waits;
  if (error) {
    result_.outcome = Outcome::refused;
    result_.status = error->code;
    result_.detail =
        fmt::format("error {}, {}", error->code, dhcp::printable(wire::as_bytes(error->text)));
    return Turn::ended;
  }
  const bool is_oack = std::holds_alternative<tftp::Oack>(*packet);
  if (!data && (!is_oack || answered_)) return Turn::waits;
  if (!answered_) {
    answered_ = true;
    peer_ = from;
  }
  return is_oack ? take_options(datagram)
                 : take_data(data->block, wire::as_text(datagram).substr(header_size));
}

/// What the client didn't ask for it takes amiss (EDK2's Mtftp4RrqOackValid).
TftpReading::Turn TftpReading::take_options(wire::Bytes datagram) {
  const auto packet = tftp::parse(datagram);
  const auto& options = std::get<tftp::Oack>(*packet).options;
  block_size_ = options.blksize.value_or(tftp::default_blksize);
  window_ = options.windowsize.value_or(1);
  if (block_size_ > habit_.blksize || window_ > habit_.windowsize || options.timeout)
    return leave(Outcome::refused, "the server's options are not those that were asked for");
  if (!size_only_) return acknowledge();
  if (!options.tsize)
    return leave(Outcome::refused, "the server tells no size (tsize), which firmware asks for");
  result_.size = *options.tsize;
  return leave(Outcome::done, "User aborted the transfer");
}

TftpReading::Turn TftpReading::take_data(std::uint16_t number, std::string_view content) {
  if (size_only_) return leave(Outcome::done, "User aborted the transfer");
  if (number != static_cast<std::uint16_t>(blocks_ + 1)) {
    const auto ahead = static_cast<std::uint16_t>(number - blocks_);
    if (gap_told_ || ahead > window_) return Turn::waits;
    gap_told_ = true;
    return acknowledge();
  }
  ++blocks_;
  gap_told_ = false;
  result_.content += content.substr(0, keep_ - std::min(keep_, result_.content.size()));
  result_.size += content.size();
  const bool last = content.size() < block_size_;
  if (++unacknowledged_ < window_ && !last) return Turn::waits;
  acknowledge();
  if (!last) return Turn::sends;
  result_.outcome = Outcome::done;
  return Turn::ends;
}

wire::Bytes TftpReading::again() {
  if (unacknowledged_ > 0) acknowledge();
  return packet();
}

TftpReading::Turn TftpReading::acknowledge() {
  wire::Writer out(packet_);
  out.u16(op_ack);
  out.u16(static_cast<std::uint16_t>(blocks_));
  packet_size_ = out.written().size();
  unacknowledged_ = 0;
  return Turn::sends;
}

TftpReading::Turn TftpReading::leave(Outcome outcome, std::string_view told) {
  packet_size_ = tftp::write_error(packet_, tftp::error_code::options_refused, told).size();
  result_.outcome = outcome;
  if (outcome != Outcome::done) result_.detail = told;
  return Turn::ends;
}

}  // namespace pixie::storm
