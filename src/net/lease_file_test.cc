#include "net/lease_file.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace pixie::net {
namespace {

using ::testing::HasSubstr;

class LeaseFileTest : public testing::Test {
 protected:
  ~LeaseFileTest() override { std::filesystem::remove_all(top_); }

  const std::string top_ = testing::TempDir() + fmt::format("lease_file_test-{}", getpid());
  const std::string folder_ = top_ + "/made/for/it";
};

TEST_F(LeaseFileTest, KeepsWhatIsAppendedAndReplaced) {
  auto file = LeaseFile::open(folder_, "leases");
  ASSERT_TRUE(file) << file.error().text;
  EXPECT_EQ(file->read(), "");
  EXPECT_TRUE(file->append("one\n"));
  EXPECT_TRUE(file->append("two\n"));
  EXPECT_EQ(file->read(), "one\ntwo\n");
  EXPECT_TRUE(file->replace("three\n"));
  EXPECT_TRUE(file->append("four\n"));
  EXPECT_EQ(file->read(), "three\nfour\n");
  std::ifstream other(folder_ + "/leases");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(other), {}), "three\nfour\n");
}

TEST_F(LeaseFileTest, ASnapshotTakesItsPlaceWithAllThatCameSince) {
  auto file = LeaseFile::open(folder_, "leases");
  ASSERT_TRUE(file);
  const auto snapshot = [] { return std::string("snapshot\n"); };
  ASSERT_TRUE(file->keep("before\n", false, snapshot));
  ASSERT_TRUE(file->keep("in the snapshot\n", true, snapshot));
  EXPECT_EQ(file->read(), "before\nin the snapshot\n");
  std::string since;
  const auto deadline = Clock::now() + std::chrono::minutes(1);
  while (file->read()->starts_with("before")) {
    ASSERT_LT(Clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_TRUE(file->keep("since\n", true, snapshot));
    since += "since\n";
  }
  EXPECT_EQ(file->read(), "snapshot\n" + since);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/leases.new"));
  // Not again within a minute.
  ASSERT_TRUE(file->keep("last\n", true, snapshot));
  EXPECT_EQ(file->read(), "snapshot\n" + since + "last\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/leases.new"));
}

TEST_F(LeaseFileTest, IsHeldByOne) {
  {
    auto first = LeaseFile::open(folder_, "leases");
    ASSERT_TRUE(first && first->replace("x\n"));
    const auto second = LeaseFile::open(folder_, "leases");
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().text, HasSubstr("another process"));
  }
  EXPECT_TRUE(LeaseFile::open(folder_, "leases"));
}

TEST_F(LeaseFileTest, AFolderThatCanNotBeIsSaid) {
  const auto file = LeaseFile::open("/proc/none", "leases");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text, HasSubstr("/proc/none/leases"));
}

}  // namespace
}  // namespace pixie::net
