#include "images/read_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/limits.h"
#include "images/metadata.h"
#include "images/testing_iso.h"
#include "images/testing_udf.h"

namespace pixie::images {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT(google-build-using-namespace): the discs

/// A bridge disc: UDF has `udf`, Joliet has `joliet`, the primary volume `plain`, or with Rock Ridge `rock`.
Disc bridge(bool rock_ridge, bool with_udf, bool with_joliet) {
  UdfDisc disc;
  disc.write_folder(udf_root_block, {{"udf", 2}});
  disc.write_entry(2, {file_type, embedded_form, 0, ""});
  write_volume(disc, 16, 1, 100);
  testing::write_folder(disc, 100, {{"PLAIN.;1", 30, 0, 0, rock_ridge ? name_field("rock") : ""}},
                        rock_ridge ? rock_ridge_root() : "");
  write_volume(disc, 17, 2, 102, "", with_joliet ? "%/E" : "");
  testing::write_folder(disc, 102, {{utf16(u"joliet"), 30, 0}});
  disc.write(18, std::string_view("\xff"
                                  "CD001\1\0",
                                  8));
  disc.write(19, std::string_view("\0BEA01\1", 7));
  disc.write(20, with_udf ? std::string_view("\0NSR02\1", 7) : std::string_view("\0TEA01\1", 7));
  return disc;
}

std::string only_file(const Disc& disc) {
  const auto index = disc.read();
  return index ? std::string((*index)->entries("")[0].name) : index.error().text;
}

TEST(ReadIndex, ChoosesTheBestFileSystem) {
  EXPECT_EQ(only_file(bridge(true, true, true)), "rock");
  EXPECT_EQ(only_file(bridge(false, true, true)), "udf");
  EXPECT_EQ(only_file(bridge(false, false, true)), "joliet");
  EXPECT_EQ(only_file(bridge(false, false, false)), "plain");
  auto without_anchor = bridge(false, true, false);
  without_anchor.write(256, "gone");
  EXPECT_EQ(only_file(without_anchor), "plain");
  auto damaged = bridge(false, true, true);
  damaged.write(32, "damaged");
  EXPECT_THAT(only_file(damaged), HasSubstr("UDF's volume descriptor"));
}

/// Counts what is read, and fails where told.
class Watched : public Source {
 public:
  explicit Watched(std::uint64_t size) : size_(size) {}

  std::uint64_t size() const override { return size_; }
  bool read(std::uint64_t offset, std::span<std::byte> out) const override {
    ++reads;
    bytes += out.size();
    std::ranges::fill(out, std::byte{7});
    return offset + out.size() <= fails_at;
  }

  mutable std::uint64_t reads = 0, bytes = 0;
  std::uint64_t fails_at = ~0ULL;

 private:
  std::uint64_t size_;
};

TEST(Metadata, ReadsAheadWhereReadsFollowEachOther) {
  const Watched source(100 << 20);
  Metadata image(source);
  std::array<std::byte, sector> block;
  for (std::uint64_t i = 0; i < 10'000; ++i) ASSERT_TRUE(image.read(i * sector, block));
  EXPECT_LT(source.reads, 100U);
  EXPECT_LT(source.bytes, 10'000 * sector + (1 << 20));
}

TEST(Metadata, ReadsLittleWhereReadsAreScattered) {
  const Watched source(100 << 20);
  Metadata image(source);
  std::array<std::byte, sector> block;
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(image.read((100 - i) << 19, block));
  EXPECT_LE(source.bytes, 100U * 4096);
}

TEST(Metadata, ReadsLittleWhereFilesLieBetween) {
  const Watched source(100 << 20);
  Metadata image(source);
  std::array<std::byte, sector> block;
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(image.read(i * sector, block));
  const auto before = source.bytes;
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(image.read((4 << 20) + (i << 17), block));
  EXPECT_LE(source.bytes - before, 100U * 4096);
}

TEST(Metadata, EndsAtTheImagesEndAndAtTheLimit) {
  Watched source(5000);
  Metadata image(source);
  EXPECT_TRUE(image.read(4999, 1));
  EXPECT_EQ(image.read(0, 5000)->size(), 5000U);
  for (const auto& [offset, length] :
       {std::pair{4999ULL, 2ULL}, {5001ULL, 0ULL}, {~0ULL, 2ULL}, {0ULL, ~0ULL}}) {
    EXPECT_FALSE(image.read(offset, length)) << offset;
  }
  std::size_t reads = 0;
  while (image.read(0, 1)) ++reads;
  EXPECT_GT(reads, 1000U);
  EXPECT_LT(reads, 5000U);

  source.fails_at = 4500;
  Metadata broken(source);
  EXPECT_TRUE(broken.read(0, 100));
  EXPECT_THAT(broken.read(4600, 100).error().text, HasSubstr("can't be read"));
}

}  // namespace
}  // namespace pixie::images
