#include "net/folder_watch.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string_view>

#include <gtest/gtest.h>

namespace pixie::net {
namespace {

namespace fs = std::filesystem;
using News = FolderWatch::News;

class FolderWatchTest : public testing::Test {
 protected:
  FolderWatchTest() {
    char name[] = "/tmp/pixie-watch-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~FolderWatchTest() override { fs::remove_all(folder_); }

  void write(const fs::path& file) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << "text";
  }

  fs::path folder_;
};

TEST_F(FolderWatchTest, TellsOfFilesMadeChangedAndRemoved) {
  FolderWatch watch(folder_);
  write("a");
  EXPECT_EQ(watch.wait(), News::changed);
  write("a");
  EXPECT_EQ(watch.wait(), News::changed);
  fs::remove(folder_ / "a");
  EXPECT_EQ(watch.wait(), News::changed);
}

TEST_F(FolderWatchTest, FollowsIntoFoldersThatAreMadeLater) {
  FolderWatch watch(folder_);
  fs::create_directories(folder_ / "templates/deep");
  EXPECT_EQ(watch.wait(), News::changed);
  write("templates/deep/file");
  EXPECT_EQ(watch.wait(), News::changed);
}

TEST_F(FolderWatchTest, SeesTheFolderReplaced) {
  fs::create_directories(folder_ / "one");
  fs::create_directories(folder_ / "two");
  fs::create_directory_symlink("one", folder_ / "current");
  FolderWatch watch(folder_ / "current");
  fs::create_directory_symlink("two", folder_ / "next");
  fs::rename(folder_ / "next", folder_ / "current");
  EXPECT_EQ(watch.wait(), News::changed);
  write("two/file");
  EXPECT_EQ(watch.wait(), News::changed);
}

TEST_F(FolderWatchTest, EndsWhenItIsStoppedAndReturnsWhenPoked) {
  FolderWatch watch(folder_);
  watch.poke();
  EXPECT_EQ(watch.wait(), News::changed);
  auto waiting = std::async(std::launch::async, [&watch] { return watch.wait(); });
  watch.stop();
  EXPECT_EQ(waiting.get(), News::stopped);
}

TEST_F(FolderWatchTest, WaitsNoLongerThanItIsTold) {
  FolderWatch watch(folder_);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_EQ(watch.wait(now), News::nothing);
  EXPECT_EQ(watch.wait(now + std::chrono::milliseconds(20)), News::nothing);
  EXPECT_GE(std::chrono::steady_clock::now() - now, std::chrono::milliseconds(20));
  write("a");
  EXPECT_EQ(watch.wait(now), News::changed);
}

TEST_F(FolderWatchTest, LeavesOutWhatIsBelowSomeFolders) {
  write("large/inner/file");
  write("small/inner/file");
  FolderWatch watch(folder_, [](std::string_view path) { return path != "large"; });
  write("large/inner/other");
  EXPECT_EQ(watch.wait({}), News::nothing);
  write("large/other");
  EXPECT_EQ(watch.wait(), News::changed);
  write("small/inner/other");
  EXPECT_EQ(watch.wait(), News::changed);
}

}  // namespace
}  // namespace pixie::net
