#include "api/feed.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace pixie::api {

void Feed::subscribe(const Filter& filter, std::weak_ptr<const void> listener, Take take) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back({filter, std::move(listener), std::move(take)});
  drop_the_gone();
}

std::size_t Feed::listeners() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

bool Feed::wants(const events::Kind& kind) const {
  return static_cast<int>(kind.severity) <= level_.load(std::memory_order_relaxed);
}

void Feed::take(const events::Record& record) {
  const auto mac = wire::Mac::parse(record.text("mac"));
  publish(
      "log",
      [&](const Filter& filter) {
        return filter.log && record.kind.severity <= filter.level &&
               (!filter.mac || filter.mac == mac);
      },
      [&] { return log_record(record); });
}

void Feed::publish_machine(const registry::MachineView& view) {
  const auto& mac = view.row.mac;
  publish(
      "machine",
      [&](const Filter& filter) { return filter.machine && (!filter.mac || filter.mac == mac); },
      [&] { return machine_summary(view, *office_.fleet(), office_.has_own_script(mac)); });
}

void Feed::publish_forgotten(const wire::Mac& mac) {
  publish(
      "forgotten",
      [&](const Filter& filter) { return filter.machine && (!filter.mac || filter.mac == mac); },
      [&] { return Json{{"mac", mac.colons()}}; });
}

void Feed::publish_problems() {
  publish(
      "problems", [](const Filter& filter) { return filter.problems; },
      [this] { return problems(office_.mistakes()); });
}

void Feed::publish_images(const images::Images& images) {
  publish(
      "images", [](const Filter& filter) { return filter.images; },
      [&] {
        const auto pending =
            std::ranges::count_if(images.all, [](const auto& each) { return each.second.pending; });
        return Json{{"images", images.all.size()}, {"pending", pending}};
      });
}

void Feed::publish(std::string_view event, const std::function<bool(const Filter&)>& is_wanted,
                   const std::function<Json()>& data) {
  const std::lock_guard lock(mutex_);
  Text text;
  for (auto& listener : listeners_) {
    const auto alive = listener.life.lock();
    if (!alive || !is_wanted(listener.filter)) continue;
    if (!text) {
      text = std::make_shared<const std::string>(
          fmt::format("event: {}\ndata: {}\n\n", event, text_of(data())));
    }
    if (!listener.take(text)) listener.life.reset();
  }
  drop_the_gone();
}

/// With the lock held.
void Feed::drop_the_gone() {
  std::erase_if(listeners_, [](const Listener& listener) { return listener.life.expired(); });
  int level = nobody;
  for (const auto& listener : listeners_) {
    if (listener.filter.log) level = std::max(level, static_cast<int>(listener.filter.level));
  }
  level_.store(level, std::memory_order_relaxed);
}

}  // namespace pixie::api
