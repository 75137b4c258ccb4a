// A parsed template: its nodes in the order of the text, sections in front of what they hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "script/template.h"
#include "wire/diagnostic.h"

namespace pixie::script {

struct Node {
  enum class Kind : std::uint8_t { text, show, if_, unless, each };
  /// Where a name is looked up.
  enum class Root : std::uint8_t { scope, element, index };

  Kind kind;
  Root root = Root::scope;
  /// The literal text, or the name as written (`this.key` with its `this`). A view of the template's content.
  std::string_view text;
  /// Of a section: its body are the nodes behind it until `otherwise`, what follows {{else}} those until `end`.
  std::size_t otherwise = 0;
  std::size_t end = 0;
};

struct TemplateTree {
  std::string file;
  std::string content;
  std::vector<Node> nodes;
  std::vector<Template::Name> names;

  /// The diagnostic for a place in the content, of which `where` is a view.
  wire::Diagnostic at(std::string_view where, std::string text) const {
    return wire::diagnose_at(file, content, static_cast<std::size_t>(where.data() - content.data()),
                             std::move(text));
  }
};

/// Fills `nodes` and `names` from the content.
std::expected<void, wire::Diagnostic> parse_nodes(TemplateTree& tree);

}  // namespace pixie::script
