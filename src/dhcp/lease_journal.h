// The journal of the lease table: text lines, one for each acknowledged change. A file is the header line and
// records, each ended by a newline, with one space between fields:
//
//   pixie leases 1
//   lease ADDRESS MAC CLIENT EXPIRY HOST    lease 10.0.0.5 52:54:00:12:34:56 01525400123456 1795400000 node5
//   release ADDRESS TIME                    release 10.0.0.5 1795399000
//   decline ADDRESS UNTIL                   decline 10.0.0.6 1795399600
//
// CLIENT is the client identifier (option 61, RFC 2132 section 9.14) in hexadecimal, or htype and MAC where none
// was sent. Times are seconds since 1970. HOST is `-` where it is unknown.
//
// A `lease` ends what its address was to another client, and what else this client had in the same network. One
// whose EXPIRY has passed says who had the address last. `release` moves the expiry; `decline` ends the lease and
// says until when nobody gets the address.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::dhcp {

struct LeaseRecord {
  enum class Kind : std::uint8_t { lease, release, decline };
  Kind kind = Kind::lease;
  /// IPv4.
  wire::IpAddress address;
  /// Of a lease only, as are `client`, 1 to 255 raw bytes, and `host_name`.
  wire::Mac mac;
  std::string client;
  /// Expiry, time of the release, or end of the time aside.
  std::chrono::sys_seconds time;
  std::string host_name;

  bool operator==(const LeaseRecord&) const = default;
};

/// The header line, with its newline.
std::string_view lease_journal_header();

/// Appends the record's line, with its newline, to `text`.
void append_line(std::string& text, const LeaseRecord& record);

struct LeaseJournal {
  std::vector<LeaseRecord> records;
  /// Bytes up to and including the last newline. What follows is a line that a crash cut off: it was never
  /// acknowledged, and must be cut from the file before anything is appended.
  std::size_t complete = 0;
};

/// Parses a whole file. A file without a single complete line has no records. The error names the line and says
/// what to do.
Expected<LeaseJournal> parse_lease_journal(std::string_view text);

/// `text` if it can stand for a host in the journal and in a reply: letters, digits, `-`, `.`, `_`, the first a
/// letter or digit, at most 253; else nothing.
std::string_view clean_host_name(std::string_view text);

}  // namespace pixie::dhcp
