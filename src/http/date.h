// HTTP-date (RFC 9110 section 5.6.7): always UTC, whatever the locale and time zone are.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace pixie::http {

/// A point in time on the calendar, in UTC.
struct CivilTime {
  int year;  ///< 1 to 9999
  unsigned month, day;
  unsigned weekday;  ///< 0 is Sunday
  int hour, minute, second;
};

/// A time outside the years 1 to 9999 becomes the nearest one within: file systems can hold such
/// times, dates on the wire can't.
CivilTime civil_time(std::time_t when);

/// Appends an IMF-fixdate of 29 characters: `Sun, 06 Nov 1994 08:49:37 GMT`.
void append_date(std::string& out, std::time_t when);

/// Takes the three forms that a recipient must accept: IMF-fixdate, RFC 850 (`Sunday, 06-Nov-94
/// 08:49:37 GMT`, its century chosen so that it is not more than 50 years after `now`) and asctime
/// (`Sun Nov  6 08:49:37 1994`). The day of the week must be one but need not be the right one.
std::optional<std::time_t> parse_date(std::string_view text, std::time_t now);

}  // namespace pixie::http
