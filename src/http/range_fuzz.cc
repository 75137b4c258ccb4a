// Fuzz target: the first line of the input is a representation's size in bytes, every further one a
// field of a GET request (`Name: value`). Whatever the fields say, the response must be consistent.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "http/response.h"

namespace {
using namespace pixie::http;

void check(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check_ranges(std::string_view value, std::uint64_t size) {
  const auto ranges = parse_ranges(value, size);
  check(ranges.parts.empty() == (ranges.kind != RangeSet::Kind::partial));
  check(ranges.parts.size() <= max_range_parts);
  for (const auto& a : ranges.parts) {
    check(a.length > 0 && a.offset < size && a.length <= size - a.offset);
    for (const auto& b : ranges.parts) {
      check(&a == &b || a.offset + a.length < b.offset || b.offset + b.length < a.offset);
    }
  }
}

void check_response(const Response& response, std::uint64_t size) {
  std::uint64_t sum = 0;
  for (const Piece& piece : response.pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) sum += text->size();
    if (const auto* range = std::get_if<ByteRange>(&piece)) {
      check(range->offset < size && range->length <= size - range->offset);
      sum += range->length;
    }
  }
  check(sum == response.body_bytes);
  check(response.head.ends_with("\r\n\r\n"));
  const auto length = "\r\nContent-Length: " + std::to_string(sum) + "\r\n";
  check(response.status == 304 ? sum == 0 : response.head.contains(length));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = take_line(text);
  // Leaves room for the part headers below 2^64; no file is larger than 2^63 - 1.
  std::uint64_t bytes = 0;
  std::from_chars(first.data(), first.data() + first.size(), bytes);
  bytes >>= 1;

  Request request;
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto colon = std::min(line.find(':'), line.size());
    const auto value = line.substr(std::min(colon + 1, line.size()));
    request.fields.add(line.substr(0, colon), value);
    check_ranges(value, bytes);
  }
  const Representation representation{bytes, "\"v1\"", 784'111'777, "application/efi", "no-cache"};
  check_response(respond(request, representation, 784'111'900), bytes);
  return 0;
}
