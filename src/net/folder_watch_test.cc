#include "net/folder_watch.h"

#include <filesystem>
#include <fstream>
#include <future>

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

}  // namespace
}  // namespace pixie::net
