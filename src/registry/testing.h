// What the registry's tests share: a store that can be made to fail, and questions that are waited for.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "registry/registry.h"
#include "store/store.h"

namespace pixie::registry {

/// Runs `question` on the registry's thread and waits for what it returns.
template <class Question>
auto ask(Registry& registry, Question question) {
  using Answer = std::invoke_result_t<Question, Registry&>;
  // The registry's thread may still hold the task when its answer is here.
  const auto task = std::make_shared<std::packaged_task<Answer(Registry&)>>(std::move(question));
  auto answer = task->get_future();
  registry.ask([task](Registry& asked) { (*task)(asked); });
  return answer.get();
}

/// A store in memory that can't be written while `full` is set.
class BreakableStore final : public store::Store {
 public:
  explicit BreakableStore(std::shared_ptr<std::atomic<bool>> full)
      : full_(std::move(full)), store_(std::move(Store::open("").value())) {}

  Expected<void> batch(const std::function<Expected<void>()>& work) override {
    if (*full_) return fail("the disk is full");
    return store_->batch(work);
  }
  Expected<std::vector<store::MachineRow>> machines(std::optional<wire::Mac> after,
                                                    std::size_t limit,
                                                    std::string_view text) override {
    return store_->machines(after, limit, text);
  }
  Expected<std::optional<store::MachineRow>> machine(const wire::Mac& mac) override {
    return store_->machine(mac);
  }
  Expected<void> each_assignment(
      const std::function<void(const wire::Mac&, const machines::Assignment&)>& take) override {
    return store_->each_assignment(take);
  }
  Expected<void> each_installation(
      const std::function<void(const wire::Mac&, const std::string&)>& take) override {
    return store_->each_installation(take);
  }
  Expected<std::uint64_t> count() override { return store_->count(); }
  Expected<store::InstallCounts> count_installs() override { return store_->count_installs(); }
  Expected<void> saw(const wire::Mac& mac, const machines::Identity& identity,
                     store::Time when) override {
    if (*full_) return fail("the disk is full");
    ++sightings_written;
    return store_->saw(mac, identity, when);
  }
  Expected<std::optional<store::MachineRow>> assign(
      const wire::Mac& mac, const machines::Assignment& assignment,
      std::optional<std::uint64_t> expected) override {
    if (*full_) return fail("the disk is full");
    return store_->assign(mac, assignment, expected);
  }
  Expected<void> set_install(const wire::Mac& mac, const store::Install& install) override {
    if (*full_) return fail("the disk is full");
    return store_->set_install(mac, install);
  }
  Expected<std::optional<bool>> forget(const wire::Mac& mac,
                                       std::optional<std::uint64_t> expected) override {
    if (*full_) return fail("the disk is full");
    return store_->forget(mac, expected);
  }
  Expected<std::uint64_t> write(const events::Boot& boot) override {
    if (*full_) return fail("the disk is full");
    ++boots_written;
    return store_->write(boot);
  }
  Expected<std::optional<events::Boot>> last_boot(const wire::Mac& mac, bool with_steps) override {
    return store_->last_boot(mac, with_steps);
  }
  Expected<std::vector<events::Boot>> boots(const wire::Mac& mac) override {
    return store_->boots(mac);
  }
  Expected<std::vector<events::Boot>> recent_boots(std::uint64_t before,
                                                   std::size_t limit) override {
    return store_->recent_boots(before, limit);
  }
  Expected<std::string> secret() override { return store_->secret(); }

  unsigned sightings_written = 0;
  unsigned boots_written = 0;

 private:
  std::shared_ptr<std::atomic<bool>> full_;
  std::unique_ptr<Store> store_;
};

}  // namespace pixie::registry
