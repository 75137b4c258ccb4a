#include "images/builder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/limits.h"

namespace pixie::images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t image_size = 10'000;

Index finished(Builder& builder) { return Index(builder.finish().value()); }

Expected<void> add(Builder& builder, std::string_view name, std::vector<Extent> extents) {
  return builder.add_file(Builder::root, name, 0, extents);
}

TEST(Builder, JoinsExtentsThatFollowEachOther) {
  Builder builder(image_size);
  ASSERT_TRUE(add(builder, "joined", {{100, 50}, {150, 0}, {150, 50}, {300, 1}}));
  ASSERT_TRUE(add(builder, "after", {{301, 1}}));
  ASSERT_TRUE(add(builder, "zeros", {{Extent::zeros, 5}, {Extent::zeros, 6}, {0, 1}}));
  ASSERT_TRUE(add(builder, "empty", {{99'999, 0}}));
  const auto index = finished(builder);
  EXPECT_THAT(index.find("joined")->extents, ElementsAre(Extent{100, 100}, Extent{300, 1}));
  EXPECT_EQ(index.find("joined")->size, 101U);
  EXPECT_THAT(index.find("after")->extents, ElementsAre(Extent{301, 1}));
  EXPECT_THAT(index.find("zeros")->extents, ElementsAre(Extent{Extent::zeros, 11}, Extent{0, 1}));
  EXPECT_EQ(index.find("zeros")->size, 12U);
  EXPECT_EQ(index.find("empty")->size, 0U);
}

TEST(Builder, RefusesExtentsBeyondTheImage) {
  for (const auto extent :
       {Extent{10'000, 1}, Extent{9'999, 2}, Extent{~0ULL - 1, 2}, Extent{5, ~0ULL}}) {
    Builder builder(image_size);
    const auto folder = *builder.add_folder(Builder::root, "boot", 0);
    const auto added = builder.add_file(folder, "linux", 0, {&extent, 1});
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().text, HasSubstr("/boot/linux has"));
    EXPECT_THAT(added.error().text, HasSubstr("is the file complete?"));
  }
  Builder builder(image_size);
  EXPECT_TRUE(add(builder, "all", {{0, 10'000}}));
}

TEST(Builder, KeepsNamesFitForPaths) {
  Builder builder(image_size);
  for (const auto name : {std::string_view("a/b"), std::string_view("c\0d", 3),
                          std::string_view("."), std::string_view(".."), std::string_view()}) {
    ASSERT_TRUE(add(builder, name, {{0, 1}}));
  }
  const auto index = finished(builder);
  for (const auto* name : {"a_b", "c_d", "_", "__"}) EXPECT_TRUE(index.find(name)) << name;
  EXPECT_EQ(index.files(), 4U);
}

TEST(Builder, KeepsTheFirstOfOneName) {
  Builder builder(image_size);
  ASSERT_TRUE(add(builder, "x", {{1, 1}}));
  const auto folder = builder.add_folder(Builder::root, "x", 0);
  ASSERT_TRUE(builder.add_folder(*folder, "lost", 0));
  ASSERT_TRUE(builder.add_link(*folder, "link", "/x"));
  const auto index = finished(builder);
  EXPECT_EQ(index.find("x")->kind, Index::Kind::file);
  EXPECT_EQ(index.entries("").size(), 1U);
}

TEST(Builder, RefusesWhatIsTooMuch) {
  Builder builder(image_size);
  EXPECT_FALSE(add(builder, std::string(limits::name + 1, 'n'), {}));
  EXPECT_FALSE(builder.add_link(Builder::root, "l", std::string(limits::link_target + 1, 'n')));
  auto folder = Builder::root;
  for (std::size_t i = 1; i <= limits::depth; ++i)
    folder = builder.add_folder(folder, "d", 0).value();
  const auto deeper = builder.add_folder(folder, "e", 0);
  ASSERT_FALSE(deeper);
  EXPECT_THAT(deeper.error().text, HasSubstr("/d/d/e is deeper than 128"));
}

TEST(Builder, RefusesTooManyNodes) {
  Builder builder(image_size);
  for (std::size_t i = 1; i < limits::nodes; ++i) ASSERT_TRUE(add(builder, "f", {}));
  const auto more = add(builder, "g", {});
  ASSERT_FALSE(more);
  EXPECT_THAT(more.error().text, HasSubstr("/g"));
}

TEST(Builder, RefusesNamesWithoutEnd) {
  Builder builder(image_size);
  const std::string name(limits::name, 'n');
  std::size_t count = 0;
  while (add(builder, name, {})) ++count;
  EXPECT_EQ(count, limits::text / limits::name);
}

/// A tree to follow links in: /a/b/file, /a/up -> ../top, /top/.
class Links : public ::testing::Test {
 protected:
  Builder builder{image_size};
  Builder::Folder a = builder.add_folder(Builder::root, "a", 0).value();
  Builder::Folder b = builder.add_folder(a, "b", 0).value();
  Builder::Folder top = builder.add_folder(Builder::root, "top", 0).value();

  Links() {
    const Extent extent{0, 1};
    EXPECT_TRUE(builder.add_file(b, "file", 0, {&extent, 1}));
    EXPECT_TRUE(builder.add_link(a, "up", "../top"));
  }

  void link(std::string_view name, std::string_view target) {
    ASSERT_TRUE(builder.add_link(Builder::root, name, target));
  }
};

TEST_F(Links, LeadToFilesAndFolders) {
  const std::vector<std::pair<std::string, std::string>> sound{{"plain", "a/b/file"},
                                                               {"absolute", "/a/b/file"},
                                                               {"dots", "./a/./b/../b/file"},
                                                               {"doubled", "a//b///file"},
                                                               {"above-root", "../../a/b/file"},
                                                               {"folder", "a/b"},
                                                               {"slash", "a/b/"},
                                                               {"through", "folder/file"},
                                                               {"parent", "a/up/../a/b/file"},
                                                               {"root", "/"},
                                                               {"here", "."},
                                                               {"itself-below", "root/a"},
                                                               {"chain", "through"}};
  for (const auto& [name, target] : sound) link(name, target);
  const auto index = finished(builder);
  for (const auto& [name, target] : sound) EXPECT_TRUE(index.find(name)) << name;
  EXPECT_EQ(index.find("chain")->size, 1U);
  EXPECT_TRUE(index.find("here/here/root/folder/file"));
  EXPECT_EQ(index.find("a/up")->kind, Index::Kind::folder);
}

TEST_F(Links, ThatLeadNowhereAreDropped) {
  const std::vector<std::pair<std::string, std::string>> bad{{"dangling", "nothing"},
                                                             {"case", "A/B/file"},
                                                             {"self", "self"},
                                                             {"one", "two"},
                                                             {"two", "one"},
                                                             {"grows", "grows/x"},
                                                             {"file-slash", "a/b/file/x"},
                                                             {"through-dangling", "dangling/x"},
                                                             {"empty-name", "nothing/.."}};
  for (const auto& [name, target] : bad) link(name, target);
  const auto index = finished(builder);
  for (const auto& [name, target] : bad) EXPECT_FALSE(index.find(name)) << name;
  EXPECT_EQ(index.entries("").size(), 2U);
}

TEST_F(Links, ThroughTooManyOthersAreDropped) {
  // The longest chain first, so that none was followed before.
  const auto longest = limits::links_followed + 1;
  for (auto i = longest; i > 1; --i) link(fmt::format("l{:03}", i), fmt::format("l{:03}", i - 1));
  link("l001", "a/b/file");
  const auto index = finished(builder);
  EXPECT_FALSE(index.find(fmt::format("l{:03}", longest)));
  EXPECT_TRUE(index.find(fmt::format("l{:03}", longest - 1)));
}

TEST_F(Links, ThatTakeTooManyStepsRefuseTheImage) {
  // Each of them walks 40 times through 800 names, and then in a circle.
  std::string target;
  for (int i = 0; i < 400; ++i) target += "a/../";
  target += "round";
  for (int i = 0; i < 400; ++i) link(fmt::format("l{}", i), target);
  link("round", target);
  const auto finish = builder.finish();
  ASSERT_FALSE(finish);
  EXPECT_THAT(finish.error().text, HasSubstr("symbolic links"));
}

}  // namespace
}  // namespace pixie::images
