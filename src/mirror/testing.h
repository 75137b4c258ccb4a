// For tests: entries, and a folder that goes away.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "mirror/entry.h"

namespace pixie::mirror {

inline Entry test_part(const std::string& url = "https://a.example.org/linux",
                       std::uint64_t size = 1000) {
  return {.url = url,
          .data = "0123456789abcdef",
          .size = size,
          .have = size / 2,
          .etag = "\"v1\"",
          .modified = "Sun, 06 Nov 1994 08:49:37 GMT",
          .type = "application/gzip",
          .fetched = 1'795'400'000,
          .validated = 1'795'400'100,
          .fresh = 3600};
}

inline Entry test_whole() {
  auto entry = test_part();
  entry.have = entry.size;
  entry.sha256 = std::string(64, 'a');
  return entry;
}

class TestFolder {
 public:
  TestFolder() { EXPECT_TRUE(mkdtemp(path_.data())); }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                  std::filesystem::directory_iterator()));
  }

 private:
  std::string path_ = "/tmp/pixie-mirror-XXXXXX";
};

}  // namespace pixie::mirror
