#include "library/library.h"

#include <condition_variable>
#include <functional>

#include <gtest/gtest.h>

#include "events/catalogue.h"
#include "library/testing.h"

namespace pixie::library {
namespace {

/// Counts the events of each kind.
class Counter final : public events::View {
 public:
  bool wants(const events::Kind&) const override { return true; }
  void take(const events::Record& record) override {
    const std::lock_guard lock(mutex_);
    ++counts_[&record.kind];
  }
  int count(const events::Kind& kind) {
    const std::lock_guard lock(mutex_);
    return counts_[&kind];
  }

 private:
  std::mutex mutex_;
  std::map<const events::Kind*, int> counts_;
};

class LibraryTest : public testing::Test {
 protected:
  LibraryTest() { events.add(counter); }

  void start(Library& library) {
    library.load();
    library.start([this](const Library::Snapshot&) {
      const std::lock_guard lock(mutex);
      changed.notify_all();
    });
  }
  /// Whether it becomes so within ten seconds; looked at with each new snapshot.
  bool becomes(Library& library, const std::function<bool(const images::Images&)>& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10),
                            [&] { return condition(*library.images()); });
  }
  static const images::Image* image(const images::Images& images, const std::string& name) {
    const auto found = images.all.find(name);
    return found == images.all.end() ? nullptr : &found->second;
  }
  static bool is_indexed(const images::Images& images, const std::string& name) {
    const auto* found = image(images, name);
    return found && found->index && !found->pending;
  }

  TestFolder folder;
  TestFolder state;
  Counter counter;
  events::Stream events;
  std::mutex mutex;
  std::condition_variable changed;
};

TEST_F(LibraryTest, IndexesWhatIsThereAndWhatComes) {
  folder.write("a.iso", small_iso("hello"));
  Library library(folder.path(), state.path(), events);
  start(library);
  ASSERT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  const auto index = image(*library.images(), "a")->index;
  EXPECT_EQ(index->volume_id(), "TEST");
  ASSERT_TRUE(index->find("file.txt"));
  EXPECT_EQ(index->find("file.txt")->size, 5U);

  folder.write("new/b.iso", small_iso("world"));
  EXPECT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "new/b"); }));
  EXPECT_EQ(image(*library.images(), "a")->index, index) << "it was not read again";
  std::filesystem::remove(folder.path("a.iso"));
  EXPECT_TRUE(becomes(library, [](const auto& now) { return !image(now, "a"); }));
}

TEST_F(LibraryTest, ReadsAnImageAgainWhenItIsReplaced) {
  folder.write("a.iso", small_iso("old"));
  Library library(folder.path(), state.path(), events);
  start(library);
  ASSERT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  folder.write("b", small_iso("newer"));
  std::filesystem::rename(folder.path("b"), folder.path("a.iso"));
  EXPECT_TRUE(becomes(library, [](const auto& now) {
    return is_indexed(now, "a") && image(now, "a")->index->find("FILE.TXT")->size == 5;
  }));
}

TEST_F(LibraryTest, NamesAFaultAndTriesAgainWhenTheFileChanges) {
  const auto whole = small_iso(std::string(100'000, 'x'));
  folder.write("a.iso", std::string_view(whole).substr(0, 60'000));
  Library library(folder.path(), state.path(), events);
  start(library);
  ASSERT_TRUE(becomes(library, [](const auto& now) {
    const auto* found = image(now, "a");
    return found && !found->fault.empty() && !found->pending;
  }));
  folder.write("a.iso", whole);
  EXPECT_TRUE(becomes(library, [](const auto& now) {
    return is_indexed(now, "a") && image(now, "a")->fault.empty();
  }));
}

TEST_F(LibraryTest, WaitsForAFileThatGrows) {
  const auto whole = small_iso(std::string(100'000, 'x'));
  Library library(folder.path(), state.path(), events);
  start(library);
  std::ofstream file(folder.path("a.iso"), std::ios::binary);
  file << whole.substr(0, 60'000) << std::flush;
  ASSERT_TRUE(becomes(library, [](const auto& now) { return image(now, "a") != nullptr; }));
  EXPECT_TRUE(image(*library.images(), "a")->pending);
  file << whole.substr(60'000) << std::flush;
  file.close();
  EXPECT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  library.stop();  // what is told comes after what is so
  events.drain();
  EXPECT_EQ(counter.count(events::images_failed), 0);
}

TEST_F(LibraryTest, WaitsForAFolderThatIsCopied) {
  folder.write("a/boot/grub/grub.cfg");
  folder.write("a/vmlinuz");
  for (const auto* each : {"a/boot/grub", "a/boot", "a"}) folder.age(each, std::chrono::hours(1));
  Library library(folder.path(), state.path(), events);
  start(library);
  ASSERT_TRUE(image(*library.images(), "a"));
  EXPECT_FALSE(image(*library.images(), "a")->pending);

  folder.write("a/boot/grub/fonts.pf2");
  library.follow(folder.path());
  EXPECT_TRUE(becomes(library, [](const auto& now) { return image(now, "a")->pending; }));
  EXPECT_TRUE(becomes(library, [](const auto& now) { return !image(now, "a")->pending; }));
  library.stop();  // what is told comes after what is so
  events.drain();
  EXPECT_EQ(counter.count(events::images_found), 1);
}

TEST_F(LibraryTest, KnowsAfterARestartWhatItRead) {
  folder.write("a.iso", small_iso("hello"));
  {
    Library library(folder.path(), state.path(), events);
    start(library);
    ASSERT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  }
  Library library(folder.path(), state.path(), events);
  library.load();
  ASSERT_TRUE(is_indexed(*library.images(), "a"));
  EXPECT_EQ(image(*library.images(), "a")->index->find("FILE.TXT")->size, 5U);

  // Of another version of the file nothing is known.
  folder.write("a.iso", small_iso("other"));
  Library again(folder.path(), state.path(), events);
  again.load();
  EXPECT_TRUE(image(*again.images(), "a")->pending);
}

TEST_F(LibraryTest, ForgetsWhatItKeptOfImagesThatAreGone) {
  folder.write("a.iso", small_iso("hello"));
  Library library(folder.path(), state.path(), events);
  start(library);
  ASSERT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  const auto kept = [this] {
    return std::distance(std::filesystem::directory_iterator(state.path()), {});
  };
  EXPECT_EQ(kept(), 1);
  std::filesystem::remove(folder.path("a.iso"));
  ASSERT_TRUE(becomes(library, [](const auto& now) { return !image(now, "a"); }));
  library.stop();
  EXPECT_EQ(kept(), 0);
}

TEST_F(LibraryTest, TakesADamagedIndexForNone) {
  folder.write("a.iso", small_iso("hello"));
  {
    Library library(folder.path(), state.path(), events);
    start(library);
    ASSERT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  }
  for (const auto& file : std::filesystem::directory_iterator(state.path())) {
    const auto size = std::filesystem::file_size(file.path());
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(size - 3)).put('\xaa');
  }
  Library library(folder.path(), state.path(), events);
  library.load();
  EXPECT_TRUE(image(*library.images(), "a")->pending);
}

TEST_F(LibraryTest, RemovesUploadsThatNobodyWentOnWith) {
  folder.write(".a.iso.100.part");
  folder.write(".b.iso.100.part");
  folder.age(".b.iso.100.part", std::chrono::hours(25));
  Library library(folder.path(), state.path(), events);
  library.load();
  EXPECT_TRUE(std::filesystem::exists(folder.path(".a.iso.100.part")));
  EXPECT_FALSE(std::filesystem::exists(folder.path(".b.iso.100.part")));
  ASSERT_EQ(library.images()->uploads.size(), 1U);
  EXPECT_EQ(library.images()->uploads[0].file, "a.iso");
}

TEST_F(LibraryTest, RefusesALinkThatLeadsOut) {
  TestFolder elsewhere;
  elsewhere.write("a.iso", small_iso("secret"));
  std::filesystem::create_symlink(elsewhere.path("a.iso"), folder.path("a.iso"));
  Library library(folder.path(), state.path(), events);
  start(library);
  EXPECT_TRUE(becomes(library, [](const auto& now) {
    const auto* found = image(now, "a");
    return found && found->fault.contains("symbolic link");
  }));
}

TEST_F(LibraryTest, HasNoImagesWithoutAFolder) {
  Library library("", state.path(), events);
  start(library);
  EXPECT_TRUE(library.images()->folder.empty());
  folder.write("a.iso", small_iso("hello"));
  library.follow(folder.path());
  EXPECT_TRUE(becomes(library, [](const auto& now) { return is_indexed(now, "a"); }));
  library.follow("");
  EXPECT_TRUE(library.images()->all.empty());
}

}  // namespace
}  // namespace pixie::library
