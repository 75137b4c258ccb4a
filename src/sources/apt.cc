#include "sources/apt.h"

#include <algorithm>
#include <vector>

#include "http/syntax.h"

namespace pixie::sources {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view blanks = " \t\r\n";
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (text.empty()) return words;
    words.push_back(text.substr(0, text.find_first_of(blanks)));
    text.remove_prefix(words.back().size());
  }
}

bool is_web(std::string_view uri) {
  return uri.starts_with("http://") || uri.starts_with("https://");
}

std::string with_slash(std::string_view uri) {
  return std::string(uri) + (uri.ends_with('/') ? "" : "/");
}

std::string_view next_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

/// `deb [ options ] URI suite components…`
std::string from_list(std::string_view text, const std::set<std::string>& suites) {
  while (!text.empty()) {
    const auto line = next_line(text);
    auto words = words_of(line.substr(0, line.find('#')));
    if (words.empty() || words.front() != "deb") continue;
    const auto uri = std::ranges::find_if(words, is_web);
    if (uri == words.end() || uri + 1 == words.end()) continue;
    if (suites.contains(std::string(uri[1]))) return with_slash(*uri);
  }
  return {};
}

/// Stanzas of fields, apart by empty lines; a line that begins with a blank goes on with the one before.
std::string from_stanzas(std::string_view text, const std::set<std::string>& suites) {
  bool is_deb = false;
  bool enabled = true;
  std::string_view uri;
  bool fits = false;
  std::string_view name;
  while (!text.empty()) {
    auto line = next_line(text);
    if (line.starts_with('#')) continue;
    const bool ends = words_of(line).empty();
    if (!ends && line.front() != ' ' && line.front() != '\t') {
      name = line.substr(0, line.find(':'));
      line.remove_prefix(std::min(name.size() + 1, line.size()));
    }
    for (const auto word : words_of(line)) {
      if (http::equal_ignoring_case(name, "Types")) is_deb |= word == "deb";
      if (http::equal_ignoring_case(name, "Enabled")) enabled = word != "no";
      if (http::equal_ignoring_case(name, "URIs") && uri.empty() && is_web(word)) uri = word;
      if (http::equal_ignoring_case(name, "Suites")) fits |= suites.contains(std::string(word));
    }
    if (!ends && !text.empty()) continue;
    if (is_deb && enabled && fits && !uri.empty()) return with_slash(uri);
    is_deb = fits = false;
    enabled = true;
    uri = name = {};
  }
  return {};
}

}  // namespace

std::string apt_mirror(std::string_view text, bool deb822, const std::set<std::string>& suites) {
  return deb822 ? from_stanzas(text, suites) : from_list(text, suites);
}

}  // namespace pixie::sources
