#include "tree/tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

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
  const auto message = tree.no_script(mac, {server});
  EXPECT_EQ(message.kind, Body::Kind::no_script);
  EXPECT_EQ(message.machine, mac);
  write("scripts/default.ipxe", "default");
  write("scripts/52-54-00-00-00-01.ipxe", "own");
  EXPECT_EQ(get(asked), "own");
  EXPECT_EQ((*tree.own_script(mac))->machine, mac);
  EXPECT_EQ((*tree.default_script())->size(), 7U);
}

TEST_F(TreeTest, TellsWhyAnOwnersScriptCantBeServed) {
  const auto mac = *wire::Mac::parse("525400000001");
  write("secret", "secret");
  fs::create_symlink(base_ / "secret", base_ / "scripts/default.ipxe");
  fs::create_symlink(base_ / "secret", base_ / "scripts/52-54-00-00-00-01.ipxe");
  fs::create_symlink("gone", base_ / "scripts/52-54-00-00-00-02.ipxe");
  write("scripts/file", "");
  fs::create_symlink("file/x", base_ / "scripts/52-54-00-00-00-03.ipxe");
  Tree tree(layout());
  for (const auto& script : {tree.default_script(), tree.own_script(mac)}) {
    ASSERT_TRUE(script && !*script);
    EXPECT_EQ(script->error().reason, Refusal::Reason::forbidden);
  }
  EXPECT_EQ(reason(tree.resolve("ipxe/525400000001.ipxe")), Refusal::Reason::forbidden);
  EXPECT_FALSE(tree.own_script(*wire::Mac::parse("525400000002")));
  EXPECT_FALSE(tree.own_script(*wire::Mac::parse("525400000003")));
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
      text_of(Tree(with).menu({server}, {})).contains("set pixie http://[2001:db8::7]:8080\n"));
  EXPECT_EQ(Tree(with).url({server}), "http://[2001:db8::7]:8080");
  EXPECT_EQ(Tree(with).url({server, true}), "https://[2001:db8::7]");
  with.https_port = 8443;
  const Reached by_name{.address = server, .secure = true, .name = "boot.example.org"};
  EXPECT_EQ(Tree(with).url(by_name), "https://boot.example.org:8443");
  EXPECT_TRUE(
      text_of(Tree(with).menu(by_name, {})).contains("set pixie https://boot.example.org:8443\n"));
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

/// An images folder with an "image" of 40 bytes: its files are cut out of them.
class ImagesTest : public TreeTest {
 protected:
  ImagesTest() : images_(std::make_shared<images::Images>()) {
    write("images/a.iso", "0123456789abcdefghijklmnopqrstuvwxyz....");
    images_->folder = base_ / "images";
    images_->all["a"] = image("a");
  }

  /// With `plain` (5 bytes), `parts` (three extents, the second of zeros), `empty`, and `folder/deep`.
  static std::shared_ptr<const images::Index> index() {
    using Entry = images::Index::Storage::Entry;
    constexpr auto folder = images::Index::Kind::folder;
    images::Index::Storage storage;
    storage.names = "emptyfolderpartsplaindeep";
    storage.extents = {{2, 3}, {images::Extent::zeros, 4}, {10, 6}, {20, 5}, {30, 1}};
    storage.entries = {
        Entry{.first = 1, .count = 4, .kind = folder},
        Entry{.name = 0, .name_length = 5},
        Entry{.name = 5, .first = 5, .count = 1, .name_length = 6, .kind = folder},
        Entry{.size = 13, .name = 11, .first = 0, .count = 3, .name_length = 5},
        Entry{.size = 5, .name = 16, .first = 3, .count = 1, .name_length = 5},
        Entry{.size = 1, .name = 21, .first = 4, .count = 1, .name_length = 4},
    };
    return std::make_shared<const images::Index>(std::move(storage));
  }
  images::Image image(const std::string& name) const {
    struct stat status{};
    EXPECT_EQ(stat((base_ / "images" / (name + ".iso")).c_str(), &status), 0);
    return {
        .name = name, .file = name + ".iso", .stamp = images::Stamp::of(status), .index = index()};
  }
  Tree tree() const {
    Tree tree(layout());
    tree.set_images(images_);
    return tree;
  }
  std::string get(const std::string& path) const { return text_of(tree().resolve(path)); }

  std::shared_ptr<images::Images> images_;
};

TEST_F(ImagesTest, ServesTheFileAndWhatIsInIt) {
  EXPECT_EQ(get("images/a.iso"), "0123456789abcdefghijklmnopqrstuvwxyz....");
  EXPECT_EQ(get("images/a/plain"), "klmno");
  EXPECT_EQ(get("images/a/PLAIN"), "klmno");
  EXPECT_EQ(get("images/a/parts"), std::string("234\0\0\0\0abcdef", 13));
  EXPECT_EQ(get("images/a/empty"), "");
  EXPECT_EQ(get("images/a/folder/deep"), "u");
  EXPECT_EQ(get("images/a"), "folder");
  EXPECT_EQ(get("images/a/folder"), "folder");
  EXPECT_TRUE(get("images/a/none").starts_with("refused: There is no images/a/none"));
  EXPECT_TRUE(get("images/a/plain/x").starts_with("refused"));
  EXPECT_TRUE(get("images/none").starts_with("refused"));
}

TEST_F(ImagesTest, ReadsPartsFromAnyPlace) {
  const std::string whole("234\0\0\0\0abcdef", 13);
  const auto answer = tree().resolve("images/a/parts");
  const auto& body = std::get<Body>(answer);
  EXPECT_EQ(body.size(), 13U);
  for (const std::size_t offset : {0, 2, 3, 5, 7, 12, 4, 0, 13}) {
    for (std::size_t length = 1; length < 14; ++length) {
      std::string text(length, '#');
      const auto count = body.read(offset, std::as_writable_bytes(std::span(text)));
      ASSERT_GE(count, 0);
      text.resize(static_cast<std::size_t>(count));
      EXPECT_EQ(text, whole.substr(offset, length)) << offset << "+" << length;
    }
  }
  EXPECT_EQ(body.run_at(5), (images::Extent{images::Extent::zeros, 2}));
  EXPECT_EQ(body.run_at(8), (images::Extent{11, 5}));
  EXPECT_EQ(body.run_at(1), (images::Extent{3, 2}));
}

TEST_F(ImagesTest, NamesTheVersionOfEachFile) {
  const auto etag = [this](const std::string& path) {
    return std::get<Body>(tree().resolve(path)).etag;
  };
  const auto plain = etag("images/a/plain");
  EXPECT_NE(plain, etag("images/a/parts"));
  EXPECT_NE(plain, etag("images/a.iso"));
  write("images/a.iso", "0123456789abcdefghijklmnopqrstuvwxyz.....");
  images_->all["a"] = image("a");
  EXPECT_NE(plain, etag("images/a/plain"));
}

TEST_F(ImagesTest, ServesNothingByTheIndexOfAnotherFile) {
  write("images/a.iso", "another file with the same name, longer.....");
  EXPECT_EQ(reason(tree().resolve("images/a/plain")), Refusal::Reason::not_yet);
  EXPECT_EQ(reason(tree().resolve("images/a")), Refusal::Reason::not_yet);
  fs::remove(base_ / "images/a.iso");
  EXPECT_EQ(reason(tree().resolve("images/a/plain")), Refusal::Reason::not_found);
}

TEST_F(ImagesTest, SaysWhatIsWrongWithAnImage) {
  images_->all["a"].index = nullptr;
  images_->all["a"].pending = true;
  EXPECT_EQ(reason(tree().resolve("images/a/plain")), Refusal::Reason::not_yet);
  images_->all["a"].pending = false;
  images_->all["a"].fault = "It is cut off.";
  EXPECT_EQ(get("images/a/plain"), "refused: a.iso can't be used: It is cut off.");
}

TEST_F(ImagesTest, ListsImagesBesideTheirFiles) {
  write("images/tools/b.iso", "0123456789abcdefghijklmnopqrstuvwxyz....");
  write("images/.c.iso.100.part", "x");
  images_->all["tools/b"] = image("tools/b");
  const auto names = [this](const std::string& path) {
    std::string text;
    const auto answer = tree().resolve(path);
    const auto& listing = std::get<Listing>(answer);
    std::set<std::string> sorted;
    for (const auto& entry : listing.entries)
      sorted.insert(entry.name + (entry.folder ? "/ " : " "));
    for (const auto& name : sorted) text += name;
    return text;
  };
  EXPECT_EQ(names("images"), "a.iso a/ tools/ ");
  EXPECT_EQ(names("images/tools"), "b.iso b/ ");
  EXPECT_EQ(names("images/a"), "empty folder/ parts plain ");
  EXPECT_TRUE(names("").contains("images/ "));
  EXPECT_TRUE(get("images/.c.iso.100.part").starts_with("refused"));
}

TEST_F(ImagesTest, StayWhenTheSettingsAreReadAgain) {
  auto served = tree();
  served.set_layout(layout());
  EXPECT_EQ(text_of(served.resolve("images/a/plain")), "klmno");
  served.set_images(std::make_shared<const images::Images>());
  EXPECT_TRUE(text_of(served.resolve("images/a/plain")).starts_with("refused"));
}

TEST_F(ImagesTest, HaveTheRomsAndTheMenuToo) {
  EXPECT_EQ(get("images/a/autoexec.ipxe"), "wanted: menu - ");
  EXPECT_GT(get("images/a/undionly.kpxe").size(), 50'000U);
}

}  // namespace
}  // namespace pixie::tree
