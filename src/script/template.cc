#include "script/template.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "script/template_tree.h"
#include "wire/suggest.h"

namespace pixie::script {
namespace {

/// What iPXE takes as a part of one word, and as nothing else.
constexpr auto plain_characters = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = '0'; c <= '9'; ++c) plain[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) plain[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) plain[c] = true;
  for (const char c : std::string_view("._:@%+,=~/-")) plain[static_cast<unsigned char>(c)] = true;
  return plain;
}();

bool is_plain(char c) { return plain_characters[static_cast<unsigned char>(c)]; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

bool is_true(const Value& value) {
  return std::visit(
      Overloaded{[](bool flag) { return flag; }, [](std::int64_t number) { return number != 0; },
                 [](double number) { return number != 0; },
                 [](const auto& several) { return !several.empty(); }},
      value.content);
}

/// What is said of a name that is not found, with the nearest one that is.
std::string unknown(const Scope& scope, std::string_view name) {
  auto known = scope.names();
  auto missing = name.substr(0, name.find('.'));
  auto whole = scope.look_up(missing);
  while (whole.value != nullptr) {
    const auto* table = std::get_if<Table>(&whole.value->content);
    if (table == nullptr)
      return fmt::format("{{{{{}}}}} is not known here: {} has no parts", name, missing);
    known.clear();
    for (const auto& [key, value] : *table) known.push_back(key);
    const auto rest = name.substr(static_cast<std::size_t>(missing.end() - name.begin()) + 1);
    missing = rest.substr(0, rest.find('.'));
    whole = part_of(whole, missing);
  }
  return fmt::format("{{{{{}}}}} is not known here{}", name, wire::suggestion(missing, known));
}

class Rendering {
 public:
  Rendering(const TemplateTree& tree, const Scope& scope, Reader reader)
      : tree_(tree), scope_(scope), reader_(reader) {}

  std::expected<std::string, wire::Diagnostic> run() {
    constexpr std::size_t room_for_values = 512;
    out_.reserve(tree_.content.size() + room_for_values);
    if (!render(0, tree_.nodes.size(), nullptr)) return std::unexpected(std::move(*mistake_));
    return std::move(out_);
  }

 private:
  /// One turn of an `each`.
  struct Turn {
    Found element;
    Value index;
  };

  /// The nodes [first, last). False: mistake_ says why.
  bool render(std::size_t first, std::size_t last, const Turn* turn) {
    for (auto at = first; at < last;) {
      const auto& node = tree_.nodes[at];
      if (!step(node)) return false;
      bool done = false;
      switch (node.kind) {
        case Node::Kind::text:
          done = add(node, node.text);
          break;
        case Node::Kind::show:
          done = show(node, turn);
          break;
        case Node::Kind::each:
          done = each(node, at, turn);
          break;
        case Node::Kind::if_:
        case Node::Kind::unless:
          done = choose(node, at, turn);
          break;
      }
      if (!done) return false;
      at = node.end > at ? node.end : at + 1;
    }
    return true;
  }

  bool choose(const Node& node, std::size_t at, const Turn* turn) {
    const auto found = look_up(node, turn);
    const bool holds = found.value != nullptr && is_true(*found.value);
    return holds == (node.kind == Node::Kind::if_) ? render(at + 1, node.otherwise, turn)
                                                   : render(node.otherwise, node.end, turn);
  }

  bool each(const Node& node, std::size_t at, const Turn* turn) {
    const auto found = look_up(node, turn);
    if (found.value == nullptr) return not_known(node, turn);
    const auto* list = std::get_if<List>(&found.value->content);
    if (list == nullptr)
      return mistake(node, fmt::format("{{{{#each {}}}}} wants a list", node.text));
    if (list->empty()) return render(node.otherwise, node.end, turn);
    Turn inner{.element = {}, .index = {std::int64_t{0}}};
    for (const auto& element : *list) {
      inner.element = {.value = &element, .claimed = found.claimed || element.claimed};
      if (!step(node) || !render(at + 1, node.otherwise, &inner)) return false;
      ++std::get<std::int64_t>(inner.index.content);
    }
    return true;
  }

  bool show(const Node& node, const Turn* turn) {
    const auto found = look_up(node, turn);
    if (found.value == nullptr) return not_known(node, turn);
    const auto& content = found.value->content;
    return std::visit(
        Overloaded{[&](const std::string& text) { return show_text(node, text, found.claimed); },
                   [&](bool flag) { return add(node, flag ? "true" : "false"); },
                   [&](const List&) { return not_a_text(node, "a list: use {{#each}}"); },
                   [&](const Table&) { return not_a_text(node, "a table: name one of its parts"); },
                   [&](auto number) { return add(node, fmt::to_string(number)); }},
        content);
  }

  bool show_text(const Node& node, std::string_view text, bool claimed) {
    if ((claimed || reader_ == Reader::ipxe) && std::ranges::any_of(text, is_control)) {
      return mistake(node, fmt::format("the value of {{{{{}}}}} holds a control character, such as "
                                       "a newline, which may not come {}",
                                       node.text,
                                       reader_ == Reader::ipxe ? "into an iPXE script"
                                                               : "from the machine itself"));
    }
    const auto start = out_.size();
    if (!add(node, text)) return false;
    if (claimed && reader_ == Reader::ipxe) {
      std::replace_if(
          out_.begin() + static_cast<std::ptrdiff_t>(start), out_.end(),
          [](char c) { return !is_plain(c); }, '_');
    }
    return true;
  }

  Found look_up(const Node& node, const Turn* turn) const {
    switch (node.root) {
      case Node::Root::scope:
        return scope_.look_up(node.text);
      case Node::Root::index:
        return {.value = &turn->index, .claimed = false};
      case Node::Root::element:
        break;
    }
    constexpr std::string_view head = "this.";
    return part_of(turn->element, node.text.substr(std::min(head.size(), node.text.size())));
  }

  /// Writing nothing costs time too: each within each would have no end.
  bool step(const Node& node) { return ++steps_ <= Template::limit_bytes || too_much(node); }

  bool add(const Node& node, std::string_view text) {
    if (text.size() > Template::limit_bytes - out_.size()) return too_much(node);
    out_ += text;
    return true;
  }

  bool not_known(const Node& node, const Turn* turn) {
    if (node.root == Node::Root::scope) return mistake(node, unknown(scope_, node.text));
    const Table self{{"this", *turn->element.value}};
    return mistake(node, unknown(Scope{&self}, node.text));
  }
  bool not_a_text(const Node& node, std::string_view what) {
    return mistake(node, fmt::format("{{{{{}}}}} is {}", node.text, what));
  }
  bool too_much(const Node& node) {
    return mistake(node,
                   fmt::format("what is made of this template grows beyond {} MiB, or takes too "
                               "many steps, here",
                               Template::limit_bytes >> 20U));
  }
  bool mistake(const Node& node, std::string text) {
    mistake_ = tree_.at(node.text, std::move(text));
    return false;
  }

  const TemplateTree& tree_;
  const Scope& scope_;
  Reader reader_;
  std::string out_;
  std::size_t steps_ = 0;
  std::optional<wire::Diagnostic> mistake_;
};

}  // namespace

std::expected<Template, wire::Diagnostic> Template::parse(std::string content, std::string file) {
  auto tree = std::make_shared<TemplateTree>(TemplateTree{
      .file = std::move(file), .content = std::move(content), .nodes = {}, .names = {}});
  if (auto done = parse_nodes(*tree); !done) return std::unexpected(std::move(done.error()));
  return Template(std::move(tree));
}

std::expected<std::string, wire::Diagnostic> Template::render(const Scope& scope,
                                                              Reader reader) const {
  return Rendering(*tree_, scope, reader).run();
}

const std::vector<Template::Name>& Template::names() const { return tree_->names; }
const std::string& Template::file() const { return tree_->file; }
const std::string& Template::content() const { return tree_->content; }

wire::Diagnostic Template::at(const Name& name, std::string text) const {
  return wire::diagnose_at(tree_->file, tree_->content, name.offset, std::move(text));
}

}  // namespace pixie::script
