// The patterns of recipes: text in which `*` stands for any text and `{name}` for some text that is kept under that
// name: `Debian GNU/Linux {version} "{codename}" *`. Letters are compared as written.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/error.h"

namespace pixie::recipes {

/// What is known of an image, by name: `version` → `12.5.0`. It is the image's own words: anything may be in it.
using Facts = std::map<std::string, std::string, std::less<>>;

class Pattern {
 public:
  /// Between two placeholders must be text.
  static Expected<Pattern> parse(std::string_view text);

  /// Whether the whole text is so. Then the facts get what the names stand for; what a name stands for already stays.
  bool matches(std::string_view text, Facts& facts) const;
  bool is_plain() const { return pieces_.size() == 1 && !pieces_[0].any; }
  const std::string& text() const { return text_; }
  /// Of the placeholders that have one.
  std::vector<std::string> names() const;

 private:
  /// A literal text; or any text, of at least one character if it has a name.
  struct Piece {
    bool any = false;
    std::string text;
  };

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace pixie::recipes
