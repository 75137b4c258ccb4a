// What is known of a file that the mirror keeps, or has in part: the description that lies beside its bytes. Text lines,
// each ended by a newline:
//
//   pixie mirror 1
//   url https://mirror.example.org/linux     its key, in the form of mirror::url_of()
//   data 5f3a9c01d2e47b86                    which file has the bytes: 16 hexadecimal digits
//   size 8123456                             of the whole
//   have 8123456                             bytes that are safe on the disk, from the first on
//   sha256 …                                 64 hexadecimal digits; of a whole file alone
//   etag "5f3a-1"                            as the upstream sent it; no such line: none came
//   modified Sun, 06 Nov 1994 08:49:37 GMT   likewise
//   type application/gzip                    likewise
//   fetched 1795400000                       seconds since 1970
//   validated 1795400000                     when the upstream last said that it is still so
//   fresh 3600                               for how many seconds since then it is not asked
//   end
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::mirror {

struct Entry {
  std::string url = {};
  std::string data = {};
  std::uint64_t size = 0;
  std::uint64_t have = 0;
  /// Empty until it is whole.
  std::string sha256 = {};
  std::string etag = {};
  std::string modified = {};
  std::string type = {};
  std::int64_t fetched = 0;
  std::int64_t validated = 0;
  std::uint32_t fresh = 0;

  bool operator==(const Entry&) const = default;

  bool whole() const { return !sha256.empty(); }
  bool is_fresh(std::int64_t now) const { return now < validated + fresh && now >= validated; }
  /// What a request for the rest can say so that it gets none of another version: the strong entity tag, else the date
  /// if it is old enough to be a strong one (RFC 9110 section 8.8.2.2). Empty: there is nothing.
  std::string validator() const;
};

/// A file is never larger: what the kernel can count.
inline constexpr std::uint64_t size_limit_bytes = std::numeric_limits<std::int64_t>::max();

/// A description is never longer.
inline constexpr std::size_t entry_limit_bytes = 16 * 1024;

std::string text_of(const Entry& entry);
/// Refuses, with a sentence, what text_of() would not have written.
Expected<Entry> parse_entry(std::string_view text);

/// A value that an upstream sent, as it can stand in an entry: empty if it is too long or holds a control character.
std::string fit(std::string_view value);

}  // namespace pixie::mirror
