// Templates: `{{name}}`, `{{#if name}} … {{else}} … {{/if}}`, `{{#unless name}} … {{/unless}}`,
// `{{#each list}} … {{this}} … {{/each}}`, `{{! a remark }}`; `\{{` stands for two braces, and a tag
// behind `\\` is a tag behind one backslash. iPXE's `${…}` is left as it is. A tag stands on one line; a remark may be
// longer.
//
//   template = *( text / "\{{" / "{{" ws name ws "}}" / remark / section )
//   section  = "{{#" ( "if" / "unless" / "each" ) 1*ws name ws "}}" template [ "{{else}}" template ] "{{/" word "}}"
//   name     = ident *( "." ident ) ;  ident = ALPHA / "_" *( ALPHA / DIGIT / "_" / "-" )
//
// A line that holds nothing but a section's tag or a remark leaves no empty line behind. False are: `false`, 0, an
// empty text, list or table, and (in `if` and `unless` alone) a name that is not known. In `each`, `{{this}}` is the
// element, `{{this.key}}` its part when it is a table, `{{index}}` counts from 0.
//
// Threading: a parsed template is immutable and may be rendered by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "script/value.h"
#include "wire/diagnostic.h"

namespace pixie::script {

/// What the rendered text will be read by, which decides what a value may hold.
enum class Reader : std::uint8_t {
  /// iPXE, line by line: a value with a control character is an error, wherever it comes from. Of a claimed value
  /// every character but letters, digits and `._:@%+,=~/-` becomes `_`, so that it can be no second word, command
  /// or `${…}`.
  ipxe,
  /// Anything else (kickstart, preseed, YAML): the owner's values are as they are; a claimed value with a control
  /// character is an error.
  text,
};

struct TemplateTree;

class Template {
 public:
  struct Name {
    std::string name;
    std::size_t offset;
    /// It stands in an `if` or `unless`, or within what either keeps for when it is there: it may be unknown.
    bool optional;
  };

  /// `file` is its name in diagnostics. Sections may be nested 32 deep.
  static std::expected<Template, wire::Diagnostic> parse(std::string content, std::string file);

  /// An unknown name, a list or a table where a text is wanted, and a value that the reader must not get are errors
  /// at the name's place. The result may be up to `limit_bytes` long, or it is an error (each within each).
  std::expected<std::string, wire::Diagnostic> render(const Scope& scope, Reader reader) const;

  /// Every name that is looked up, in order of appearance; those that `each` gives (`this`, `index`) are not among
  /// them.
  const std::vector<Name>& names() const;
  const std::string& file() const;
  const std::string& content() const;
  /// The diagnostic for one of `names()`.
  wire::Diagnostic at(const Name& name, std::string text) const;

  static constexpr std::size_t limit_bytes = 4 << 20;

 private:
  explicit Template(std::shared_ptr<const TemplateTree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const TemplateTree> tree_;
};

}  // namespace pixie::script
