#include "images/iso_record.h"

#include <charconv>
#include <chrono>

namespace pixie::images {
namespace {

struct Calendar {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
  /// Quarters of an hour east of Greenwich.
  std::int8_t offset = 0;
};

std::time_t time_of(const Calendar& at) {
  using namespace std::chrono;
  const year_month_day date{year(at.year), month(at.month), day(at.day)};
  if (!date.ok()) return 0;
  const auto local =
      sys_days(date) + hours(at.hour) + minutes(at.minute) + std::chrono::seconds(at.second);
  return (local - minutes(15 * at.offset)).time_since_epoch().count();
}

}  // namespace

Expected<IsoRecord> parse_iso_record(wire::Bytes bytes) {
  wire::Reader outer(bytes);
  const std::size_t length = outer.u8();
  wire::Reader reader(outer.bytes(length == 0 ? 0 : length - 1));
  IsoRecord record;
  const auto attributes = reader.u8();
  record.block = std::uint64_t{reader.le32()} + attributes;
  reader.u32();
  record.length = reader.le32();
  reader.u32();
  record.modified = iso_time(reader.bytes(7));
  record.flags = reader.u8();
  const auto unit = reader.u8();
  const auto gap = reader.u8();
  record.interleaved = unit != 0 && gap != 0;
  reader.u32();
  const std::size_t name_length = reader.u8();
  record.name = reader.bytes(name_length);
  if (!outer.ok() || !reader.ok() || name_length == 0) {
    return fail("a record that is too short");
  }
  if (name_length % 2 == 0 && !reader.at_end()) reader.u8();
  record.system_use = reader.rest();
  return record;
}

std::time_t iso_time(wire::Bytes seven) {
  wire::Reader reader(seven);
  Calendar at;
  at.year = 1900 + reader.u8();
  at.month = reader.u8();
  at.day = reader.u8();
  at.hour = reader.u8();
  at.minute = reader.u8();
  at.second = reader.u8();
  at.offset = static_cast<std::int8_t>(reader.u8());
  return reader.ok() ? time_of(at) : 0;
}

std::time_t iso_long_time(wire::Bytes seventeen) {
  wire::Reader reader(seventeen);
  bool ok = true;
  const auto digits = [&](std::size_t count) {
    const auto text = wire::as_text(reader.bytes(count));
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    ok = ok && error == std::errc{} && end == text.data() + text.size();
    return value;
  };
  Calendar at;
  at.year = static_cast<int>(digits(4));
  at.month = digits(2);
  at.day = digits(2);
  at.hour = static_cast<int>(digits(2));
  at.minute = static_cast<int>(digits(2));
  at.second = static_cast<int>(digits(2));
  digits(2);
  at.offset = static_cast<std::int8_t>(reader.u8());
  return ok && reader.ok() ? time_of(at) : 0;
}

}  // namespace pixie::images
