// A folder in a temporary place, and small ISO images, for the tests of the library.
#pragma once

#include <stdlib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace pixie::library {

class TestFolder {
 public:
  TestFolder() {
    char name[] = "/tmp/pixie-library-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;

  std::string path(const std::string& below = {}) const { return path_ / below; }

  /// With a time of change an hour ago, as a file has that was moved here.
  void write(const std::string& file, std::string_view bytes = "x") const {
    const auto path = path_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    age(file, std::chrono::hours(1));
  }
  void age(const std::string& file, std::chrono::hours time) const {
    std::filesystem::last_write_time(path_ / file,
                                     std::filesystem::file_time_type::clock::now() - time);
  }
  std::string read(const std::string& file) const {
    std::ifstream in(path_ / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

/// An ISO 9660 image with one file, FILE.TXT, in its root folder (ECMA-119 sections 8 and 9).
inline std::string small_iso(std::string_view content) {
  constexpr std::size_t block = 2048;
  constexpr std::size_t root = 18;
  constexpr std::size_t file = 19;
  std::string iso((file + 1) * block + content.size(), '\0');
  const auto both_orders = [&iso](std::size_t at, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
      iso[at + i] = static_cast<char>(value >> 8 * i);
      iso[at + 2 * width - 1 - i] = iso[at + i];
    }
  };
  const auto record = [&](std::size_t at, std::size_t place, std::size_t size, bool folder,
                          std::string_view name) {
    const auto length = (33 + name.size() + 1) / 2 * 2;
    iso[at] = static_cast<char>(length);
    both_orders(at + 2, place, 4);
    both_orders(at + 10, size, 4);
    iso.replace(at + 18, 6, {126, 1, 1, 0, 0, 0});
    iso[at + 25] = folder ? 2 : 0;
    both_orders(at + 28, 1, 2);
    iso[at + 32] = static_cast<char>(name.size());
    iso.replace(at + 33, name.size(), name);
    return at + length;
  };
  const auto descriptor = [&](std::size_t number, char type) {
    iso.replace(number * block, 7, std::string{type} + "CD001\1");
    return number * block;
  };
  const auto primary = descriptor(16, 1);
  iso.replace(primary + 8, 64, std::string(64, ' '));
  iso.replace(primary + 40, 4, "TEST");
  both_orders(primary + 80, iso.size() / block, 4);
  both_orders(primary + 120, 1, 2);
  both_orders(primary + 124, 1, 2);
  both_orders(primary + 128, block, 2);
  record(primary + 156, root, block, true, {"\0", 1});
  iso[primary + 881] = 1;
  descriptor(17, '\xff');
  auto at = record(root * block, root, block, true, {"\0", 1});
  at = record(at, root, block, true, {"\1", 1});
  record(at, file, content.size(), false, "FILE.TXT;1");
  iso.replace(file * block, content.size(), content);
  return iso;
}

}  // namespace pixie::library
