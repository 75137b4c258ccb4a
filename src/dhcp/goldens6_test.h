// The messages of testdata/packets6.txt, for tests.
#pragma once

#include <charconv>
#include <cstddef>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/packet6.h"
#include "wire/testing_source.h"

namespace pixie::dhcp::test6 {

inline std::vector<std::byte> from_hex(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    unsigned byte = 0;
    std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    bytes.push_back(static_cast<std::byte>(byte));
  }
  return bytes;
}

inline const std::map<std::string, std::vector<std::byte>>& goldens6() {
  static const auto goldens = [] {
    std::map<std::string, std::vector<std::byte>> result;
    std::ifstream in(wire::source_folder() + "/src/dhcp/testdata/packets6.txt");
    for (std::string line; std::getline(in, line);) {
      const auto space = line.find(' ');
      if (line.starts_with('#') || space == std::string::npos) continue;
      result[line.substr(0, space)] = from_hex(std::string_view(line).substr(space + 1));
    }
    return result;
  }();
  return goldens;
}

/// Throws if there is no such message, or if it can't be parsed.
inline Packet6 golden6(const std::string& name) {
  auto packet = parse6(goldens6().at(name));
  if (!packet) throw std::runtime_error(name + ": " + packet.error().text);
  return *packet;
}

/// `2001:db8::1`, for tables.
inline wire::IpAddress ip(std::string_view text) { return wire::IpAddress::parse(text).value(); }

}  // namespace pixie::dhcp::test6
