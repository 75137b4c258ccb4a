// What the store promises: rows, versions, histories, transactions, and what it refuses.
#include "store/store.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "store/schema.h"
#include "store/sqlite.h"
#include "store/testing.h"

namespace pixie::store {
namespace {

using machines::Fact;
using machines::Source;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

const Time noon{std::chrono::seconds(1'700'000'000)};

machines::Identity identity(std::initializer_list<std::pair<Fact, std::string_view>> facts,
                            Source source = Source::observed) {
  machines::Identity made;
  for (const auto& [fact, text] : facts) made.learn(fact, text, source);
  return made;
}

machines::Assignment assigned(std::string profile, std::string once = "") {
  machines::Assignment assignment;
  assignment.profile = std::move(profile);
  assignment.once = std::move(once);
  return assignment;
}

events::Boot boot_of(unsigned machine, Time started) {
  events::Boot boot;
  boot.mac = mac(machine);
  boot.started = started;
  boot.updated = started + 90s;
  boot.stage = events::Stage::loading;
  boot.outcome = events::Outcome::stalled;
  boot.cause = "it fell silent";
  boot.profile = "debian12";
  boot.because = "rule";
  boot.bytes_sent = 5'000'000'000;
  boot.bytes_total = 6'000'000'000;
  boot.steps = {{started, "dhcp.offered", "10.0.0.7", 0, 0},
                {started + 3ms, "http.done", "/x\n\"", 17, 0.25}};
  boot.steps_left_out = 4;
  return boot;
}

/// In memory.
std::unique_ptr<Store> fresh() { return std::move(Store::open("").value()); }

TEST(Store, KeepsWhatWasSeen) {
  const auto store = fresh();
  ASSERT_TRUE(store->saw(
      mac(1), identity({{Fact::hostname, "web1"}, {Fact::product, "R 640"}}, Source::claimed),
      noon));
  ASSERT_TRUE(
      store->saw(mac(1), identity({{Fact::hostname, "web2"}, {Fact::ip, "10.0.0.7"}}), noon + 1h));
  ASSERT_TRUE(store->saw(mac(1), {}, noon + 30min));
  const auto row = store->machine(mac(1)).value().value();
  EXPECT_EQ(row.mac, mac(1));
  EXPECT_EQ(row.first_seen, noon);
  EXPECT_EQ(row.last_seen, noon + 1h);
  EXPECT_EQ(row.identity[Fact::hostname], "web2");
  EXPECT_EQ(row.identity.source(Fact::hostname), Source::observed);
  EXPECT_EQ(row.identity[Fact::product], "R 640");
  EXPECT_EQ(row.identity.source(Fact::product), Source::claimed);
  EXPECT_EQ(row.identity[Fact::mac], mac(1).colons());
  EXPECT_GT(row.version, 0U);
  EXPECT_TRUE(row.assignment.empty());
  EXPECT_EQ(row.install, Install{});
  EXPECT_EQ(store->machine(mac(2)).value(), std::nullopt);
  EXPECT_EQ(store->count(), 1U);
}

TEST(Store, AMachineThatWasNeverSeenMayBeAssigned) {
  const auto store = fresh();
  ASSERT_TRUE(store->assign(mac(1), assigned("debian12"), {}).value());
  EXPECT_EQ(store->machine(mac(1)).value()->first_seen, Time{});
  ASSERT_TRUE(store->saw(mac(1), {}, noon));
  EXPECT_EQ(store->machine(mac(1)).value()->first_seen, noon);
  EXPECT_EQ(store->machine(mac(1)).value()->assignment.profile, "debian12");
}

TEST(Store, AssignsOnlyTheVersionThatIsExpected) {
  const auto store = fresh();
  const auto first = store->assign(mac(1), assigned("a"), 0).value();
  ASSERT_TRUE(first);
  EXPECT_FALSE(store->assign(mac(1), assigned("b"), 0).value());
  const auto second = store->assign(mac(1), assigned("c"), first->version).value();
  ASSERT_TRUE(second);
  EXPECT_GT(second->version, first->version);
  EXPECT_FALSE(store->assign(mac(1), assigned("d"), first->version).value());
  EXPECT_EQ(store->machine(mac(1)).value()->assignment.profile, "c");
}

TEST(Store, AForgottenMachineNeverHasAnOldVersionAgain) {
  const auto store = fresh();
  const auto before = store->assign(mac(1), assigned("a"), {}).value()->version;
  EXPECT_EQ(store->forget(mac(1), before + 1).value(), std::nullopt);
  EXPECT_EQ(store->forget(mac(1), before).value(), true);
  EXPECT_EQ(store->forget(mac(1), {}).value(), false);
  EXPECT_GT(store->assign(mac(1), assigned("a"), {}).value()->version, before);
}

TEST(Store, KeepsVariablesOfEveryKind) {
  const auto store = fresh();
  machines::Assignment assignment;
  assignment.vars = {
      {"text", {std::string("\xc3\xa9 \" \n \\")}},
      {"yes", {true}},
      {"least", {std::numeric_limits<std::int64_t>::min()}},
      {"most", {std::numeric_limits<std::int64_t>::max()}},
      {"part", {0.1}},
      {"whole", {2.0}},
      {"list", {script::List{{std::string("a")}, {std::int64_t{1}}, {script::List{}}}}},
      {"disk",
       {script::Table{{"device", {std::string("/dev/vda")}}, {"none", {script::Table{}}}}}}};
  ASSERT_TRUE(store->assign(mac(1), assignment, {}).value());
  EXPECT_EQ(store->machine(mac(1)).value()->assignment, assignment);
}

TEST(Store, TellsEveryAssignment) {
  const auto store = fresh();
  ASSERT_TRUE(store->saw(mac(1), {}, noon));
  ASSERT_TRUE(store->assign(mac(2), assigned("a"), {}));
  ASSERT_TRUE(store->assign(mac(3), assigned("", "b"), {}));
  ASSERT_TRUE(store->assign(mac(4), assigned("a"), {}));
  ASSERT_TRUE(store->assign(mac(4), {}, {}));
  std::map<wire::Mac, machines::Assignment> told;
  ASSERT_TRUE(store->each_assignment(
      [&](const auto& machine, const auto& assignment) { told[machine] = assignment; }));
  EXPECT_THAT(told,
              ElementsAre(std::pair(mac(2), assigned("a")), std::pair(mac(3), assigned("", "b"))));
}

TEST(Store, ListsPagesAndFinds) {
  const auto store = fresh();
  for (unsigned i = 10; i-- > 0;) {
    ASSERT_TRUE(store->saw(
        mac(i), identity({{Fact::product, i % 2 == 0 ? "PowerEdge" : "ProLiant"}}), noon));
  }
  const auto macs = [&](std::optional<wire::Mac> after, std::size_t limit, std::string_view text) {
    std::vector<wire::Mac> found;
    for (const auto& row : store->machines(after, limit, text).value()) found.push_back(row.mac);
    return found;
  };
  EXPECT_THAT(macs({}, 3, ""), ElementsAre(mac(0), mac(1), mac(2)));
  EXPECT_THAT(macs(mac(2), 3, ""), ElementsAre(mac(3), mac(4), mac(5)));
  EXPECT_THAT(macs(mac(8), 100, ""), ElementsAre(mac(9)));
  EXPECT_THAT(macs({}, 2, "POWER"), ElementsAre(mac(0), mac(2)));
  EXPECT_THAT(macs(mac(2), 9, "power"), ElementsAre(mac(4), mac(6), mac(8)));
  EXPECT_THAT(macs({}, 9, mac(7).colons()), ElementsAre(mac(7)));
  // The words of the column are no facts.
  EXPECT_THAT(macs({}, 9, "observed"), ElementsAre());
  EXPECT_THAT(macs({}, 9, "product"), ElementsAre());
}

TEST(Store, KeepsTheLastFiftyBoots) {
  const auto store = fresh();
  std::vector<events::Boot> written;
  for (unsigned i = 0; i < 60; ++i) {
    written.push_back(boot_of(1, noon + i * 1h));
    written.back().id = store->write(written.back()).value();
  }
  std::vector expected(written.rbegin(), written.rbegin() + 50);
  EXPECT_EQ(store->boots(mac(1)).value(), expected);
  EXPECT_THAT(store->boots(mac(2)).value(), SizeIs(0));
  EXPECT_EQ(store->last_boot(mac(1), true).value(), expected[0]);
  EXPECT_THAT(store->last_boot(mac(1), false).value()->steps, SizeIs(0));
  EXPECT_EQ(store->last_boot(mac(2), true).value(), std::nullopt);

  auto changed = expected[7];
  changed.outcome = events::Outcome::booted;
  changed.steps.clear();
  EXPECT_EQ(store->write(changed), changed.id);
  expected[7] = changed;
  EXPECT_EQ(store->boots(mac(1)).value(), expected);
}

TEST(Store, RecentBootsAreOfAllMachinesAndWithoutSteps) {
  const auto store = fresh();
  std::vector<events::Boot> written;
  for (unsigned i = 0; i < 6; ++i) {
    auto boot = boot_of(i % 3, noon + i * 1h);
    boot.id = store->write(boot).value();
    boot.steps.clear();
    written.insert(written.begin(), boot);
  }
  EXPECT_THAT(store->recent_boots(0, 2).value(), ElementsAre(written[0], written[1]));
  EXPECT_THAT(store->recent_boots(written[1].id, 2).value(), ElementsAre(written[2], written[3]));
  // A boot makes its machine, and goes with it.
  EXPECT_EQ(store->count(), 3U);
  ASSERT_TRUE(store->forget(mac(0), {}));
  EXPECT_EQ(store->count(), 2U);
  EXPECT_THAT(store->recent_boots(0, 100).value(), SizeIs(4));
}

TEST(Store, TextThatIsNoUtf8IsTaken) {
  const auto store = fresh();
  auto boot = boot_of(1, noon);
  boot.steps[0].text = "/\xff\xfe";
  boot.cause = "\xc3";
  ASSERT_TRUE(store->write(boot));
  EXPECT_EQ(store->boots(mac(1)).value().at(0).steps.at(0).text, "/\xef\xbf\xbd\xef\xbf\xbd");
  ASSERT_TRUE(store->saw(mac(1), identity({{Fact::serial, "\xff"}}), noon));
  EXPECT_EQ(store->machine(mac(1)).value()->identity[Fact::serial], "\xff");
}

TEST(Store, ABatchIsAllOrNothing) {
  const auto store = fresh();
  ASSERT_TRUE(store->batch([&] { return store->saw(mac(1), {}, noon); }));
  const auto failed = store->batch([&]() -> Expected<void> {
    EXPECT_TRUE(store->saw(mac(2), {}, noon));
    EXPECT_TRUE(store->assign(mac(1), assigned("a"), {}));
    return pixie::fail("no");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text, "no");
  EXPECT_EQ(store->count(), 1U);
  EXPECT_TRUE(store->machine(mac(1)).value()->assignment.empty());
  EXPECT_TRUE(store->saw(mac(2), {}, noon));
}

TEST(Store, ABatchWhoseErrorIsOverlookedIsNothing) {
  const auto store = fresh();
  const auto failed = store->batch([&]() -> Expected<void> {
    EXPECT_TRUE(store->saw(mac(1), {}, noon));
    EXPECT_FALSE(store->batch([]() -> Expected<void> { return pixie::fail("no"); }));
    EXPECT_FALSE(store->saw(mac(2), {}, noon));
    return {};
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(store->count(), 0U);
}

TEST(Store, InstallsAreKept) {
  const auto store = fresh();
  ASSERT_TRUE(store->saw(mac(1), {}, noon));
  const Install install{"debian12", Install::Status::failed, noon, "no disk"};
  ASSERT_TRUE(store->set_install(mac(1), install));
  EXPECT_EQ(store->machine(mac(1)).value()->install, install);
}

TEST(Store, TellsTheInstallationsUnderWay) {
  const auto store = fresh();
  const auto installs = [&](unsigned machine, Install::Status status) {
    ASSERT_TRUE(store->saw(mac(machine), {}, noon));
    ASSERT_TRUE(store->set_install(mac(machine), {"debian12", status, noon, ""}));
  };
  const auto boots = [&](unsigned machine, Time started, std::string because) {
    events::Boot boot;
    boot.mac = mac(machine);
    boot.started = boot.updated = started;
    boot.because = std::move(because);
    ASSERT_TRUE(store->write(boot));
  };
  for (unsigned machine = 1; machine <= 5; ++machine) installs(machine, Install::Status::started);
  boots(2, noon - 1h, "assigned");
  boots(3, noon + 1ms, "once");
  boots(3, noon + 1h, "");  // no script yet, or the installer itself that asks for an address
  boots(4, noon + 1ms, "once");
  boots(4, noon + 1h, "assigned");
  installs(6, Install::Status::done);
  installs(7, Install::Status::failed);
  installs(8, Install::Status::none);
  boots(5, noon - 1s, "once");
  std::map<wire::Mac, std::string> told;
  ASSERT_TRUE(store->each_installation(
      [&](const auto& machine, const auto& profile) { told[machine] = profile; }));
  EXPECT_THAT(told, ElementsAre(std::pair(mac(1), "debian12"), std::pair(mac(2), "debian12"),
                                std::pair(mac(3), "debian12"), std::pair(mac(5), "debian12")));
}

TEST(Store, CountsInstallations) {
  const auto store = fresh();
  EXPECT_EQ(store->count_installs(), InstallCounts());
  using enum Install::Status;
  unsigned machine = 0;
  for (const auto status : {none, started, done, started, failed, started, done}) {
    ASSERT_TRUE(store->saw(mac(++machine), {}, noon));
    ASSERT_TRUE(store->set_install(mac(machine), {"debian12", status, noon, ""}));
  }
  EXPECT_EQ(store->count_installs(), (InstallCounts{.started = 3, .done = 2, .failed = 1}));
  ASSERT_TRUE(store->forget(mac(machine), {}));
  ASSERT_TRUE(store->set_install(mac(2), {"debian12", done, noon, ""}));
  EXPECT_EQ(store->count_installs(), (InstallCounts{.started = 2, .done = 2, .failed = 1}));
}

class StoreFile : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string file_ = folder_.path() + "/pixie.db";
};

TEST_F(StoreFile, OutlivesTheProcess) {
  std::string secret;
  {
    const auto store = Store::open(folder_.path()).value();
    secret = store->secret().value();
    EXPECT_THAT(secret, SizeIs(32));
    EXPECT_EQ(store->secret(), secret);
    ASSERT_TRUE(store->assign(mac(1), assigned("a", "b"), {}));
  }
  const auto store = Store::open(folder_.path()).value();
  EXPECT_EQ(store->secret(), secret);
  EXPECT_EQ(store->machine(mac(1)).value()->assignment, assigned("a", "b"));
  EXPECT_NE(fresh()->secret(), secret);
}

TEST_F(StoreFile, IsForItsOwnerAlone) {
  const auto store = Store::open(folder_.path()).value();
  ASSERT_TRUE(store->saw(mac(1), {}, noon));
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms::all,
              std::filesystem::perms(0600))
        << entry.path();
  }
}

TEST_F(StoreFile, BelongsToOneProcess) {
  const auto store = Store::open(folder_.path());
  const auto second = Store::open(folder_.path());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("another pixie"));
}

TEST_F(StoreFile, AFolderThatIsNotThereIsSaid) {
  const auto store = Store::open(folder_.path() + "/none");
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("No such file"));
}

TEST_F(StoreFile, AnOddFolderNameIsTaken) {
  const auto odd = folder_.path() + "/a?mode=ro&b#c%41 d";
  std::filesystem::create_directory(odd);
  ASSERT_TRUE(Store::open(odd).value()->saw(mac(1), {}, noon));
  EXPECT_TRUE(std::filesystem::exists(odd + "/pixie.db"));
}

TEST_F(StoreFile, WhatAnEndedMakingLeftIsNoHindrance) {
  for (const auto* end : {".new", ".new-wal", ".new-journal"}) std::ofstream(file_ + end) << "half";
  ASSERT_TRUE(Store::open(folder_.path()));
  EXPECT_FALSE(std::filesystem::exists(file_ + ".new"));
}

/// Opening must be refused, with these words, and leave every byte and every file's name as it is.
void expect_refused(const std::string& folder, std::string_view words) {
  std::filesystem::remove(folder + "/pixie.lock");
  const auto before = contents(folder);
  const auto store = Store::open(folder);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr(words));
  EXPECT_THAT(store.error().text, HasSubstr("pixie.db"));
  std::filesystem::remove(folder + "/pixie.lock");
  EXPECT_EQ(contents(folder), before);
}

/// A file with a machine, and statements run on it. `keep_log`: they are in its write-ahead log only.
void make_file(const std::string& folder, const std::string& statements, bool keep_log = false) {
  ASSERT_TRUE(Store::open(folder).value()->assign(mac(1), assigned("a"), {}));
  const auto path = folder + "/pixie.db";
  const auto kept = folder + ".copy";
  {
    const auto database = Database::open("file:" + path, SQLITE_OPEN_READWRITE, path).value();
    database->execute(statements);
    ASSERT_TRUE(database->result());
    if (keep_log) std::filesystem::copy(folder, kept);
  }
  if (!keep_log) return;
  std::filesystem::remove_all(folder);
  std::filesystem::rename(kept, folder);
  ASSERT_GT(std::filesystem::file_size(path + "-wal"), 0U);
}

TEST_F(StoreFile, WhatIsNoStoreIsRefused) {
  std::ofstream(file_) << std::string(5000, 'x');
  expect_refused(folder_.path(), "no store of pixie's");
}

TEST_F(StoreFile, AnEmptyFileIsRefused) {
  std::ofstream(file_) << "";
  expect_refused(folder_.path(), "no store of pixie's");
}

TEST_F(StoreFile, AnotherProgramsDatabaseIsRefused) {
  make_file(folder_.path(), "PRAGMA application_id = 7");
  expect_refused(folder_.path(), "no store of pixie's");
}

TEST_F(StoreFile, ANewerOneIsRefused) {
  make_file(folder_.path(), "PRAGMA user_version = " + std::to_string(schema_version + 1));
  expect_refused(folder_.path(), "newer pixie");
}

TEST_F(StoreFile, AnOlderOneIsBroughtUpToDate) {
  make_file(folder_.path(), "DROP INDEX machine_by_install; PRAGMA user_version = 1");
  const auto store = Store::open(folder_.path()).value();
  EXPECT_EQ(store->machine(mac(1)).value()->assignment, assigned("a"));
  const auto database = Database::open("file:" + file_, SQLITE_OPEN_READONLY, file_).value();
  EXPECT_EQ(database->number("PRAGMA user_version"), schema_version);
  EXPECT_EQ(
      database->number("SELECT count(*) FROM sqlite_master WHERE name = 'machine_by_install'"), 1);
}

TEST_F(StoreFile, ANewerOneWhoseLogWasNotMergedIsRefused) {
  make_file(folder_.path(), "PRAGMA user_version = " + std::to_string(schema_version + 1), true);
  const auto log = contents(folder_.path());
  const auto store = Store::open(folder_.path());
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("newer pixie"));
  auto after = contents(folder_.path());
  EXPECT_EQ(after["pixie.db"], log.at("pixie.db"));
  EXPECT_EQ(after["pixie.db-wal"], log.at("pixie.db-wal"));
}

TEST_F(StoreFile, ALogThatWasNotMergedIsRead) {
  make_file(folder_.path(), "UPDATE machine SET profile = 'from the log'", true);
  EXPECT_EQ(Store::open(folder_.path()).value()->machine(mac(1)).value()->assignment.profile,
            "from the log");
}

TEST_F(StoreFile, ADamagedBeginningIsRefused) {
  make_file(folder_.path(), "");
  overwrite(file_, 0, "XXXX");
  expect_refused(folder_.path(), "damaged");
}

TEST_F(StoreFile, ADamagedPageIsRefused) {
  make_file(folder_.path(), "");
  const auto size = std::filesystem::file_size(file_);
  for (std::uintmax_t page = 4096; page < size; page += 4096)
    overwrite(file_, page, std::string(64, '\xee'));
  expect_refused(folder_.path(), "damaged");
}

TEST_F(StoreFile, AShortenedFileIsRefused) {
  make_file(folder_.path(), "");
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) - 4096);
  expect_refused(folder_.path(), "damaged");
}

TEST_F(StoreFile, AnyDamageIsRefusedOrHarmless) {
  make_file(folder_.path(), "");
  const auto whole = contents(folder_.path());
  EXPECT_TRUE(rc::check("any damage is refused or harmless", [&] {
    restore(folder_.path(), whole);
    const auto size = whole.at("pixie.db").size();
    const auto damages = *rc::gen::inRange(1, 20);
    for (int i = 0; i < damages; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, size);
      overwrite(file_, at, std::string(1, *rc::gen::arbitrary<char>()));
    }
    // Whatever comes of it: no crash, and a store that opens answers with values or errors.
    if (const auto store = Store::open(folder_.path())) {
      std::ignore = (*store)->machines({}, 10, "a");
      std::ignore = (*store)->assign(mac(1), assigned("b"), {});
      std::ignore = (*store)->write(boot_of(1, noon));
      std::ignore = (*store)->boots(mac(1));
    }
  }));
}

TEST_F(StoreFile, AFullDiskIsAnErrorAndLosesNothing) {
  const auto store = Store::open(folder_.path()).value();
  ASSERT_TRUE(store->assign(mac(0), assigned("first"), {}));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  unsigned written = 0;
  const std::string large(10'000, 'x');
  Expected<std::optional<MachineRow>> last;
  while (written < 10'000) {
    last = store->assign(mac(written + 1), assigned(large), {});
    if (!last) break;
    ++written;
  }
  EXPECT_FALSE(last);
  EXPECT_EQ(store->count(), written + 1);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  // There is room again.
  EXPECT_TRUE(store->assign(mac(written + 1), assigned(large), {}));
  EXPECT_EQ(store->count(), written + 2);
  EXPECT_EQ(store->machine(mac(written)).value()->assignment.profile, large);
}

}  // namespace
}  // namespace pixie::store
