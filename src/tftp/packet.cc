#include "tftp/packet.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace pixie::tftp {
namespace {

enum Opcode : std::uint16_t { op_read = 1, op_write, op_data, op_ack, op_error, op_oack };

bool same_letters(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

/// A decimal number, the largest one in place of those that don't fit in 64 bits.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (end != text.end() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::optional<std::uint16_t> at_most(std::optional<std::uint64_t> value, std::uint16_t least,
                                     std::uint16_t most) {
  if (!value || *value < least) return std::nullopt;
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(*value, most));
}

std::optional<std::uint8_t> timeout_seconds(std::optional<std::uint64_t> value) {
  if (!value || *value < 1 || *value > 255) return std::nullopt;
  return static_cast<std::uint8_t>(*value);
}

/// Reads option/value pairs up to the end, padding, or a string that is not terminated.
class OptionReader {
 public:
  Options read(wire::Reader& in) {
    for (;;) {
      const auto name = in.zero_terminated();
      const auto value = in.zero_terminated();
      if (!in.ok() || name.empty()) return options_;
      take(name, number(value));
    }
  }

 private:
  void take(std::string_view name, std::optional<std::uint64_t> value) {
    if (first(name, "blksize", 1)) options_.blksize = at_most(value, min_blksize, max_blksize);
    if (first(name, "windowsize", 2)) options_.windowsize = at_most(value, 1, 65535);
    if (first(name, "timeout", 4)) options_.timeout = timeout_seconds(value);
    if (first(name, "tsize", 8)) options_.tsize = value;
  }

  /// Whether `name` is the option `known`, for the first time.
  bool first(std::string_view name, std::string_view known, unsigned mark) {
    if (!same_letters(name, known) || (seen_ & mark) != 0) return false;
    seen_ |= mark;
    return true;
  }

  Options options_;
  unsigned seen_ = 0;
};

std::optional<Mode> parse_mode(std::string_view text) {
  if (same_letters(text, "octet")) return Mode::octet;
  if (same_letters(text, "netascii")) return Mode::netascii;
  if (same_letters(text, "mail")) return Mode::mail;
  return std::nullopt;
}

Expected<Packet> parse_request(std::uint16_t opcode, wire::Reader in) {
  Request request;
  request.opcode = opcode == op_read ? Request::read : Request::write;
  request.filename = in.zero_terminated();
  const auto mode = in.zero_terminated();
  if (!in.ok()) return fail("TFTP request: file name and mode must each end with a NUL");
  if (request.filename.empty()) return fail("TFTP request: the file name is empty");
  const auto known_mode = parse_mode(mode);
  if (!known_mode) return fail("TFTP request: the mode must be octet or netascii");
  request.mode = *known_mode;
  request.options = OptionReader().read(in);
  return request;
}

std::string_view text_before_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

Expected<Packet> parse_reply(std::uint16_t opcode, wire::Reader in) {
  if (opcode == op_oack) return Oack{OptionReader().read(in)};
  const auto value = in.u16();
  if (!in.ok()) return fail("TFTP packet: expected at least 4 bytes");
  if (opcode == op_data) return Data{value};
  if (opcode == op_ack) return Ack{value};
  return ErrorPacket{value, text_before_nul(wire::as_text(in.rest()))};
}

}  // namespace

Expected<Packet> parse(wire::Bytes datagram) {
  wire::Reader in(datagram);
  const auto opcode = in.u16();
  if (!in.ok()) return fail("TFTP packet: expected at least 2 bytes");
  if (opcode == op_read || opcode == op_write) return parse_request(opcode, in);
  if (opcode >= op_data && opcode <= op_oack) return parse_reply(opcode, in);
  return fail(fmt::format("TFTP packet: expected an opcode from 1 to 6, not {}", opcode));
}

wire::Bytes write_oack(std::span<std::byte> buffer, const Options& options) {
  wire::Writer out(buffer);
  const auto option = [&out](std::string_view name, const auto& value) {
    if (!value) return;
    out.zero_terminated(name);
    out.zero_terminated(fmt::format_int(*value).c_str());
  };
  out.u16(op_oack);
  option("tsize", options.tsize);
  option("blksize", options.blksize);
  option("timeout", options.timeout);
  option("windowsize", options.windowsize);
  return out.written();
}

wire::Bytes write_error(std::span<std::byte> buffer, std::uint16_t code, std::string_view text) {
  constexpr std::size_t around_text = 5;
  const auto room = buffer.size() - std::min(buffer.size(), around_text);
  wire::Writer out(buffer);
  out.u16(op_error);
  out.u16(code);
  out.zero_terminated(text_before_nul(text).substr(0, room));
  return out.written();
}

std::array<std::byte, 4> data_header(std::uint64_t block) {
  return {std::byte{0}, std::byte{op_data}, static_cast<std::byte>(block >> 8 & 0xff),
          static_cast<std::byte>(block & 0xff)};
}

}  // namespace pixie::tftp
