#include "events/stream.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

#include "events/catalogue.h"

namespace pixie::events {
namespace {

constexpr std::size_t waiting_limit = 8 << 20;
/// Events that follow each other within this time, up to this size, are handed out together; waking the thread for
/// each would cost more than the rest of a request.
constexpr auto gather_time = std::chrono::milliseconds(20);
constexpr std::size_t gather_bytes = 64 << 10;
/// A buffer that grew beyond this in a burst is given back.
constexpr std::size_t kept_bytes = 1 << 20;

// A record as it waits: a head, its fields, then the fields' texts one behind the other.

struct PackedHead {
  const Kind* kind;
  std::chrono::system_clock::time_point when;
  std::size_t fields;
};

struct PackedField {
  enum class Type : std::uint32_t { text, number, fraction };
  const char* name;
  std::uint32_t name_size;
  Type type;
  /// A text's size.
  std::uint64_t number;
  double fraction;
};

PackedField pack(const Field& field) {
  PackedField packed{field.name.data(), static_cast<std::uint32_t>(field.name.size()),
                     PackedField::Type::text, 0, 0};
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    packed.number = text->size();
  } else if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
    packed.type = PackedField::Type::number;
    packed.number = *number;
  } else {
    packed.type = PackedField::Type::fraction;
    packed.fraction = std::get<double>(field.value);
  }
  return packed;
}

std::size_t packed_size(std::initializer_list<Field> fields) {
  auto size = sizeof(PackedHead) + fields.size() * sizeof(PackedField);
  for (const auto& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) size += text->size();
  }
  return size;
}

char* put(char* out, const void* data, std::size_t size) {
  if (size > 0) std::memcpy(out, data, size);
  return out + size;
}

/// Writes what packed_size() has room for.
void pack(char* out, const PackedHead& head, std::initializer_list<Field> fields) {
  out = put(out, &head, sizeof head);
  for (const auto& field : fields) {
    const auto packed = pack(field);
    out = put(out, &packed, sizeof packed);
  }
  for (const auto& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value))
      out = put(out, text->data(), text->size());
  }
}

template <typename T>
T take_from(std::string_view& bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

Field unpack(const PackedField& packed, std::string_view& texts) {
  const std::string_view name(packed.name, packed.name_size);
  if (packed.type == PackedField::Type::number) return {name, packed.number};
  if (packed.type == PackedField::Type::fraction) return {name, packed.fraction};
  const auto text = texts.substr(0, packed.number);
  texts.remove_prefix(packed.number);
  return {name, text};
}

const Field* find(std::span<const Field> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace

std::string_view Record::text(std::string_view name) const {
  const auto* field = find(fields, name);
  const auto* text = field ? std::get_if<std::string_view>(&field->value) : nullptr;
  return text ? *text : std::string_view();
}

double Record::number(std::string_view name) const {
  const auto* field = find(fields, name);
  if (!field) return 0;
  if (const auto* number = std::get_if<std::uint64_t>(&field->value))
    return static_cast<double>(*number);
  const auto* fraction = std::get_if<double>(&field->value);
  return fraction ? *fraction : 0;
}

Stream::Stream() : thread_([this] { hand_out_until_end(); }) {}

Stream::~Stream() {
  {
    const std::lock_guard lock(waiting_mutex_);
    ending_ = true;
  }
  filled_.notify_one();
  thread_.join();
}

void Stream::add(View& view) {
  {
    const std::lock_guard lock(views_mutex_);
    if (std::ranges::find(views_, &view) == views_.end()) views_.push_back(&view);
  }
  views_changed();
}

void Stream::remove(View& view) {
  {
    const std::lock_guard lock(views_mutex_);
    std::erase(views_, &view);
  }
  views_changed();
}

void Stream::views_changed() {
  const std::lock_guard lock(views_mutex_);
  std::array<std::uint64_t, Kind::slot_count / 64> wanted{};
  for (const auto* kind : all) {
    if (std::ranges::any_of(views_, [kind](const View* view) { return view->wants(*kind); }))
      wanted[kind->slot / 64] |= std::uint64_t{1} << (kind->slot % 64);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i)
    wanted_[i].store(wanted[i], std::memory_order_relaxed);
}

void Stream::emit(const Kind& kind, std::initializer_list<Field> fields) {
  if (!wants(kind)) return;
  const PackedHead head{&kind, std::chrono::system_clock::now(), fields.size()};
  const auto size = packed_size(fields);
  bool wake = false;
  {
    const std::lock_guard lock(waiting_mutex_);
    const auto before = waiting_.size();
    if (before + size > waiting_limit) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const auto after = before + size;
    // What comes in with the pointer is at least `after`.
    waiting_.resize_and_overwrite(after, [&](char* out, std::size_t) {
      pack(out + before, head, fields);
      return after;
    });
    wake = before == 0 || (before < gather_bytes && after >= gather_bytes);
  }
  if (wake) filled_.notify_one();
}

void Stream::drain() {
  std::unique_lock lock(waiting_mutex_);
  const auto last = batches_ + (handing_out_ ? 1U : 0U) + (waiting_.empty() ? 0U : 1U);
  handed_out_.wait(lock, [&] { return batches_ >= last; });
}

void Stream::hand_out_until_end() {
  std::string records;
  std::unique_lock lock(waiting_mutex_);
  while (!ending_ || !waiting_.empty()) {
    filled_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    filled_.wait_for(lock, gather_time,
                     [this] { return ending_ || waiting_.size() >= gather_bytes; });
    records.swap(waiting_);
    handing_out_ = true;
    lock.unlock();
    hand_out(records);
    records.clear();
    if (records.capacity() > kept_bytes) records.shrink_to_fit();
    lock.lock();
    handing_out_ = false;
    ++batches_;
    handed_out_.notify_all();
  }
}

void Stream::hand_out(std::string_view records) {
  const std::lock_guard lock(views_mutex_);
  while (!records.empty()) {
    const auto head = take_from<PackedHead>(records);
    auto texts = records.substr(head.fields * sizeof(PackedField));
    fields_.clear();
    for (std::size_t i = 0; i < head.fields; ++i)
      fields_.push_back(unpack(take_from<PackedField>(records), texts));
    records = texts;
    hand_out({*head.kind, head.when, fields_});
  }
  report_dropped();
  for (auto* view : views_) view->rest();
}

void Stream::hand_out(const Record& record) const {
  for (auto* view : views_) {
    if (view->wants(record.kind)) view->take(record);
  }
}

/// Events are dropped while many wait, so a batch follows in which it can be told.
void Stream::report_dropped() {
  const auto count = dropped() - dropped_told_;
  if (count == 0) return;
  dropped_told_ += count;
  const Field field("count", count);
  hand_out({events_dropped, std::chrono::system_clock::now(), {&field, 1}});
}

}  // namespace pixie::events
