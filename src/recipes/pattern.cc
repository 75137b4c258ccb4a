#include "recipes/pattern.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace pixie::recipes {
namespace {

constexpr auto none = std::string_view::npos;

bool is_fact_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

Expected<Pattern> Pattern::parse(std::string_view text) {
  Pattern pattern;
  pattern.text_ = text;
  while (!text.empty()) {
    const auto special = std::min(text.find_first_of("*{"), text.size());
    if (special > 0) {
      pattern.pieces_.push_back({.any = false, .text = std::string(text.substr(0, special))});
      text.remove_prefix(special);
      continue;
    }
    if (!pattern.pieces_.empty() && pattern.pieces_.back().any)
      return fail("between two placeholders of a pattern must be some text");
    const auto end = text.front() == '*' ? 0 : text.find('}');
    const auto name = end == none || end == 0 ? std::string_view() : text.substr(1, end - 1);
    if (end == none || (end != 0 && !is_fact_name(name)))
      return fail("'{' begins a name such as {version}, in small letters");
    pattern.pieces_.push_back({.any = true, .text = std::string(name)});
    text.remove_prefix(end + 1);
  }
  return pattern;
}

bool Pattern::matches(std::string_view text, Facts& facts) const {
  Facts found;
  const Piece* open = nullptr;  // a placeholder whose end is not found yet
  const auto close = [&](std::string_view value) {
    if (open && !open->text.empty()) found.emplace(open->text, value);
    open = nullptr;
  };
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto& piece = pieces_[i];
    if (piece.any) {
      open = &piece;
      continue;
    }
    const std::size_t least = open && !open->text.empty() ? 1 : 0;
    const bool is_last = i + 1 == pieces_.size();
    std::size_t at = 0;
    if (open && is_last) {
      if (!text.ends_with(piece.text)) return false;
      at = text.size() - piece.text.size();
    } else if (open) {
      at = text.find(piece.text, least);
    } else if (!text.starts_with(piece.text)) {
      return false;
    }
    if (at == none || at < least) return false;
    close(text.substr(0, at));
    text.remove_prefix(at + piece.text.size());
  }
  if (!open && !text.empty()) return false;
  if (open && !open->text.empty() && text.empty()) return false;
  close(text);
  facts.merge(found);
  return true;
}

std::vector<std::string> Pattern::names() const {
  std::vector<std::string> names;
  for (const auto& piece : pieces_) {
    if (piece.any && !piece.text.empty()) names.push_back(piece.text);
  }
  return names;
}

}  // namespace pixie::recipes
