// Fuzz target: a template, then (behind the first NUL) the text that a machine claims.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "script/template.h"

namespace {
using namespace pixie::script;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_place(const pixie::wire::Diagnostic& mistake, std::string_view content) {
  check(mistake.line >= 1 && mistake.column >= 1 && !mistake.text.empty());
  check(mistake.line <= 1 + static_cast<std::size_t>(std::ranges::count(content, '\n')));
  check(mistake.column <= content.size() + 1);
  check(mistake.with_caret().ends_with('\n'));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto nul = input.find('\0');
  const std::string content(input.substr(0, nul));
  const std::string claimed(nul == input.npos ? "" : input.substr(nul + 1));

  const auto parsed = Template::parse(content, "fuzz");
  if (!parsed) {
    check_place(parsed.error(), content);
    return 0;
  }
  for (const auto& name : parsed->names()) {
    check(content.substr(name.offset).starts_with(name.name));
    check_place(parsed->at(name, "seen"), content);
  }
  const Table table{{"a", {"text"}},
                    {"c", {claimed, true}},
                    {"n", {std::int64_t{-7}}},
                    {"d", {0.25}},
                    {"t", {Table{{"a", {true}}, {"b", {Table{{"c", {claimed, true}}}}}}}},
                    {"l", {List{{"x"}, {claimed, true}, {Table{{"k", {"v"}}}}}}}};
  for (const auto reader : {Reader::ipxe, Reader::text}) {
    const auto text = parsed->render(Scope{&table}, reader);
    if (!text) {
      check_place(text.error(), content);
    } else {
      check(text->size() <= Template::limit_bytes);
      check(content.contains("{{") || *text == content);
    }
  }
  return 0;
}
