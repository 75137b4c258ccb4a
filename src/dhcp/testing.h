// For tests: the captured messages of testdata/packets.txt.
#pragma once

#include <cstddef>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "wire/testing_source.h"

namespace pixie::dhcp {

/// The messages by name. A line of hexadecimal digits only (which has an even length) belongs to
/// the message whose name is the last line that is none.
inline std::map<std::string, std::vector<std::byte>> captured_messages() {
  std::ifstream file(wire::source_folder() + "/src/dhcp/testdata/packets.txt");
  std::map<std::string, std::vector<std::byte>> messages;
  std::vector<std::byte>* message = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.find_first_not_of("0123456789abcdef") != std::string::npos) {
      message = &messages[line];
      continue;
    }
    if (!message) throw std::runtime_error("testdata/packets.txt: expected a name first");
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      message->push_back(static_cast<std::byte>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
  }
  return messages;
}

}  // namespace pixie::dhcp
