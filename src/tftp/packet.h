// The bytes of TFTP packets, as a server reads and writes them.
//
//   request = opcode "file name" 0 "mode" 0 *( "option" 0 "value" 0 )   opcode 1 read, 2 write
//   data    = 3 block:u16 *byte                   0 to blksize bytes; fewer than blksize end the
//   file ack     = 4 block:u16                         block 0 accepts an option acknowledgment
//   error   = 5 code:u16 "text" 0
//   oack    = 6 *( "option" 0 "value" 0 )
//
// Opcodes and numbers are 16 bits, big endian (RFC 1350 section 5); options and their values are
// ASCII, their names without regard to case (RFC 2347).
//
//   blksize     8..65464 bytes      RFC 2348
//   timeout     1..255 seconds      RFC 2349
//   tsize       bytes               RFC 2349
//   windowsize  1..65535 blocks     RFC 7440
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::tftp {

constexpr std::uint16_t min_blksize = 8;
constexpr std::uint16_t max_blksize = 65464;
constexpr std::uint16_t default_blksize = 512;

/// The options of a request or of its acknowledgment; an absent one was not sent, or not usable.
struct Options {
  /// In a request 0, asking for the size; in the acknowledgment the size in bytes.
  std::optional<std::uint64_t> tsize;
  std::optional<std::uint16_t> blksize;
  std::optional<std::uint16_t> windowsize;
  /// Seconds until a packet is sent again.
  std::optional<std::uint8_t> timeout;

  bool operator==(const Options&) const = default;
  bool empty() const { return *this == Options{}; }
};

enum class Mode : std::uint8_t { octet, netascii, mail };

/// A read or write request. `filename` is a part of the parsed datagram, raw: see clean_name().
struct Request {
  enum Opcode : std::uint8_t { read = 1, write = 2 };
  Opcode opcode = read;
  Mode mode = Mode::octet;
  std::string_view filename;
  Options options;
};

/// A data packet; what it carries is not looked at, as nobody may write.
struct Data {
  std::uint16_t block = 0;
};

struct Ack {
  std::uint16_t block = 0;
};

/// `text` is a part of the parsed datagram: any bytes but NUL, not fit for a log as they are.
struct ErrorPacket {
  std::uint16_t code = 0;
  std::string_view text;
};

struct Oack {
  Options options;
};

using Packet = std::variant<Request, Data, Ack, ErrorPacket, Oack>;

/// Error codes of RFC 1350 and RFC 2347.
namespace error_code {
constexpr std::uint16_t undefined = 0;
constexpr std::uint16_t not_found = 1;
constexpr std::uint16_t access_violation = 2;
constexpr std::uint16_t illegal_operation = 4;
constexpr std::uint16_t unknown_transfer = 5;
constexpr std::uint16_t options_refused = 8;
}  // namespace error_code

/// Parses one datagram. The result refers to `datagram`.
///
/// Lenient where real clients need it:
/// - What follows the last complete option is ignored, and so is everything after an empty option
///   name (padding). File name and mode must end with a NUL, though: tftpd-hpa and dnsmasq refuse
///   them otherwise, too.
/// - Unknown options are ignored. Of an option sent twice the first counts.
/// - A value that is not a decimal number or too small makes the option count as not sent. One too
///   large is taken as the largest (a server may answer with less), but for `timeout`, which must
///   be answered with the very value or not at all (RFC 2349), so that above 255 it counts as not
///   sent.
Expected<Packet> parse(wire::Bytes datagram);

/// Enough for any option acknowledgment.
constexpr std::size_t max_oack_size = 80;

/// Writes an option acknowledgment of `options` into `buffer`, at least max_oack_size bytes;
/// returns the part that was written.
wire::Bytes write_oack(std::span<std::byte> buffer, const Options& options);

/// Writes an error packet into `buffer`, at least 5 bytes; returns the part that was written.
/// `text` is cut at a NUL and to what fits.
wire::Bytes write_error(std::span<std::byte> buffer, std::uint16_t code, std::string_view text);

/// The header of the data packet of `block`, counted from 1 without end: on the wire the number is
/// of 16 bits, and 0 comes after 65535.
std::array<std::byte, 4> data_header(std::uint64_t block);

}  // namespace pixie::tftp
