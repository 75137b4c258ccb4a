#include "sources/sums.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace pixie::sources {
namespace {

constexpr std::size_t sum_digits = 64;

bool is_sum(std::string_view word) {
  return word.size() == sum_digits && std::ranges::all_of(word, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

/// One line: its sum and its names. `*` and `./` in front of a name mean nothing.
struct Line {
  std::string_view sum;
  std::vector<std::string_view> names;
};

Line read_line(std::string_view line) {
  constexpr std::string_view between = " \t\r=():";
  Line read;
  while (!line.empty()) {
    const auto begin = std::min(line.find_first_not_of(between), line.size());
    line.remove_prefix(begin);
    auto word = line.substr(0, line.find_first_of(between));
    line.remove_prefix(word.size());
    if (is_sum(word)) {
      read.sum = word;
    } else if (!word.empty()) {
      if (word.starts_with('*')) word.remove_prefix(1);
      if (word.starts_with("./")) word.remove_prefix(2);
      read.names.push_back(word);
    }
  }
  return read;
}

/// Calls `take(line)` for each line that has a sum.
template <class Take>
void for_each_line(std::string_view sums, const Take& take) {
  while (!sums.empty()) {
    const auto text = sums.substr(0, sums.find('\n'));
    sums.remove_prefix(std::min(text.size() + 1, sums.size()));
    if (const auto line = read_line(text); !line.sum.empty()) take(line);
  }
}

bool fits(std::string_view name, std::string_view pattern) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  const auto front = pattern.substr(0, star);
  const auto back = pattern.substr(star + 1);
  return name.size() >= front.size() + back.size() && name.starts_with(front) &&
         name.ends_with(back);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the beginning; zeros in front are left out.
std::string_view take_number(std::string_view& text) {
  auto number = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(number.size());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

/// Whether `a` comes before `b`: 24.04.2 before 24.04.10.
bool comes_before(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const auto one = take_number(a);
      const auto other = take_number(b);
      if (one.size() != other.size()) return one.size() < other.size();
      if (one != other) return one < other;
    } else {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

}  // namespace

Expected<std::optional<std::string>> sum_of(std::string_view sums, std::string_view name) {
  std::optional<std::string> found;
  bool differ = false;
  for_each_line(sums, [&](const Line& line) {
    if (std::ranges::find(line.names, name) == line.names.end()) return;
    auto sum = lower(line.sum);
    differ |= found && *found != sum;
    found = std::move(sum);
  });
  if (differ) return fail(fmt::format("{} is listed with different sums", name));
  return found;
}

std::string name_like(std::string_view sums, std::string_view pattern) {
  std::string_view best;
  for_each_line(sums, [&](const Line& line) {
    for (const auto name : line.names) {
      if (fits(name, pattern) && comes_before(best, name)) best = name;
    }
  });
  return std::string(best);
}

}  // namespace pixie::sources
