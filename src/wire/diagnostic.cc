#include "wire/diagnostic.h"

#include <algorithm>

#include <fmt/format.h>

namespace pixie::wire {
namespace {

/// How much of a long line (JSON is often written in one) is shown before and after the column.
constexpr std::size_t shown_before = 100;
constexpr std::size_t shown_after = 60;

bool continues_utf8(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string Diagnostic::one_line() const {
  if (line == 0) return fmt::format("{}: {}", file, text);
  if (column == 0) return fmt::format("{}:{}: {}", file, line, text);
  return fmt::format("{}:{}:{}: {}", file, line, column, text);
}

std::string Diagnostic::with_caret() const {
  auto shown = one_line() + '\n';
  if (line == 0 || column == 0 || excerpt.empty()) return shown;
  const auto caret = std::min(column - 1, excerpt.size());
  auto first = caret > shown_before ? caret - shown_before : 0;
  while (first < caret && continues_utf8(excerpt[first])) ++first;
  auto last = std::min(excerpt.size(), caret + shown_after);
  while (last < excerpt.size() && continues_utf8(excerpt[last])) ++last;

  std::string padding;
  for (auto at = first; at < last; ++at) {
    const char c = excerpt[at];
    shown += is_control(c) && c != '\t' ? '?' : c;
    if (at < caret && !continues_utf8(c)) padding += c == '\t' ? '\t' : ' ';
  }
  return shown + '\n' + padding + "^\n";
}

Diagnostic diagnose_at(const std::string& file, std::string_view content, std::size_t offset,
                       std::string text) {
  offset = std::min(offset, content.size());
  const auto before = content.substr(0, offset);
  const auto start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  auto line = content.substr(start, content.find('\n', offset) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {.file = file,
          .line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
          .column = offset - start + 1,
          .text = std::move(text),
          .excerpt = std::string(line)};
}

}  // namespace pixie::wire
