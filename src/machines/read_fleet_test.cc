#include "machines/read_fleet.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/testing_source.h"

namespace pixie::machines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class ReadFleet : public ::testing::Test {
 protected:
  ReadFleet() {
    std::string pattern = (fs::temp_directory_path() / "pixie-fleet-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~ReadFleet() override { fs::remove_all(folder); }

  void write(const std::string& name, std::string_view content) const {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << content;
  }
  std::vector<std::string> mistakes() const {
    std::vector<std::string> lines;
    const auto fleet = read_fleet(folder.string());
    if (fleet) return lines;
    for (const auto& mistake : fleet.error()) lines.push_back(mistake.one_line());
    return lines;
  }

  fs::path folder;
};

TEST_F(ReadFleet, OfAnEmptyFolderIsEmpty) {
  EXPECT_THAT(mistakes(), IsEmpty());
  EXPECT_THAT(read_sources(folder.string()).settings, IsEmpty());
}

TEST_F(ReadFleet, OfNoFolderIsAMistake) {
  fs::remove(folder);
  EXPECT_THAT(mistakes(), ElementsAre(HasSubstr("can't be read: No such file")));
}

TEST_F(ReadFleet, FindsAllItsFiles) {
  write("pixie.toml", "[profiles.a]\nscript = \"a.ipxe\"\n");
  write("pixie.d/b.toml", "[profiles]\nb = { menu = true, script='sub/b.ipxe' }\n");
  write("pixie.d/a.toml", "[profiles.c]\nlocal = true\n");
  write("pixie.d/note.txt", "no settings");
  write("a.ipxe", "#!ipxe\n");
  write("sub/b.ipxe", "#!ipxe\n");
  write("templates/x/preseed.cfg", "{{mac}}");
  write("templates/.hidden", "{{");
  write("templates/copy~", "{{");
  const auto sources = read_sources(folder.string());
  ASSERT_EQ(sources.settings.size(), 3U);
  EXPECT_EQ(sources.settings[1].name, "pixie.d/a.toml");
  EXPECT_THAT(mistakes(), IsEmpty());
  EXPECT_THAT((*read_fleet(folder.string()))->text_names(), ElementsAre("x/preseed.cfg"));
}

TEST_F(ReadFleet, RefusesLinksThatLeadOut) {
  write("pixie.toml", "[profiles.a]\nscript = \"out.ipxe\"\n");
  fs::create_symlink("/etc/passwd", folder / "out.ipxe");
  fs::create_directories(folder / "templates");
  fs::create_symlink("/etc/hostname", folder / "templates/out");
  fs::create_symlink("../pixie.toml", folder / "templates/in");
  EXPECT_THAT(
      mistakes(),
      ElementsAre("pixie.toml:2:10: out.ipxe is a link that leads out of the scripts folder",
                  HasSubstr("templates/out is a link that leads out")));
}

TEST_F(ReadFleet, RefusesWhatIsTooLargeOrNoFile) {
  write("templates/large", std::string((1 << 20) + 1, 'x'));
  write("templates/fits", std::string(1 << 20, 'x'));
  ASSERT_EQ(mkfifo((folder / "templates/pipe").c_str(), 0600), 0);
  EXPECT_THAT(mistakes(), ElementsAre(HasSubstr("templates/large is larger than 1 MiB"),
                                      HasSubstr("templates/pipe is no file")));
}

TEST_F(ReadFleet, AScriptInARemarkMayBeMissing) {
  write("pixie.toml", "# script = \"none.ipxe\"\n[profiles.a]\nscript = \"a.ipxe\"\n");
  EXPECT_THAT(mistakes(), ElementsAre("pixie.toml:3:10: a.ipxe is not in the scripts folder"));
}

TEST_F(ReadFleet, TheFingerprintIsOfAllContents) {
  std::vector<std::size_t> seen;
  const auto is_new = [&] {
    const auto now = fingerprint(read_sources(folder.string()));
    EXPECT_EQ(fingerprint(read_sources(folder.string())), now);
    const bool found = std::ranges::find(seen, now) != seen.end();
    seen.push_back(now);
    return !found;
  };
  EXPECT_TRUE(is_new());
  write("pixie.toml", "[profiles.a]\nscript = \"a.ipxe\"\n");
  EXPECT_TRUE(is_new());
  write("a.ipxe", "#!ipxe\n");
  EXPECT_TRUE(is_new());
  write("a.ipxe", "#!ipxe\n\n");
  EXPECT_TRUE(is_new());
  write("templates/t", "");
  EXPECT_TRUE(is_new());
  write("52-54-00-12-34-56.ipxe", "#!ipxe\n");
  EXPECT_FALSE(is_new());
}

TEST(Example, LoadsWithoutAMistake) {
  const auto fleet = read_fleet(wire::source_folder() + "/examples/fleet");
  if (!fleet) {
    for (const auto& mistake : fleet.error()) ADD_FAILURE() << mistake.one_line();
  } else {
    EXPECT_FALSE((*fleet)->profiles().empty());
    EXPECT_FALSE((*fleet)->rules().empty());
  }
}

}  // namespace
}  // namespace pixie::machines
