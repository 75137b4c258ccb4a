#include "registry/registry.h"

#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "events/catalogue.h"
#include "registry/testing.h"
#include "store/testing.h"

namespace pixie::registry {
namespace {

using machines::Fact;
using store::Install;
using store::mac;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using namespace std::chrono_literals;

machines::Assignment assigned(std::string profile, std::string once = "") {
  machines::Assignment assignment;
  assignment.profile = std::move(profile);
  assignment.once = std::move(once);
  return assignment;
}

machines::Identity named(std::string_view hostname) {
  machines::Identity identity;
  identity.learn(Fact::hostname, hostname, machines::Source::claimed);
  return identity;
}

/// The ids of the events, in their order.
class Ids final : public events::View {
 public:
  bool wants(const events::Kind& kind) const override {
    return kind.id.starts_with("machine.") || kind.id.starts_with("registry.");
  }
  void take(const events::Record& record) override {
    const std::lock_guard lock(mutex_);
    seen_.emplace_back(record.kind.id);
  }
  std::vector<std::string> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
};

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() { begin(std::make_unique<BreakableStore>(full_)); }
  void begin(std::unique_ptr<store::Store> store) {
    registry_.reset();
    stream_.emplace();
    stream_->add(ids_);
    registry_.emplace(std::move(store), roster_, *stream_);
  }
  /// Ends the registry: every event has come.
  const std::vector<std::string> events() {
    registry_.reset();
    stream_.reset();
    return ids_.seen();
  }
  auto assign(unsigned machine, const machines::Assignment& assignment,
              std::optional<std::uint64_t> expected = {}) {
    return ask(*registry_,
               [&](Registry& r) { return r.assign(mac(machine), assignment, expected); });
  }
  auto claim(unsigned machine) {
    return ask(*registry_, [&](Registry& r) { return r.claim(mac(machine)); });
  }
  void give_back(unsigned machine, const std::string& profile) {
    ask(*registry_, [&](Registry& r) { r.give_back(mac(machine), profile); });
  }
  auto done(unsigned machine, std::string_view token, bool failed = false,
            std::string_view message = "") {
    return ask(*registry_,
               [&](Registry& r) { return r.done(mac(machine), token, failed, message); });
  }
  auto forget(unsigned machine, std::optional<std::uint64_t> expected = {}) {
    return ask(*registry_, [&](Registry& r) { return r.forget(mac(machine), expected); });
  }
  std::optional<store::MachineRow> row(unsigned machine) {
    const auto view = ask(*registry_, [&](Registry& r) { return r.machine(mac(machine)); });
    return view ? std::optional(view->row) : std::nullopt;
  }
  std::optional<machines::Assignment> in_roster(unsigned machine) {
    return roster_.look_up(mac(machine)).assignment;
  }
  std::string token(unsigned machine, std::chrono::seconds ago = 0s) {
    return registry_->token(mac(machine), std::chrono::system_clock::now() - ago);
  }

  const std::shared_ptr<std::atomic<bool>> full_ = std::make_shared<std::atomic<bool>>(false);
  machines::Roster roster_;
  Ids ids_;
  std::optional<events::Stream> stream_;
  std::optional<Registry> registry_;
};

TEST_F(RegistryTest, KnowsWhatWasSeen) {
  EXPECT_FALSE(row(1));
  registry_->saw(mac(1), named("web1"));
  EXPECT_EQ(roster_.look_up(mac(1)).seen[Fact::hostname], "web1");
  ASSERT_TRUE(row(1));
  EXPECT_EQ(row(1)->identity[Fact::hostname], "web1");
  registry_->saw(mac(1), named("web2"));
  EXPECT_EQ(row(1)->identity[Fact::hostname], "web2");
}

TEST_F(RegistryTest, ListsPages) {
  for (unsigned i = 5; i-- > 0;) registry_->saw(mac(i), named(i == 3 ? "db" : "web"));
  const auto macs = [&](std::optional<wire::Mac> after, std::size_t limit, std::string_view text) {
    std::vector<wire::Mac> found;
    const auto views = ask(*registry_, [&](Registry& r) { return r.machines(after, limit, text); });
    for (const auto& view : views) found.push_back(view.row.mac);
    return found;
  };
  EXPECT_THAT(macs({}, 2, ""), ElementsAre(mac(0), mac(1)));
  EXPECT_THAT(macs(mac(1), 9, ""), ElementsAre(mac(2), mac(3), mac(4)));
  EXPECT_THAT(macs({}, 9, "DB"), ElementsAre(mac(3)));
}

TEST_F(RegistryTest, WhatIsAssignedIsInTheRoster) {
  const auto first = assign(1, assigned("a"));
  ASSERT_TRUE(first);
  EXPECT_EQ(in_roster(1), assigned("a"));
  EXPECT_EQ(assign(1, assigned("b"), first->row.version + 9).error(), Refused::changed);
  EXPECT_EQ(in_roster(1), assigned("a"));
  ASSERT_TRUE(assign(1, {}, first->row.version));
  EXPECT_EQ(in_roster(1), std::nullopt);
}

TEST_F(RegistryTest, AOneShotIsClaimedOnce) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  EXPECT_EQ(claim(1), assigned("disk", "debian12"));
  EXPECT_EQ(claim(1), std::nullopt);
  EXPECT_EQ(in_roster(1), assigned("disk"));
  EXPECT_EQ(row(1)->assignment, assigned("disk"));
  EXPECT_EQ(row(1)->install.profile, "debian12");
  EXPECT_EQ(row(1)->install.status, Install::Status::started);
  EXPECT_EQ(claim(2), std::nullopt);
}

TEST_F(RegistryTest, AOneShotThatDidNotArriveIsThereAgain) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  ASSERT_TRUE(claim(1));
  give_back(1, "other");
  EXPECT_EQ(in_roster(1), assigned("disk"));
  give_back(1, "debian12");
  EXPECT_EQ(in_roster(1), assigned("disk", "debian12"));
  EXPECT_EQ(row(1)->install, Install{});
  EXPECT_TRUE(claim(1));
  give_back(1, "debian12");
  ASSERT_TRUE(claim(1));
  ASSERT_TRUE(assign(1, assigned("disk", "newer")));
  give_back(1, "debian12");
  EXPECT_EQ(in_roster(1), assigned("disk", "newer"));
}

TEST_F(RegistryTest, AMachineIsForgotten) {
  std::vector<wire::Mac> told;
  ask(*registry_,
      [&](Registry& r) { r.on_forget = [&told](const wire::Mac& mac) { told.push_back(mac); }; });
  ASSERT_TRUE(assign(1, assigned("a")));
  registry_->saw(mac(1), named("web1"));
  EXPECT_EQ(forget(1, 999).error(), Refused::changed);
  EXPECT_TRUE(forget(1));
  EXPECT_EQ(forget(1).error(), Refused::not_found);
  EXPECT_THAT(told, ElementsAre(mac(1)));
  EXPECT_FALSE(row(1));
  EXPECT_EQ(in_roster(1), std::nullopt);
  EXPECT_EQ(roster_.look_up(mac(1)).seen, machines::Identity{});
}

TEST_F(RegistryTest, ACallbackEndsAnInstallation) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  ASSERT_TRUE(claim(1));
  EXPECT_TRUE(done(1, token(1)));
  EXPECT_EQ(row(1)->install.status, Install::Status::done);
  EXPECT_EQ(row(1)->install.profile, "debian12");
  // What is done can't be given back.
  give_back(1, "debian12");
  EXPECT_EQ(in_roster(1), assigned("disk"));
  EXPECT_TRUE(done(1, token(1), true, std::string("no\ndisk\0", 8) + std::string(1000, 'x')));
  EXPECT_EQ(row(1)->install.status, Install::Status::failed);
  EXPECT_EQ(row(1)->install.message.substr(0, 9), "no disk x");
  EXPECT_THAT(row(1)->install.message, SizeIs(500));
}

TEST_F(RegistryTest, ACallbackNeedsItsToken) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  ASSERT_TRUE(claim(1));
  EXPECT_EQ(done(1, "").error(), Refused::bad_token);
  EXPECT_EQ(done(1, token(2)).error(), Refused::bad_token);
  EXPECT_EQ(done(1, token(1, 25h)).error(), Refused::bad_token);
  EXPECT_EQ(done(1, token(1, -10s)).error(), Refused::bad_token);
  EXPECT_EQ(done(2, token(2)).error(), Refused::not_found);
  EXPECT_EQ(row(1)->install.status, Install::Status::started);
  EXPECT_TRUE(done(1, token(1, 23h)));
}

TEST_F(RegistryTest, ATokenOfAnEarlierBootIsRefused) {
  auto store = store::Store::open("").value();
  events::Boot boot;
  boot.mac = mac(1);
  boot.started = boot.updated = std::chrono::system_clock::now() - 1h;
  boot.outcome = events::Outcome::booted;
  ASSERT_TRUE(store->write(boot));
  begin(std::move(store));
  EXPECT_EQ(done(1, token(1, 62min)).error(), Refused::bad_token);
  EXPECT_TRUE(done(1, token(1, 59min)));
}

TEST_F(RegistryTest, TellsWhatItDoes) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  ASSERT_TRUE(claim(1));
  give_back(1, "debian12");
  ASSERT_TRUE(claim(1));
  ASSERT_TRUE(done(1, token(1)));
  ASSERT_TRUE(done(1, token(1), true));
  ASSERT_TRUE(forget(1));
  EXPECT_THAT(events(), ElementsAre("machine.assigned", "machine.claimed", "machine.given_back",
                                    "machine.claimed", "machine.done", "machine.failed",
                                    "machine.forgotten"));
}

TEST_F(RegistryTest, AStoreThatFailsRefusesAndLosesNothing) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  ASSERT_TRUE(claim(1));
  const auto key = token(1);
  *full_ = true;
  registry_->saw(mac(2), named("web2"));
  EXPECT_EQ(roster_.look_up(mac(2)).seen[Fact::hostname], "web2");
  EXPECT_EQ(assign(1, assigned("x")).error(), Refused::store);
  EXPECT_EQ(forget(1).error(), Refused::store);
  EXPECT_EQ(done(1, key).error(), Refused::store);
  EXPECT_EQ(in_roster(1), assigned("disk"));
  give_back(1, "debian12");
  EXPECT_EQ(claim(1), std::nullopt);
  EXPECT_NE(ask(*registry_, [](Registry& r) { return r.store_problem(); }), "");
  *full_ = false;
  // What was given back is there again as soon as it can be, and the next claim gets it.
  EXPECT_EQ(claim(1), assigned("disk", "debian12"));
  EXPECT_THAT(events(), Contains("registry.store_failed"));
}

TEST_F(RegistryTest, AClaimThatCanNotBeWrittenIsNotGiven) {
  ASSERT_TRUE(assign(1, assigned("disk", "debian12")));
  *full_ = true;
  EXPECT_EQ(claim(1), std::nullopt);
  *full_ = false;
  EXPECT_EQ(in_roster(1), assigned("disk", "debian12"));
  EXPECT_EQ(claim(1), assigned("disk", "debian12"));
}

TEST_F(RegistryTest, WritesWhatWaitsAtItsEnd) {
  const store::TemporaryFolder folder;
  begin(std::move(store::Store::open(folder.path()).value()));
  for (unsigned i = 0; i < 100; ++i) registry_->saw(mac(i), named("web"));
  ASSERT_TRUE(assign(3, assigned("a", "b")));
  const auto key = token(3);
  registry_.reset();
  EXPECT_EQ(store::Store::open(folder.path()).value()->count(), 100U);
  roster_.forget(mac(3));
  begin(std::move(store::Store::open(folder.path()).value()));
  EXPECT_EQ(in_roster(3), assigned("a", "b"));
  // Callbacks of boots before the restart are taken.
  EXPECT_TRUE(done(3, key));
}

TEST_F(RegistryTest, AnInstallationUnderWayOutlivesARestart) {
  const store::TemporaryFolder folder;
  begin(std::move(store::Store::open(folder.path()).value()));
  for (const unsigned machine : {1U, 2U}) {
    ASSERT_TRUE(assign(machine, assigned("disk", "debian12")));
    ASSERT_TRUE(claim(machine));
  }
  ASSERT_TRUE(done(2, token(2)));
  registry_.reset();
  for (const unsigned machine : {1U, 2U}) roster_.forget(mac(machine));
  begin(std::move(store::Store::open(folder.path()).value()));
  EXPECT_EQ(roster_.look_up(mac(1)).booting, "debian12");
  EXPECT_EQ(in_roster(1), assigned("disk"));
  EXPECT_EQ(roster_.look_up(mac(2)).booting, "");
}

/// What the servers tell of a machine that gets its menu, its script, and a kernel.
void boot(events::Stream& stream, unsigned machine) {
  const auto address = mac(machine).colons();
  stream.emit(events::http_done,
              {{"mac", address}, {"what", "chain"}, {"path", "/ipxe/chain.ipxe"}});
  stream.emit(events::boot_script,
              {{"mac", address}, {"because", "once"}, {"profile", "debian12"}});
  stream.emit(events::http_done,
              {{"mac", address}, {"what", "file"}, {"path", "/extra/linux"}, {"bytes", 17}});
}

TEST_F(RegistryTest, MakesABootOfWhatIsHeard) {
  std::promise<events::Boot> loaded;
  ask(*registry_, [&](Registry& r) {
    r.on_change = [&loaded, told = false](const MachineView& view) mutable {
      if (told || !view.boot || view.boot->stage != events::Stage::loading) return;
      told = true;
      loaded.set_value(*view.boot);
    };
  });
  boot(*stream_, 1);
  const auto told = loaded.get_future().get();
  EXPECT_EQ(told.profile, "debian12");
  EXPECT_EQ(told.bytes_sent, 17U);
  EXPECT_NE(told.id, 0U);
  const auto live = ask(*registry_, [](Registry& r) { return r.live_boots(); });
  ASSERT_THAT(live, SizeIs(1));
  EXPECT_EQ(live[0], told);
  EXPECT_EQ(ask(*registry_, [](Registry& r) { return r.boots(mac(1)); }), live);
  const auto listed = ask(*registry_, [](Registry& r) { return r.machines({}, 9, ""); });
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_THAT(listed[0].boot->steps, SizeIs(0));
  EXPECT_EQ(listed[0].boot->id, told.id);
  EXPECT_THAT(ask(*registry_, [](Registry& r) { return r.recent_boots(0, 9); }), SizeIs(1));
}

TEST_F(RegistryTest, ACallbackEndsTheBoot) {
  ASSERT_TRUE(assign(1, assigned("", "debian12")));
  ASSERT_TRUE(claim(1));
  std::promise<void> ended;
  ask(*registry_, [&](Registry& r) {
    r.on_change = [&ended, told = false](const MachineView& view) mutable {
      if (told || !view.boot || view.boot->outcome != events::Outcome::installed) return;
      told = true;
      ended.set_value();
    };
  });
  boot(*stream_, 1);
  ASSERT_TRUE(done(1, token(1)));
  ended.get_future().get();
  EXPECT_THAT(ask(*registry_, [](Registry& r) { return r.live_boots(); }), SizeIs(0));
}

TEST_F(RegistryTest, ACallbackAfterARestartEndsTheBootThatWasLeft) {
  auto store = store::Store::open("").value();
  events::Boot left;
  left.mac = mac(1);
  left.started = left.updated = std::chrono::system_clock::now() - 1h;
  left.profile = "debian12";
  left.steps = {{left.started, "dhcp.offered", "a", 0, 0}};
  ASSERT_TRUE(store->write(left));
  begin(std::move(store));
  const auto last = [&] {
    return ask(*registry_, [](Registry& r) { return r.boots(mac(1)).at(0); });
  };
  EXPECT_EQ(last().outcome, events::Outcome::stalled);
  EXPECT_THAT(last().cause, testing::HasSubstr("stopped"));
  EXPECT_EQ(last().steps, left.steps);
  ASSERT_TRUE(done(1, token(1), true, "no disk"));
  EXPECT_EQ(last().outcome, events::Outcome::failed);
  EXPECT_THAT(last().cause, testing::HasSubstr("no disk"));
  EXPECT_EQ(row(1)->install.profile, "debian12");
}

TEST_F(RegistryTest, AMachineThatIsForgottenWhileItBootsIsGone) {
  std::promise<void> heard;
  ask(*registry_, [&](Registry& r) {
    r.on_change = [&heard, told = false](const MachineView& view) mutable {
      if (told || view.boot->stage != events::Stage::loading) return;
      told = true;
      heard.set_value();
    };
  });
  boot(*stream_, 1);
  heard.get_future().get();
  ASSERT_TRUE(forget(1));
  EXPECT_FALSE(row(1));
  EXPECT_THAT(ask(*registry_, [](Registry& r) { return r.live_boots(); }), SizeIs(0));
}

TEST_F(RegistryTest, TellsChanges) {
  std::promise<MachineView> told;
  ask(*registry_, [&](Registry& r) {
    r.on_change = [&](const MachineView& view) {
      if (view.row.identity[Fact::hostname] == "web9") told.set_value(view);
    };
  });
  registry_->saw(mac(9), named("web9"));
  EXPECT_EQ(told.get_future().get().row.mac, mac(9));
}

TEST_F(RegistryTest, ManyThreadsAskAtOnce) {
  constexpr unsigned one_shots = 50;
  std::atomic<unsigned> claimed = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < one_shots; ++i) ASSERT_TRUE(assign(i, assigned("disk", "debian12")));
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (unsigned i = 0; i < one_shots; ++i) {
        registry_->saw(mac(i), named("web"));
        if (claim(i)) ++claimed;
        std::ignore = token(i);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(claimed, one_shots);
}

/// Any sequence of assigning, claiming, giving back and forgetting does what it does to a map.
RC_GTEST_FIXTURE_PROP(RegistryTest, IsLikeAMap, ()) {
  struct Model {
    machines::Assignment assignment;
    std::optional<std::string> claimed;
  };
  std::map<unsigned, Model> model;
  const auto count = *rc::gen::inRange(1, 40);
  for (int step = 0; step < count; ++step) {
    const auto machine = *rc::gen::inRange(0U, 3U);
    const auto profile = std::string(*rc::gen::element("", "a", "b"));
    const auto once = std::string(*rc::gen::element("", "c", "d"));
    auto& entry = model[machine];
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        RC_ASSERT(assign(machine, assigned(profile, once)).has_value());
        entry.assignment = assigned(profile, once);
        break;
      case 1: {
        const bool has = !entry.assignment.once.empty();
        RC_ASSERT(claim(machine) == (has ? std::optional(entry.assignment) : std::nullopt));
        if (has) entry.claimed = std::exchange(entry.assignment.once, "");
        break;
      }
      case 2:
        give_back(machine, once);
        if (entry.claimed == once) {
          if (entry.assignment.once.empty()) entry.assignment.once = once;
          entry.claimed.reset();
        }
        break;
      case 3:
        std::ignore = forget(machine);
        entry = {};
        break;
    }
    const auto stored = row(machine);
    RC_ASSERT((stored ? stored->assignment : machines::Assignment{}) == entry.assignment);
    RC_ASSERT(in_roster(machine).value_or(machines::Assignment{}) == entry.assignment);
  }
}

}  // namespace
}  // namespace pixie::registry
