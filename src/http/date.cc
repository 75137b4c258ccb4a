#include "http/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace pixie::http {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_day_names = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::time_t first_time = -62'135'596'800;  // 0001-01-01 00:00:00
constexpr std::time_t last_time = 253'402'300'799;   // 9999-12-31 23:59:59

/// Consumes a date piece by piece, with a sticky error.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return ok_ && rest_.empty(); }

  void literal(std::string_view expected) {
    ok_ = ok_ && rest_.starts_with(expected);
    if (!ok_) return;
    rest_.remove_prefix(expected.size());
  }

  /// Exactly `width` digits; with `padded`, the first may be a space.
  int number(std::size_t width, bool padded = false) {
    ok_ = ok_ && rest_.size() >= width;
    int value = 0;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      const char c = padded && i == 0 && rest_[i] == ' ' ? '0' : rest_[i];
      ok_ = c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
    }
    if (!ok_) return 0;
    rest_.remove_prefix(width);
    return value;
  }

  /// The index of the name that comes next.
  unsigned name(Names names) {
    const auto found =
        std::ranges::find_if(names, [&](std::string_view n) { return rest_.starts_with(n); });
    ok_ = ok_ && found != names.end();
    if (!ok_) return 0;
    rest_.remove_prefix(found->size());
    return static_cast<unsigned>(found - names.begin());
  }

  void time_of_day(CivilTime& time) {
    time.hour = number(2);
    literal(":");
    time.minute = number(2);
    literal(":");
    time.second = number(2);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

CivilTime scan_fixdate(Scanner& scan) {
  CivilTime time{};
  scan.name(day_names);
  scan.literal(", ");
  time.day = static_cast<unsigned>(scan.number(2));
  scan.literal(" ");
  time.month = scan.name(month_names) + 1;
  scan.literal(" ");
  time.year = scan.number(4);
  scan.literal(" ");
  scan.time_of_day(time);
  scan.literal(" GMT");
  return time;
}

CivilTime scan_rfc850(Scanner& scan, int year_now) {
  CivilTime time{};
  scan.name(long_day_names);
  scan.literal(", ");
  time.day = static_cast<unsigned>(scan.number(2));
  scan.literal("-");
  time.month = scan.name(month_names) + 1;
  scan.literal("-");
  time.year = year_now - year_now % 100 + scan.number(2);
  if (time.year > year_now + 50) time.year -= 100;
  scan.literal(" ");
  scan.time_of_day(time);
  scan.literal(" GMT");
  return time;
}

CivilTime scan_asctime(Scanner& scan) {
  CivilTime time{};
  scan.name(day_names);
  scan.literal(" ");
  time.month = scan.name(month_names) + 1;
  scan.literal(" ");
  time.day = static_cast<unsigned>(scan.number(2, true));
  scan.literal(" ");
  scan.time_of_day(time);
  scan.literal(" ");
  time.year = scan.number(4);
  return time;
}

std::optional<std::time_t> to_time(const CivilTime& time) {
  using namespace std::chrono;
  const year_month_day date(year(time.year), month(time.month), day(time.day));
  // A leap second is valid (section 5.6.7) and means the first second of the next minute.
  if (!date.ok() || time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  const sys_seconds when =
      sys_days(date) + hours(time.hour) + minutes(time.minute) + seconds(time.second);
  const auto seconds_since_1970 = when.time_since_epoch().count();
  // Others can't be written again.
  if (seconds_since_1970 < first_time || seconds_since_1970 > last_time) return std::nullopt;
  return seconds_since_1970;
}

}  // namespace

CivilTime civil_time(std::time_t when) {
  using namespace std::chrono;
  const sys_seconds time(seconds(std::clamp(when, first_time, last_time)));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          weekday(day).c_encoding(),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

void append_date(std::string& out, std::time_t when) {
  const CivilTime t = civil_time(when);
  const auto two_digits = [&](int value) {
    out.push_back(static_cast<char>('0' + value / 10));
    out.push_back(static_cast<char>('0' + value % 10));
  };
  out.append(day_names[t.weekday]).append(", ");
  two_digits(static_cast<int>(t.day));
  out.append(" ").append(month_names[t.month - 1]).append(" ");
  two_digits(t.year / 100);
  two_digits(t.year % 100);
  out.append(" ");
  two_digits(t.hour);
  out.append(":");
  two_digits(t.minute);
  out.append(":");
  two_digits(t.second);
  out.append(" GMT");
}

std::optional<std::time_t> parse_date(std::string_view text, std::time_t now) {
  Scanner scan(text);
  const auto comma = text.find(',');
  const CivilTime time = comma == 3                        ? scan_fixdate(scan)
                         : comma != std::string_view::npos ? scan_rfc850(scan, civil_time(now).year)
                                                           : scan_asctime(scan);
  if (!scan.done()) return std::nullopt;
  return to_time(time);
}

}  // namespace pixie::http
