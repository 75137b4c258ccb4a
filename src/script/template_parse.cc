// Reads a template: see the grammar in script/template.h.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "script/template_tree.h"
#include "wire/suggest.h"

namespace pixie::script {
namespace {

constexpr std::size_t depth_limit = 32;
constexpr std::string_view blanks = " \t";
constexpr std::array<std::string_view, 3> section_words{"if", "unless", "each"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; }

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_name(std::string_view text) {
  bool begins = true;
  for (const char c : text) {
    if (begins ? !is_letter(c) : !is_name_part(c) && c != '.') return false;
    begins = c == '.';
  }
  return !begins;
}

Node::Kind kind_of(std::string_view word) {
  if (word == "if") return Node::Kind::if_;
  return word == "each" ? Node::Kind::each : Node::Kind::unless;
}

class Parser {
 public:
  explicit Parser(TemplateTree& tree) : tree_(tree), content_(tree.content) {}

  std::expected<void, wire::Diagnostic> parse() {
    while (next_tag()) {
    }
    if (!mistake_ && !open_.empty()) {
      const auto& open = open_.back();
      mistake(open.tag,
              fmt::format("{} is not closed: {{{{/{}}}}} is missing", open.tag, open.word));
    }
    if (mistake_) return std::unexpected(std::move(*mistake_));
    return {};
  }

 private:
  struct Open {
    std::string_view tag;
    std::string_view word;
    std::size_t node;
    bool in_else = false;
  };

  /// Takes the text up to the next tag, and the tag. False at the end and at a mistake.
  bool next_tag() {
    const auto braces = content_.find("{{", scanned_);
    if (braces == content_.npos) {
      add_text(content_.size());
      return false;
    }
    const auto before = content_.substr(taken_, braces - taken_);
    if (before.ends_with('\\')) {
      add_text(braces - 1);
      taken_ = braces;
      if (!before.ends_with("\\\\")) {  // the braces themselves; after two backslashes, a tag
        scanned_ = braces + 2;
        return true;
      }
    }
    return take_tag(braces);
  }

  bool take_tag(std::size_t braces) {
    const auto close = content_.find("}}", braces + 2);
    const auto line_end = content_.find('\n', braces);
    const bool is_remark = content_.substr(braces + 2).starts_with('!');
    if (close == content_.npos || (close > line_end && !is_remark)) {
      return mistake(
          content_.substr(braces),
          "'{{' is not closed by '}}' on its line; two braces as such are written '\\{{'");
    }
    const auto tag = content_.substr(braces, close + 2 - braces);
    const auto inner = tag.substr(2, tag.size() - 4);
    const auto word = trimmed(inner);
    const bool is_show =
        !is_remark && !inner.starts_with('#') && !inner.starts_with('/') && word != "else";
    add_text(is_show ? braces : line_begin(braces, tag.size()));
    taken_ = scanned_ = is_show ? close + 2 : line_rest(braces, tag.size());
    if (is_remark) return true;
    if (inner.starts_with('#')) return open_section(tag, inner.substr(1));
    if (inner.starts_with('/')) return close_section(tag, trimmed(inner.substr(1)));
    if (word == "else") return otherwise(tag);
    return add_name(Node::Kind::show, word);
  }

  /// Where the line begins on which nothing stands but this tag; the tag's own place on any other line.
  std::size_t line_begin(std::size_t tag, std::size_t size) const {
    return stands_alone(tag, size) ? begin_of_blanks(tag) : tag;
  }
  std::size_t line_rest(std::size_t tag, std::size_t size) const {
    if (!stands_alone(tag, size)) return tag + size;
    const auto newline = content_.find('\n', tag + size);
    return newline == content_.npos ? content_.size() : newline + 1;
  }
  std::size_t begin_of_blanks(std::size_t tag) const {
    return content_.substr(0, tag).find_last_not_of(blanks) + 1;
  }
  bool stands_alone(std::size_t tag, std::size_t size) const {
    const auto begin = begin_of_blanks(tag);
    if (begin != 0 && content_[begin - 1] != '\n') return false;
    auto rest = content_.substr(tag + size);
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    return rest.empty() || rest.starts_with('\n') || rest.starts_with("\r\n");
  }

  void add_text(std::size_t end) {
    if (end > taken_)
      tree_.nodes.push_back(
          {.kind = Node::Kind::text, .text = content_.substr(taken_, end - taken_)});
  }

  bool add_name(Node::Kind kind, std::string_view name) {
    if (!is_name(name)) {
      return mistake(name,
                     fmt::format("a name was expected between the braces, not '{}'; two braces "
                                 "as such are written '\\{{{{'",
                                 name));
    }
    const auto root = root_of(name);
    tree_.nodes.push_back({.kind = kind, .root = root, .text = name});
    if (root == Node::Root::scope) {
      const bool asks = kind == Node::Kind::if_ || kind == Node::Kind::unless;
      tree_.names.push_back({.name = std::string(name),
                             .offset = static_cast<std::size_t>(name.data() - content_.data()),
                             .optional = asks || is_asked_for(name)});
    }
    return true;
  }

  /// Whether it stands where an open section has found it, or a part of the same table, to be true.
  bool is_asked_for(std::string_view name) const {
    const auto first = name.substr(0, name.find('.'));
    return std::ranges::any_of(open_, [&](const Open& open) {
      const auto asked = tree_.nodes[open.node].text;
      return open.word == (open.in_else ? "unless" : "if") &&
             asked.substr(0, asked.find('.')) == first;
    });
  }

  Node::Root root_of(std::string_view name) const {
    const bool has_element = std::ranges::any_of(
        open_, [](const Open& open) { return open.word == "each" && !open.in_else; });
    if (!has_element) return Node::Root::scope;
    if (name == "index") return Node::Root::index;
    return name.substr(0, name.find('.')) == "this" ? Node::Root::element : Node::Root::scope;
  }

  bool open_section(std::string_view tag, std::string_view inner) {
    const auto word = inner.substr(0, inner.find_first_of(blanks));
    if (std::ranges::find(section_words, word) == section_words.end()) {
      return mistake(tag.substr(2),
                     fmt::format("there is no section '{}', only if, unless and each{}", word,
                                 wire::suggestion(word, section_words)));
    }
    if (open_.size() == depth_limit)
      return mistake(tag, fmt::format("sections are nested deeper than {}", depth_limit));
    const auto node = tree_.nodes.size();
    if (!add_name(kind_of(word), trimmed(inner.substr(word.size())))) return false;
    open_.push_back({.tag = tag, .word = word, .node = node});
    return true;
  }

  bool close_section(std::string_view tag, std::string_view word) {
    if (open_.empty())
      return mistake(tag, fmt::format("{} closes nothing: no section is open", tag));
    const auto& open = open_.back();
    if (word != open.word) {
      return mistake(tag, fmt::format("{} does not close {}: {{{{/{}}}}} was expected", tag,
                                      open.tag, open.word));
    }
    auto& node = tree_.nodes[open.node];
    node.end = tree_.nodes.size();
    if (!open.in_else) node.otherwise = node.end;
    open_.pop_back();
    return true;
  }

  bool otherwise(std::string_view tag) {
    if (open_.empty()) return mistake(tag, fmt::format("{} stands in no section", tag));
    auto& open = open_.back();
    if (open.in_else) return mistake(tag, fmt::format("{} has a second {}", open.tag, tag));
    tree_.nodes[open.node].otherwise = tree_.nodes.size();
    open.in_else = true;
    return true;
  }

  bool mistake(std::string_view where, std::string text) {
    mistake_ = tree_.at(where, std::move(text));
    return false;
  }

  TemplateTree& tree_;
  std::string_view content_;
  /// Where the text begins that is not yet in a node, and where the next braces are looked for.
  std::size_t taken_ = 0;
  std::size_t scanned_ = 0;
  std::vector<Open> open_;
  std::optional<wire::Diagnostic> mistake_;
};

}  // namespace

std::expected<void, wire::Diagnostic> parse_nodes(TemplateTree& tree) {
  return Parser(tree).parse();
}

}  // namespace pixie::script
