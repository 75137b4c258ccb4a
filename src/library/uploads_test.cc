#include "library/uploads.h"

#include <sys/stat.h>

#include <future>
#include <optional>

#include <gtest/gtest.h>

#include "library/testing.h"

namespace pixie::library {
namespace {

using Why = images::UploadFailure::Why;

class UploadsTest : public testing::Test {
 protected:
  UploadsTest() : uploads(folder.path(), events) {}

  template <class T>
  static T wait(const std::function<void(std::function<void(T)>)>& start) {
    std::promise<T> promise;
    auto future = promise.get_future();
    start([&](T value) { promise.set_value(std::move(value)); });
    return future.get();
  }
  Uploads::Begun begin(std::string file, std::uint64_t offset, std::uint64_t length,
                       std::uint64_t size, bool only_new = false) {
    return wait<Uploads::Begun>([&](auto done) {
      uploads.begin({std::move(file), offset, length, size, only_new}, std::move(done));
    });
  }
  static bool write(Upload& upload, std::string_view bytes) {
    return wait<bool>([&](auto done) { upload.write(bytes, std::move(done)); });
  }
  static Upload::Result end(Upload& upload) {
    return wait<Upload::Result>([&](auto done) { upload.end(std::move(done)); });
  }
  Upload::Result look_up(std::string file, std::uint64_t size, bool only_new = false) {
    return wait<Upload::Result>([&](auto done) {
      uploads.look_up({std::move(file), 0, 0, size, only_new}, std::move(done));
    });
  }
  std::optional<images::UploadFailure> remove(std::string file) {
    return wait<std::optional<images::UploadFailure>>(
        [&](auto done) { uploads.remove(std::move(file), std::move(done)); });
  }

  TestFolder folder;
  events::Stream events;
  Uploads uploads;
};

TEST_F(UploadsTest, PutsAWholeFileInItsPlace) {
  const auto upload = begin("a.iso", 0, 10, 10);
  ASSERT_TRUE(upload);
  EXPECT_TRUE(write(**upload, "01234"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("a.iso")));
  EXPECT_TRUE(write(**upload, "56789"));
  const auto result = end(**upload);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->whole);
  EXPECT_EQ(folder.read("a.iso"), "0123456789");
  EXPECT_FALSE(std::filesystem::exists(folder.path(".a.iso.10.part")));
}

TEST_F(UploadsTest, GoesOnWhereAPartEnded) {
  const auto first = begin("a.iso", 0, 10, 10);
  ASSERT_TRUE(first);
  EXPECT_TRUE(write(**first, "0123"));
  const auto cut = end(**first);
  ASSERT_TRUE(cut);
  EXPECT_FALSE(cut->whole);
  EXPECT_EQ(cut->received, 4U);
  EXPECT_EQ(look_up("a.iso", 10)->received, 4U);
  EXPECT_EQ(look_up("a.iso", 11)->received, 0U) << "a file of another size";

  const auto wrong = begin("a.iso", 5, 5, 10);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().why, Why::offset);
  EXPECT_EQ(wrong.error().received, 4U);

  const auto second = begin("a.iso", 4, 6, 10);
  ASSERT_TRUE(second);
  EXPECT_TRUE(write(**second, "456789"));
  EXPECT_TRUE(end(**second)->whole);
  EXPECT_EQ(folder.read("a.iso"), "0123456789");
}

TEST_F(UploadsTest, BeginsAnewFromZero) {
  const auto first = begin("a.iso", 0, 3, 3);
  write(**first, "xx");
  end(**first);
  const auto second = begin("a.iso", 0, 3, 3);
  ASSERT_TRUE(second);
  write(**second, "abc");
  EXPECT_TRUE(end(**second)->whole);
  EXPECT_EQ(folder.read("a.iso"), "abc");
}

TEST_F(UploadsTest, LeavesTheFieldToWhoComesLater) {
  const auto first = begin("a.iso", 0, 4, 4);
  EXPECT_TRUE(write(**first, "ab"));
  const auto second = begin("a.iso", 2, 2, 4);
  ASSERT_TRUE(second);
  EXPECT_FALSE(write(**first, "zz"));
  EXPECT_TRUE(write(**second, "cd"));
  EXPECT_TRUE(end(**second)->whole);
  const auto late = end(**first);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().why, Why::superseded);
  EXPECT_EQ(folder.read("a.iso"), "abcd");
}

TEST_F(UploadsTest, IsNotStoppedByAPartThatCanNotBeTaken) {
  const auto first = begin("a.iso", 0, 4, 4);
  EXPECT_TRUE(write(**first, "ab"));
  EXPECT_FALSE(begin("a.iso", 1, 3, 4));
  EXPECT_TRUE(write(**first, "cd"));
  EXPECT_TRUE(end(**first)->whole);
  EXPECT_EQ(folder.read("a.iso"), "abcd");
}

TEST_F(UploadsTest, LeavesThePlaceToWhoSendsIt) {
  const auto upload = begin("a.iso", 0, 4, 4);
  EXPECT_TRUE(write(**upload, "abcd"));
  const auto state = look_up("a.iso", 4);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->received, 4U);
  EXPECT_FALSE(state->whole);
  const auto result = end(**upload);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->whole);
  EXPECT_EQ(folder.read("a.iso"), "abcd");
}

TEST_F(UploadsTest, KeepsWhatIsThereIfToldTo) {
  const auto upload = begin("a.iso", 0, 3, 3, true);
  ASSERT_TRUE(upload);
  EXPECT_TRUE(write(**upload, "new"));
  folder.write("a.iso", "old");
  const auto late = end(**upload);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().why, Why::exists);
  const auto again = begin("a.iso", 0, 3, 3, true);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().why, Why::exists);
  const auto state = look_up("a.iso", 3, true);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().why, Why::exists);
  EXPECT_EQ(folder.read("a.iso"), "old");

  EXPECT_TRUE(look_up("a.iso", 3)->whole) << "what came is still here";
  EXPECT_EQ(folder.read("a.iso"), "new");
}

TEST_F(UploadsTest, PutsANewFileInItsPlace) {
  const auto upload = begin("a.iso", 0, 3, 3, true);
  ASSERT_TRUE(upload);
  EXPECT_TRUE(write(**upload, "new"));
  EXPECT_TRUE(end(**upload)->whole);
  EXPECT_EQ(folder.read("a.iso"), "new");
}

TEST_F(UploadsTest, PutsInItsPlaceWhatWasWholeBefore) {
  folder.write(".a.iso.3.part", "abc");
  const auto result = look_up("a.iso", 3);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->whole);
  EXPECT_EQ(folder.read("a.iso"), "abc");
}

TEST_F(UploadsTest, WritesNowhereElse) {
  folder.write("file.iso");
  std::filesystem::create_directory_symlink("/tmp", folder.path("out"));
  for (const auto* file : {"none/a.iso", "file.iso/a.iso", "out/a.iso"}) {
    const auto upload = begin(file, 0, 1, 1);
    ASSERT_FALSE(upload) << file;
    EXPECT_EQ(upload.error().why, Why::forbidden) << file;
  }
  EXPECT_TRUE(begin("none/a.iso", 0, 1, 1).error().text.contains("make it first"));
  EXPECT_TRUE(begin("out/a.iso", 0, 1, 1).error().text.contains("symbolic link"));
  std::filesystem::create_symlink("/tmp/pixie-out-of-the-folder", folder.path(".l.iso.1.part"));
  EXPECT_FALSE(begin("l.iso", 0, 1, 1));
  EXPECT_FALSE(std::filesystem::exists("/tmp/pixie-out-of-the-folder"));
}

TEST_F(UploadsTest, NeedsRoom) {
  const auto upload = begin("a.iso", 0, 1, std::uint64_t{1} << 60);
  ASSERT_FALSE(upload);
  EXPECT_EQ(upload.error().why, Why::no_room);
  EXPECT_FALSE(look_up("a.iso", std::uint64_t{1} << 60));
  EXPECT_FALSE(std::filesystem::exists(folder.path(".a.iso.1152921504606846976.part")));
}

TEST_F(UploadsTest, RemovesAnImageOrWhatIsHereOfIt) {
  folder.write("a.iso");
  folder.write(".a.iso.5.part");
  EXPECT_FALSE(remove("a.iso"));
  EXPECT_TRUE(std::filesystem::exists(folder.path(".a.iso.5.part")));
  EXPECT_FALSE(remove("a.iso"));
  EXPECT_FALSE(std::filesystem::exists(folder.path(".a.iso.5.part")));
  const auto none = remove("a.iso");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->why, Why::not_found);
}

TEST_F(UploadsTest, IsStoppedWhenItIsRemoved) {
  const auto upload = begin("a.iso", 0, 4, 4);
  EXPECT_TRUE(write(**upload, "ab"));
  EXPECT_FALSE(remove("a.iso"));
  EXPECT_FALSE(write(**upload, "cd"));
  const auto result = end(**upload);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().why, Why::superseded);
  EXPECT_EQ(result.error().received, 0U);
  EXPECT_FALSE(std::filesystem::exists(folder.path("a.iso")));
  EXPECT_FALSE(std::filesystem::exists(folder.path(".a.iso.4.part")));
}

TEST_F(UploadsTest, TakesNothingWithoutAFolder) {
  uploads.follow("");
  const auto upload = begin("a.iso", 0, 1, 1);
  ASSERT_FALSE(upload);
  EXPECT_TRUE(upload.error().text.contains("--images"));
}

}  // namespace
}  // namespace pixie::library
