#include "dhcp/printable.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace pixie::dhcp {
namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

/// The text that `append` makes of each byte.
template <class Append>
std::string shown(wire::Bytes bytes, Append append) {
  std::string out;
  for (const char c : wire::as_text(bytes.first(std::min(bytes.size(), max_shown)))) append(out, c);
  if (bytes.size() > max_shown) out += "...";
  return out;
}

}  // namespace

std::string printable(wire::Bytes bytes) {
  return shown(bytes, [](std::string& out, char c) {
    if (c == '\\') {
      out += "\\\\";
    } else if (is_printable(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  });
}

std::string hex(wire::Bytes bytes) {
  return shown(bytes, [](std::string& out, char c) {
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  });
}

std::string printable_or_hex(wire::Bytes bytes) {
  return std::ranges::all_of(wire::as_text(bytes), is_printable) ? printable(bytes) : hex(bytes);
}

}  // namespace pixie::dhcp
