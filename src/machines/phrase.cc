#include "machines/phrase.h"

#include <utility>

#include <fmt/format.h>

namespace pixie::machines {
namespace {

struct Fault {
  std::size_t offset;
  std::string text;
};

bool ends_command(std::string_view word) {
  return word == "||" || word == "&&" || word == ";" || word.starts_with('#');
}

std::optional<Fault> find_fault(std::string_view text, Role role) {
  constexpr auto none = std::string_view::npos;
  if (role == Role::url) {
    if (const auto space = text.find_first_of(" \t"); space != none)
      return Fault{space, "a URL has no spaces; write %20"};
  }
  for (std::size_t begin = text.find_first_not_of(" \t"); begin != none;) {
    const auto end = text.find_first_of(" \t", begin);
    const auto word = text.substr(begin, end == none ? none : end - begin);
    if (ends_command(word)) {
      return Fault{begin, fmt::format("iPXE would end the command at the word '{}'", word)};
    }
    begin = end == none ? none : text.find_first_not_of(" \t", end);
  }
  return std::nullopt;
}

/// The text with its tags as words that hide nothing.
std::string without_tags(std::string_view text) {
  constexpr auto none = std::string_view::npos;
  std::string masked(text);
  for (auto begin = text.find("{{"); begin != none; begin = text.find("{{", begin)) {
    const auto close = text.find("}}", begin);
    const auto end = close == none ? text.size() : close + 2;
    masked.replace(begin, end - begin, end - begin, 'x');
    begin = end;
  }
  return masked;
}

ValuePlace place_of(const TableReader::Item& item, const TomlFile& file) {
  ValuePlace at{.place = file.place(item.node->source().begin), .excerpt = {}};
  const auto line = file.line(at.place.line);
  if (line.size() <= Mistakes::excerpt_limit_bytes) at.excerpt = line;
  const auto offset = file.offset(at.place);
  const auto written = std::string_view(file.content()).substr(offset);
  const auto& text = item.text;
  at.plain = written.size() >= text.size() + 2 && written.substr(1, text.size()) == text &&
             written[text.size() + 1] == written[0];
  if (at.plain) ++at.place.column;
  return at;
}

}  // namespace

wire::Diagnostic ValuePlace::diagnose(std::size_t offset, std::string text) const {
  return {.file = place.file,
          .line = place.line,
          .column = place.column + (plain ? offset : 0),
          .text = std::move(text),
          .excerpt = excerpt};
}

wire::Diagnostic ValuePlace::relocate(const wire::Diagnostic& in_template) const {
  return diagnose(in_template.column == 0 ? 0 : in_template.column - 1, in_template.text);
}

std::expected<std::string, wire::Diagnostic> Phrase::render(const script::Scope& scope) const {
  auto rendered = text.render(scope, script::Reader::ipxe);
  if (!rendered) return std::unexpected(at.relocate(rendered.error()));
  return rendered;
}

std::optional<std::string> fault_in(std::string_view rendered, Role role) {
  if (role == Role::url && rendered.empty()) return "there is no URL left once it is rendered";
  auto fault = find_fault(rendered, role);
  if (!fault) return std::nullopt;
  return std::move(fault->text);
}

std::optional<Phrase> read_phrase(TableReader& reader, const TableReader::Item& item, Role role) {
  const auto& file = reader.file();
  auto at = place_of(item, file);
  auto text = script::Template::parse(item.text, file.name());
  if (!text) {
    reader.mistakes().add(at.relocate(text.error()));
    return std::nullopt;
  }
  if (auto fault = find_fault(without_tags(item.text), role)) {
    reader.mistakes().add(at.diagnose(fault->offset, std::move(fault->text)));
    return std::nullopt;
  }
  return Phrase{std::move(*text), std::move(at)};
}

}  // namespace pixie::machines
