#include "recipes/fill.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/utf8.h"

namespace pixie::recipes {
namespace {

constexpr auto none = std::string_view::npos;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_one_of(char c, std::string_view set) { return set.find(c) != none; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string in_url(std::string_view text) {
  std::string url;
  for (const char c : text) {
    if (is_alnum(c) || is_one_of(c, "-._~/")) {
      url += c;
    } else {
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return url;
}

std::string as_word(std::string_view text) {
  std::string word(text);
  std::ranges::replace_if(
      word, [](char c) { return !is_alnum(c) && !is_one_of(c, "._:@%+,=~/-"); }, '_');
  return word;
}

std::string as_title(std::string_view text, std::string_view otherwise) {
  std::string title;
  while (!text.empty()) {
    const auto length = wire::utf8_length(text);
    const bool blank = text.front() == ' ' || is_control(text.front());
    if (!blank) title += length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
    if (blank && !title.empty() && title.back() != ' ') title += ' ';
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  if (title.ends_with(' ')) title.pop_back();
  if (!title.empty()) return title;
  return otherwise.empty() ? "?" : as_title(otherwise);
}

std::string fill(std::string_view text, const std::set<std::string, std::less<>>& names,
                 const std::function<std::string(std::string_view name)>& value_of) {
  std::string filled;
  while (true) {
    const auto begin = text.find("{{");
    const auto end = begin == none ? none : text.find("}}", begin);
    if (end == none) return filled.append(text);
    const auto name = text.substr(begin + 2, end - begin - 2);
    if (names.contains(name)) {
      filled.append(text.substr(0, begin)).append(value_of(name));
    } else {
      filled.append(text.substr(0, end + 2));
    }
    text.remove_prefix(end + 2);
  }
}

std::string escaped(std::string_view text) {
  std::string result;
  for (auto at = text.find("{{"); at != none; at = text.find("{{")) {
    result.append(text.substr(0, at));
    // A backslash in front of the braces would turn the meaning of the one that is added.
    result.append(result.ends_with('\\') ? "{ {" : "\\{{");
    text.remove_prefix(at + 2);
  }
  return result.append(text);
}

std::string toml_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (is_control(c)) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace pixie::recipes
