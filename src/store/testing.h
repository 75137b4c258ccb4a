// What the tests of the store and the registry share: machines by number, and folders that go away.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "wire/mac.h"

namespace pixie::store {

inline wire::Mac mac(unsigned number) {
  wire::Mac made{{0x52, 0x54, 0, 0, 0, 0}};
  made.octets[4] = static_cast<std::uint8_t>(number >> 8);
  made.octets[5] = static_cast<std::uint8_t>(number);
  return made;
}

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "pixie-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) std::abort();
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Contents = std::map<std::string, std::string>;

/// Of each file in the folder.
inline Contents contents(const std::string& folder) {
  Contents found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    found[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return found;
}

/// The folder has these files and no others.
inline void restore(const std::string& folder, const Contents& files) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::filesystem::remove(entry.path());
  }
  for (const auto& [name, content] : files) {
    std::ofstream(folder + "/" + name, std::ios::binary) << content;
  }
}

inline void overwrite(const std::string& path, std::uintmax_t at, std::string_view bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
}

}  // namespace pixie::store
