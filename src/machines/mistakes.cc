#include "machines/mistakes.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "wire/suggest.h"

namespace pixie::machines {

TomlFile::TomlFile(const SourceFile& source) : source_(&source), line_starts_{0} {
  const std::string_view content = source.content;
  for (auto at = content.find('\n'); at != std::string_view::npos; at = content.find('\n', at + 1))
    line_starts_.push_back(at + 1);
}

std::string_view TomlFile::line(std::size_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  auto line = std::string_view(content()).substr(line_starts_[number - 1]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Place TomlFile::place(const toml::source_position& at) const {
  const auto text = line(at.line);
  std::size_t bytes = 0;
  for (toml::source_index column = 1; column < at.column && bytes < text.size(); ++column) {
    ++bytes;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) ++bytes;
  }
  return {.file = name(), .line = at.line, .column = bytes + 1};
}

std::size_t TomlFile::offset(const Place& place) const {
  if (place.line == 0 || place.line > line_starts_.size()) return content().size();
  return std::min(line_starts_[place.line - 1] + place.column - 1, content().size());
}

void Mistakes::add(const TomlFile& file, const toml::source_position& at, std::string text) {
  auto place = file.place(at);
  add({.file = std::move(place.file),
       .line = place.line,
       .column = place.column,
       .text = std::move(text),
       .excerpt = std::string(file.line(place.line).substr(0, excerpt_limit_bytes + 1))});
}

void Mistakes::add(wire::Diagnostic mistake) {
  if (found_.size() == limit) {
    ++left_out_;
    return;
  }
  if (mistake.excerpt.size() > excerpt_limit_bytes) mistake.excerpt.clear();
  found_.push_back(std::move(mistake));
}

std::string Mistakes::suggestion(std::string_view mistyped,
                                 std::span<const std::string_view> names) const {
  return found_.size() == limit ? "" : wire::suggestion(mistyped, names);
}

std::vector<wire::Diagnostic> Mistakes::sorted(const std::vector<SourceFile>& settings) && {
  std::map<std::string_view, std::size_t> ranks;
  for (const auto& file : settings) ranks.emplace(file.name, ranks.size());
  std::ranges::sort(found_, {}, [&](const wire::Diagnostic& mistake) {
    const auto rank = ranks.find(mistake.file);
    return std::tuple(rank == ranks.end() ? ranks.size() : rank->second,
                      std::string_view(mistake.file), mistake.line, mistake.column,
                      std::string_view(mistake.text));
  });
  if (left_out_ > 0) {
    found_.push_back({.file = found_.back().file,
                      .text = fmt::format("there are {} more mistakes", left_out_),
                      .excerpt = ""});
  }
  return std::move(found_);
}

}  // namespace pixie::machines
