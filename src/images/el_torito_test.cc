#include "images/el_torito.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/testing_iso.h"

namespace pixie::images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT(google-build-using-namespace): the discs

std::string validation(std::uint8_t platform) {
  std::string entry = "\1" + number(platform, 1);
  entry.resize(28);
  entry += number(0, 2) + "\x55\xaa";
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < entry.size(); i += 2) {
    sum += static_cast<unsigned char>(entry[i]) | static_cast<unsigned char>(entry[i + 1]) << 8;
  }
  return entry.replace(28, 2, number(0x10000 - (sum & 0xffff), 2));
}

std::string entry(std::uint8_t medium, std::uint16_t sectors, std::uint32_t block,
                  std::uint8_t indicator = 0x88) {
  std::string bytes = number(indicator, 1) + number(medium, 1) + std::string(4, '\0') +
                      number(sectors, 2) + number(block, 4);
  bytes.resize(32);
  return bytes;
}

std::string section(bool last, std::uint8_t platform, std::uint16_t count) {
  std::string bytes = number(last ? 0x91 : 0x90, 1) + number(platform, 1) + number(count, 2);
  bytes.resize(32);
  return bytes;
}

/// A disc whose catalogue, in sector 25, is this; it has a file of 5,000 bytes in sector 30.
Disc disc_with(std::string_view catalogue) {
  auto disc = iso_disc({{"BOOT.IMG;1", 30, 5000}});
  disc.write(17, std::string_view("\0CD001\1EL TORITO SPECIFICATION", 30));
  disc.write(17, number(25, 4), 71);
  disc.write(18,
             "\xff"
             "CD001\1");
  disc.write(25, catalogue);
  return disc;
}

std::vector<Index::BootImage> boot_images(const Disc& disc) {
  const auto index = *disc.read();
  return {index->boot_images().begin(), index->boot_images().end()};
}

constexpr std::uint64_t end = 64 * sector;

TEST(ElTorito, ReadsTheDefaultEntryAndSections) {
  const auto disc = disc_with(validation(0) + entry(0, 4, 30) + section(false, 0xef, 1) +
                              entry(0, 10, 40) + section(true, 2, 2) + entry(0, 1, 41) +
                              entry(0, 0, 0, 0x44) + entry(0, 1, 42) + entry(0, 1, 43));
  EXPECT_THAT(boot_images(disc), ElementsAre(Index::BootImage{0, {30 * sector, 5000}},
                                             Index::BootImage{0xef, {40 * sector, 5120}},
                                             Index::BootImage{2, {41 * sector, 512}},
                                             Index::BootImage{2, {42 * sector, 512}}));
}

TEST(ElTorito, TakesTheLengthFromTheMedium) {
  auto disc = disc_with(validation(0xef) + entry(0, 0, 40) + section(true, 0, 3) + entry(2, 1, 50) +
                        entry(4, 1, 51) + entry(4, 1, 52));
  disc.write(51, number(2, 4) + number(6, 4), 446 + 8);
  EXPECT_THAT(boot_images(disc),
              ElementsAre(Index::BootImage{0xef, {40 * sector, end - 40 * sector}},
                          Index::BootImage{0, {50 * sector, end - 50 * sector}},
                          Index::BootImage{0, {51 * sector, 4096}}));
}

TEST(ElTorito, LeavesOutWhatIsNotBootable) {
  EXPECT_THAT(boot_images(disc_with(validation(0) + entry(0, 4, 30, 0))), IsEmpty());
  EXPECT_THAT(boot_images(disc_with(std::string(64, '\0'))), IsEmpty());
  auto damaged = validation(0) + entry(0, 4, 30);
  damaged[5] = 'x';
  EXPECT_THAT(boot_images(disc_with(damaged)), IsEmpty());
}

TEST(ElTorito, SurvivesSectionsWithoutEnd) {
  std::string catalogue = validation(0) + entry(0, 1, 30) + section(false, 0, 0xffff);
  while (catalogue.size() < 2 * sector) catalogue += entry(0, 1, 41);
  EXPECT_EQ(boot_images(disc_with(catalogue)).size(), 62U);
}

TEST(ElTorito, RefusesWhatIsBeyondTheImage) {
  const auto outside = disc_with(validation(0) + entry(0, 4, 64)).read();
  ASSERT_FALSE(outside);
  EXPECT_THAT(outside.error().text, HasSubstr("a boot image lies at byte 131072"));
  auto disc = disc_with("");
  disc.write(17, number(64, 4), 71);
  const auto catalogue = disc.read();
  ASSERT_FALSE(catalogue);
  EXPECT_THAT(catalogue.error().text, HasSubstr("the boot catalogue lies at"));
}

}  // namespace
}  // namespace pixie::images
