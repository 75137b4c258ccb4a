#include "tftp/netascii.h"

#include <algorithm>

namespace pixie::tftp {

std::string to_netascii(std::string_view text) {
  const auto widened = std::ranges::count_if(text, [](char c) { return c == '\n' || c == '\r'; });
  std::string out;
  out.reserve(text.size() + static_cast<std::size_t>(widened));
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
    if (c == '\r') out += '\0';
  }
  return out;
}

}  // namespace pixie::tftp
