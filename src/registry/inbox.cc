#include "registry/inbox.h"

#include <string_view>
#include <utility>

namespace pixie::registry {

KeptRecord::KeptRecord(const events::Record& record) : kind_(&record.kind), when_(record.when) {
  std::size_t size = 0;
  for (const auto& field : record.fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    size += text ? text->size() : 0;
  }
  texts_.reserve(size);
  fields_.reserve(record.fields.size());
  const auto keep = [this](std::string_view text) {
    const auto start = texts_.size();
    texts_.insert(texts_.end(), text.begin(), text.end());
    return std::string_view(texts_.data() + start, text.size());
  };
  for (const auto& field : record.fields) {
    auto& kept = fields_.emplace_back(field);
    if (auto* text = std::get_if<std::string_view>(&kept.value)) *text = keep(*text);
  }
}

bool Inbox::put(Item item) {
  {
    const std::lock_guard lock(mutex_);
    const bool asks = std::holds_alternative<Question>(item);
    if (items_.size() >= limit && !asks) {
      ++dropped_;
      return false;
    }
    items_.push_back(std::move(item));
    const bool asks_first = asks && !std::exchange(asked_, true);
    if (items_.size() > 1 && items_.size() != gather_items && !asks_first) return true;
  }
  filled_.notify_one();
  return true;
}

void Inbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_one();
}

std::optional<std::vector<Item>> Inbox::take(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  filled_.wait_until(lock, until, [this] { return closed_ || !items_.empty(); });
  if (closed_ && items_.empty()) return std::nullopt;
  if (!items_.empty()) {
    filled_.wait_for(lock, gather_time,
                     [this] { return closed_ || asked_ || items_.size() >= gather_items; });
  }
  asked_ = false;
  return std::exchange(items_, {});
}

std::uint64_t Inbox::dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

}  // namespace pixie::registry
