#include "tree/tree.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pixie::tree {
namespace {

namespace fs = std::filesystem;

const auto server = *wire::IpAddress::parse("192.0.2.1");

/// A scripts folder, an extra folder and a ROM folder in a temporary place.
class TreeTest : public testing::Test {
 protected:
  TreeTest() {
    char name[] = "/tmp/pixie-tree-XXXXXX";
    base_ = mkdtemp(name);
    for (const auto* folder : {"scripts", "extra", "roms"}) fs::create_directory(base_ / folder);
  }
  ~TreeTest() override { fs::remove_all(base_); }

  void write(const std::string& file, std::string_view text) {
    fs::create_directories((base_ / file).parent_path());
    std::ofstream(base_ / file) << text;
  }

  Layout layout(bool with_roms = false) const {
    Layout layout;
    layout.scripts = base_ / "scripts";
    layout.extra = base_ / "extra";
    if (with_roms) layout.roms = base_ / "roms";
    layout.catalogue = with_roms ? std::make_shared<const roms::Catalogue>(
                                       std::move(*roms::Catalogue::with_overlay(base_ / "roms")))
                                 : std::make_shared<const roms::Catalogue>();
    return layout;
  }

  static std::string told(const Wanted& wanted) {
    constexpr std::array names{"script", "text", "menu"};
    return fmt::format("wanted: {} {} {}", names[static_cast<std::size_t>(wanted.what)],
                       wanted.machine ? wanted.machine->hyphens() : "-", wanted.name);
  }
  static std::string text_of(const Answer& answer) {
    if (const auto* refusal = std::get_if<Refusal>(&answer)) return "refused: " + refusal->text;
    if (const auto* wanted = std::get_if<Wanted>(&answer)) return told(*wanted);
    const auto* body = std::get_if<Body>(&answer);
    if (!body) return "folder";
    std::string text(body->size(), '\0');
    EXPECT_EQ(body->read(0, std::as_writable_bytes(std::span(text))),
              static_cast<std::ptrdiff_t>(text.size()));
    return text;
  }
  std::string get(const std::string& path) { return text_of(Tree(layout()).resolve(path)); }
  static Refusal::Reason reason(const Answer& answer) { return std::get<Refusal>(answer).reason; }

  fs::path base_;
};

TEST_F(TreeTest, ServesBothFolders) {
  write("scripts/a.ipxe", "script");
  write("extra/linux/vmlinuz", "kernel");
  EXPECT_EQ(get("ipxe/a.ipxe"), "script");
  EXPECT_EQ(get("extra/linux/vmlinuz"), "kernel");
  EXPECT_EQ(get("extra/linux"), "folder");
  EXPECT_EQ(get("extra"), "folder");
  EXPECT_EQ(get(""), "folder");
  EXPECT_TRUE(get("extra/none").starts_with("refused: There is no extra/none"));
}

TEST_F(TreeTest, GivesAMachineItsOwnScriptAndLeavesTheRestToOthers) {
  const auto asked = "ipxe/52-54-00-00-00-01.ipxe";
  const auto mac = *wire::Mac::parse("525400000001");
  Tree tree(layout());
  EXPECT_EQ(get(asked), "wanted: script 52-54-00-00-00-01 ");
  EXPECT_FALSE(tree.own_script(mac));
  EXPECT_FALSE(tree.default_script());
  const auto message = tree.no_script(mac, server);
  EXPECT_EQ(message.kind, Body::Kind::no_script);
  EXPECT_EQ(message.machine, mac);
  write("scripts/default.ipxe", "default");
  write("scripts/52-54-00-00-00-01.ipxe", "own");
  EXPECT_EQ(get(asked), "own");
  EXPECT_EQ(tree.own_script(mac)->machine, mac);
  EXPECT_EQ(tree.default_script()->size(), 7U);
}

TEST_F(TreeTest, LeavesProfilesTemplatesAndTheMenuToOthers) {
  EXPECT_EQ(get("profiles/rescue/52-54-00-00-00-01.ipxe"),
            "wanted: script 52-54-00-00-00-01 rescue");
  EXPECT_TRUE(get("profiles/52-54-00-00-00-01.ipxe").starts_with("refused"));
  EXPECT_EQ(get("t/etc/preseed.cfg"), "wanted: text - etc/preseed.cfg");
  EXPECT_EQ(get("chain.ipxe"), "wanted: menu - ");
}

TEST_F(TreeTest, KeepsItsOwnFilesToItself) {
  write("scripts/pixie.toml", "secret");
  write("scripts/pixie.d/a.toml", "secret");
  write("scripts/templates/preseed.cfg", "secret");
  write("scripts/sub/templates/x", "open");
  for (const auto* path : {"ipxe/pixie.toml", "ipxe/pixie.d/a.toml", "ipxe/templates/preseed.cfg"})
    EXPECT_EQ(reason(Tree(layout()).resolve(path)), Refusal::Reason::forbidden) << path;
  EXPECT_EQ(get("ipxe/sub/templates/x"), "open");
  const auto listing = std::get<Listing>(Tree(layout()).resolve("ipxe"));
  ASSERT_EQ(listing.entries.size(), 1U);
  EXPECT_EQ(listing.entries[0].name, "sub");
}

TEST_F(TreeTest, TakesAMachinesAddressInAnySpelling) {
  write("scripts/52-54-00-ab-cd-ef.ipxe", "own");
  for (const auto* name :
       {"52:54:00:ab:cd:ef.ipxe", "52-54-00-AB-CD-EF.ipxe", "525400ABCDEF.ipxe"}) {
    EXPECT_EQ(get(std::string("ipxe/") + name), "own") << name;
  }
}

TEST_F(TreeTest, AnswersChainAndAutoexecInAnyFolderUnlessThereIsAFile) {
  for (const auto* path :
       {"chain.ipxe", "autoexec.ipxe", "some/folder/autoexec.ipxe", "extra/autoexec.ipxe"}) {
    EXPECT_EQ(get(path), "wanted: menu - ") << path;
  }
  write("extra/autoexec.ipxe", "mine");
  EXPECT_EQ(get("extra/autoexec.ipxe"), "mine");
  write("scripts/chain.ipxe", "my menu");
  EXPECT_EQ(get("chain.ipxe"), "my menu");
  EXPECT_EQ(get("autoexec.ipxe"), "my menu");
}

TEST_F(TreeTest, NamesTheAdvertisedAddress) {
  auto with = layout();
  with.advertised_address = *wire::IpAddress::parse("2001:db8::7");
  with.http_port = 8080;
  EXPECT_TRUE(
      text_of(Tree(with).menu(server, {})).contains("set pixie http://[2001:db8::7]:8080\n"));
  EXPECT_EQ(Tree(with).url(server), "http://[2001:db8::7]:8080");
}

TEST_F(TreeTest, FindsRomsByAnyNameInAnyFolder) {
  const auto rom = get("undionly.kpxe");
  EXPECT_GT(rom.size(), 50'000U);
  for (const auto* name : {"UNDIONLY.KPXE", "boot/undionly.kpxe", "extra/undionly.kpxe"})
    EXPECT_EQ(get(name), rom) << name;
  EXPECT_EQ(get("snponly.efi"), get("snponly64.efi"));
  write("extra/undionly.kpxe", "mine");
  EXPECT_EQ(get("extra/undionly.kpxe"), "mine");
}

TEST_F(TreeTest, SaysHowToAddARomThatIsMissing) {
  Tree tree(layout());
  const auto answer = tree.resolve("snponly32.efi");
  if (const auto* refusal = std::get_if<Refusal>(&answer)) {
    EXPECT_EQ(refusal->reason, Refusal::Reason::rom_missing);
    EXPECT_TRUE(refusal->text.contains("pixie roms import"));
  } else {
    EXPECT_NE(roms::Catalogue().find("snponly32.efi"), nullptr)
        << "a build with the ROM answers with it";
  }
}

TEST_F(TreeTest, LetsTheRomFolderWinAlsoByFolder) {
  write("roms/snponly64.efi", "newer");
  write("roms/x86_64-sb/snponly-shim.efi", "shim");
  Tree tree(layout(true));
  EXPECT_EQ(text_of(tree.resolve("snponly.efi")), "newer");
  EXPECT_EQ(text_of(tree.resolve("x86_64-sb/snponly-shim.efi")), "shim");
}

TEST_F(TreeTest, FollowsOnlyLinksThatStayInside) {
  write("extra/real", "inside");
  write("secret", "outside");
  fs::create_symlink("real", base_ / "extra/link");
  fs::create_symlink("../secret", base_ / "extra/out");
  fs::create_symlink(base_ / "secret", base_ / "extra/absolute");
  fs::create_symlink("loop", base_ / "extra/loop");
  EXPECT_EQ(get("extra/link"), "inside");
  for (const auto* path : {"extra/out", "extra/absolute", "extra/loop"}) {
    EXPECT_EQ(reason(Tree(layout()).resolve(path)), Refusal::Reason::forbidden) << path;
  }
}

TEST_F(TreeTest, RefusesWhatIsNoFile) {
  ASSERT_EQ(mkfifo((base_ / "extra/pipe").c_str(), 0600), 0);
  EXPECT_EQ(reason(Tree(layout()).resolve("extra/pipe")), Refusal::Reason::forbidden);
}

TEST_F(TreeTest, SeesAFolderThatWasReplaced) {
  write("extra/a", "old");
  Folder folder(base_ / "extra");
  ASSERT_TRUE(folder.open("a"));
  fs::rename(base_ / "extra", base_ / "gone");
  write("extra/a", "new");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  std::string text;
  while (text != "new" && std::chrono::steady_clock::now() < until) {
    text.assign(3, '\0');
    const auto opened = folder.open("a");
    ASSERT_TRUE(opened);
    ASSERT_EQ(pread(opened->file.number(), text.data(), 3, 0), 3);
  }
  EXPECT_EQ(text, "new");
}

TEST_F(TreeTest, ChangesTheEtagWithTheContent) {
  write("extra/a", "one");
  const auto first = std::get<Body>(Tree(layout()).resolve("extra/a")).etag;
  fs::remove(base_ / "extra/a");
  write("extra/a", "two");
  const auto second = std::get<Body>(Tree(layout()).resolve("extra/a")).etag;
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.starts_with('"') && first.ends_with('"'));
}

TEST_F(TreeTest, ReadsABodyByOffsetAndTellsWhenItWasTruncated) {
  write("extra/a", "0123456789");
  const auto answer = Tree(layout()).resolve("extra/a");
  const auto& body = std::get<Body>(answer);
  std::byte buffer[4];
  EXPECT_EQ(body.read(8, buffer), 2);
  EXPECT_EQ(body.read(10, buffer), 0);
  EXPECT_EQ(body.read(std::uint64_t{1} << 63, buffer), 0);
  fs::resize_file(base_ / "extra/a", 5);
  EXPECT_EQ(body.read(4, buffer), 1);
}

}  // namespace
}  // namespace pixie::tree
