#include "script/template.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "wire/testing_source.h"

namespace pixie::script {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Table table{
    {"mac", {"52:54:00:ab:cd:ef"}},
    {"hostname", {"web1"}},
    {"claimed", {"x y;$(z)|#&é", true}},
    {"lines", {"one\ntwo"}},
    {"claimed_lines", {"one\ntwo", true}},
    {"empty", {""}},
    {"yes", {true}},
    {"no", {false}},
    {"zero", {std::int64_t{0}}},
    {"count", {std::int64_t{-3}}},
    {"half", {0.5}},
    {"disk", {Table{{"device", {"/dev/vda"}}, {"parts", {List{{"boot"}, {"root"}}}}}}},
    {"users", {List{{Table{{"name", {"ann"}}, {"admin", {true}}}}, {Table{{"name", {"bob"}}}}}}},
    {"none", {List{}}},
    {"matrix", {List{{List{{"a"}, {"b"}}}, {List{{"c"}}}}}},
    {"said", {List{{"a b"}}, true}},
};

/// What comes out, or the mistake as one line.
std::string render(std::string text, Reader reader = Reader::text) {
  const auto parsed = Template::parse(std::move(text), "f");
  if (!parsed) return parsed.error().one_line();
  const auto rendered = parsed->render(Scope{&table}, reader);
  return rendered ? *rendered : rendered.error().one_line();
}

TEST(Template, ShowsValues) {
  EXPECT_EQ(render("{{hostname}} {{ mac }}{{\tcount\t}}"), "web1 52:54:00:ab:cd:ef-3");
  EXPECT_EQ(render("{{yes}} {{no}} {{half}} [{{empty}}]"), "true false 0.5 []");
  EXPECT_EQ(render("{{disk.device}}"), "/dev/vda");
  EXPECT_EQ(render("${net0/mac} {x} }} {{hostname}}}}"), "${net0/mac} {x} }} web1}}");
}

TEST(Template, EscapesBracesWithABackslash) {
  EXPECT_EQ(render(R"(\{{ ds.meta_data }} {{hostname}})"), "{{ ds.meta_data }} web1");
  EXPECT_EQ(render(R"(C:\\{{hostname}}\x \\\{{hostname}})"), R"(C:\web1\x \\web1)");
  EXPECT_EQ(render(R"(\{{{{hostname}}\{{)"), "{{web1{{");
}

TEST(Template, ChoosesByTruth) {
  for (const auto* name : {"yes", "hostname", "count", "half", "disk", "users", "disk.device"}) {
    EXPECT_EQ(render(std::string("{{#if ") + name + "}}1{{else}}0{{/if}}"), "1") << name;
    EXPECT_EQ(render(std::string("{{#unless ") + name + "}}1{{else}}0{{/unless}}"), "0") << name;
  }
  for (const auto* name : {"no", "zero", "empty", "none", "unheard", "disk.size", "mac.x"}) {
    EXPECT_EQ(render(std::string("{{#if ") + name + "}}1{{else}}0{{/if}}"), "0") << name;
    EXPECT_EQ(render(std::string("{{#unless ") + name + "}}1{{/unless}}"), "1") << name;
  }
}

TEST(Template, TakesEachElementInTurn) {
  EXPECT_EQ(render("{{#each disk.parts}}{{index}}:{{this}} {{/each}}"), "0:boot 1:root ");
  EXPECT_EQ(render("{{#each users}}{{this.name}}{{#if this.admin}}!{{/if}} {{/each}}"),
            "ann! bob ");
  EXPECT_EQ(render("{{#each none}}x{{else}}nobody{{/each}}"), "nobody");
  EXPECT_EQ(render("{{#each matrix}}{{#each this}}{{this}}{{/each}}{{index}},{{/each}}"),
            "ab0,c1,");
  EXPECT_EQ(render("{{#each matrix}}{{#each none}}x{{else}}{{index}}{{/each}}{{/each}}"), "01");
}

TEST(Template, LeavesNoLineBehindForALoneTag) {
  EXPECT_EQ(render("a\n  {{#if yes}}  \n  b\n\t{{else}}\r\nc\n{{/if}}\nd\n"), "a\n  b\nd\n");
  EXPECT_EQ(render("{{! two\nlines }}\na\n{{#each disk.parts}}\n- {{this}}\n{{/each}}"),
            "a\n- boot\n- root\n");
  EXPECT_EQ(render("a {{! here }} b\n{{hostname}}\n{{#if yes}}x{{/if}}\n"), "a  b\nweb1\nx\n");
  EXPECT_EQ(render("a\r\n{{! gone }}\r\nb\r\n"), "a\r\nb\r\n");
}

TEST(Template, NamesTheNearestOfAnUnknownName) {
  EXPECT_EQ(render("a\n b {{hostnam}}"),
            "f:2:6: {{hostnam}} is not known here; did you mean 'hostname'?");
  EXPECT_EQ(render("{{disk.devcie}}"),
            "f:1:3: {{disk.devcie}} is not known here; did you mean 'device'?");
  EXPECT_EQ(render("{{mac.x}}"), "f:1:3: {{mac.x}} is not known here: mac has no parts");
  EXPECT_EQ(render("{{#each users}}{{this.nam}}{{/each}}"),
            "f:1:18: {{this.nam}} is not known here; did you mean 'name'?");
  EXPECT_EQ(render("{{#each unheard-of-at-all}}{{/each}}"),
            "f:1:9: {{unheard-of-at-all}} is not known here");
  EXPECT_EQ(render("{{this}}"), "f:1:3: {{this}} is not known here");
}

TEST(Template, RefusesWhatIsNoText) {
  EXPECT_EQ(render("{{users}}"), "f:1:3: {{users}} is a list: use {{#each}}");
  EXPECT_EQ(render("{{disk}}"), "f:1:3: {{disk}} is a table: name one of its parts");
  EXPECT_EQ(render("{{#each mac}}{{/each}}"), "f:1:9: {{#each mac}} wants a list");
}

TEST(Template, RefusesWhatItsReaderMustNotGet) {
  EXPECT_EQ(render("{{lines}}"), "one\ntwo");
  EXPECT_THAT(render("{{lines}}", Reader::ipxe), HasSubstr("f:1:3: the value of {{lines}} holds"));
  EXPECT_THAT(render(" {{claimed_lines}}"), HasSubstr("f:1:4: the value of {{claimed_lines}}"));
  EXPECT_THAT(render("{{claimed_lines}}", Reader::ipxe), HasSubstr("into an iPXE script"));
}

TEST(Template, MakesOneWordOfWhatAMachineClaims) {
  EXPECT_EQ(render("{{claimed}}"), "x y;$(z)|#&é");
  EXPECT_EQ(render("{{claimed}}", Reader::ipxe), "x_y___z______");
  EXPECT_EQ(render("{{#each said}}{{this}}{{/each}}", Reader::ipxe), "a_b") << "inherited";
}

TEST(Template, NamesTheMistakesOfItsText) {
  EXPECT_THAT(render("x\n {{mac"), HasSubstr("f:2:2: '{{' is not closed by '}}' on its line"));
  EXPECT_THAT(render("{{mac\n}}"), HasSubstr("f:1:1: '{{' is not closed"));
  EXPECT_THAT(render("{{! x"), HasSubstr("f:1:1: '{{' is not closed"));
  for (const auto* bad : {"", "a b", "a.", ".a", "1a", "{mac", "-a", "a..b", "a/b", " "})
    EXPECT_THAT(render(std::string("{{") + bad + "}}"), HasSubstr("a name was expected")) << bad;
  EXPECT_THAT(render("{{#if}}{{/if}}"), HasSubstr("f:1:6: a name was expected"));
  EXPECT_EQ(render("x {{#fi mac}}"),
            "f:1:5: there is no section 'fi', only if, unless and each; did you mean 'if'?");
  EXPECT_EQ(render("\n{{#if mac}}"), "f:2:1: {{#if mac}} is not closed: {{/if}} is missing");
  EXPECT_EQ(render("{{/if}}"), "f:1:1: {{/if}} closes nothing: no section is open");
  EXPECT_EQ(render("{{#if a}}{{/each}}"),
            "f:1:10: {{/each}} does not close {{#if a}}: {{/if}} was expected");
  EXPECT_EQ(render("{{else}}"), "f:1:1: {{else}} stands in no section");
  EXPECT_EQ(render("{{#if a}}{{else}}{{else}}{{/if}}"), "f:1:18: {{#if a}} has a second {{else}}");
}

std::string nested(std::size_t depth, std::string_view name, std::string_view body) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "{{#each " + std::string(name) + "}}";
  text += body;
  for (std::size_t i = 0; i < depth; ++i) text += "{{/each}}";
  return text;
}

TEST(Template, BoundsDepthSizeAndSteps) {
  EXPECT_EQ(render(nested(32, "none", "")), "");
  EXPECT_THAT(render(nested(33, "none", "")), HasSubstr("nested deeper than 32"));
  EXPECT_THAT(render(nested(32, "users", "x")), HasSubstr("grows beyond 4 MiB"));
  EXPECT_THAT(render(nested(32, "users", "")), HasSubstr("too many steps"));

  const auto fits = render(std::string(Template::limit_bytes, 'x'));
  EXPECT_EQ(fits.size(), Template::limit_bytes);
  EXPECT_THAT(render(std::string(Template::limit_bytes - 3, 'x') + "{{hostname}}"),
              HasSubstr("grows beyond 4 MiB"));
}

TEST(Template, ListsTheNamesThatItLooksUp) {
  const auto parsed = Template::parse(
      "{{a}}{{#if b.c}}{{#each d}}{{this}}{{index}}{{this.x}}{{a}}{{else}}{{this}}{{/each}}{{/if}}"
      "{{#unless e}}{{index}}{{/unless}}",
      "f");
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->names(), ElementsAre(FieldsAre("a", 2, false), FieldsAre("b.c", 11, true),
                                           FieldsAre("d", 24, false), FieldsAre("a", 56, false),
                                           FieldsAre("this", 69, false), FieldsAre("e", 101, true),
                                           FieldsAre("index", 106, false)));
  EXPECT_EQ(parsed->at(parsed->names()[1], "wrong").one_line(), "f:1:12: wrong");
}

std::vector<std::string> required_names(std::string content) {
  const auto parsed = Template::parse(std::move(content), "f");
  std::vector<std::string> required;
  for (const auto& name : parsed.value().names()) {
    if (!name.optional) required.push_back(name.name);
  }
  return required;
}

TEST(Template, ANameThatWasAskedForMayBeUnknown) {
  EXPECT_THAT(required_names("{{#if disk}}{{disk}}{{#each disk.parts}}{{/each}}{{/if}}"),
              IsEmpty());
  EXPECT_THAT(required_names("{{#if disk.size}}{{#if b}}{{disk.device}}{{/if}}{{/if}}"), IsEmpty());
  EXPECT_THAT(required_names("{{#unless a}}{{else}}{{a}}{{/unless}}"), IsEmpty());
  EXPECT_THAT(
      required_names("{{#if a}}{{b}}{{else}}{{a}}{{/if}}{{#unless c}}{{c}}{{/unless}}{{a}}"),
      ElementsAre("b", "a", "c", "a"));
}

struct Example {
  std::string language;
  std::string text;
};

std::string templates_page() {
  std::ifstream file(wire::source_folder() + "/docs/templates.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The page's blocks that are marked as templates.
std::vector<Example> examples(const std::string& page) {
  std::vector<Example> found;
  std::istringstream lines(page);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = line.ends_with(" template");
      if (inside) found.push_back({line.substr(3, line.find(' ') - 3), ""});
    } else if (inside) {
      found.back().text += line + '\n';
    }
  }
  return found;
}

TEST(TemplatesPage, ItsExamplesRender) {
  const Table values{{"hostname", {"web1"}},
                     {"mirror", {"mirror.example.org"}},
                     {"callback", {"http://192.0.2.1/done"}},
                     {"packages", {List{{"openssh-server"}, {"curl"}}}},
                     {"ssh_keys", {List{{"ssh-ed25519 A ann"}, {"ssh-ed25519 B bob"}}}}};
  const auto found = examples(templates_page());
  ASSERT_EQ(found.size(), 5U);
  EXPECT_THAT(required_names(found[0].text), IsEmpty()) << "the names that only the API gives";
  for (const auto& example : found) {
    const auto parsed = Template::parse(example.text, "docs/templates.md");
    ASSERT_TRUE(parsed) << parsed.error().with_caret();
    const auto text = parsed->render(Scope{&values}, Reader::text);
    ASSERT_TRUE(text) << text.error().with_caret();
    EXPECT_EQ(example.language == "json", nlohmann::json::accept(*text)) << *text;
  }
}

TEST(TemplatesPage, ItsMistakeIsToldSo) {
  const Table values{{"mirror", {"mirror.example.org"}}};
  const auto parsed =
      Template::parse("d-i mirror/http/hostname string {{mirorr}}\n", "templates/preseed.cfg");
  const auto told = parsed->render(Scope{&values}, Reader::text).error().with_caret();
  EXPECT_TRUE(templates_page().contains("```\n" + told + "```\n")) << told;
}

RC_GTEST_PROP(TemplateProperty, TextWithoutBracesIsItself, (std::string text)) {
  std::erase(text, '{');
  RC_ASSERT(render(text) == text);
}

RC_GTEST_PROP(TemplateProperty, EscapedBracesComeOutAsTheyWere, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element('{', '}', 'a', '\n', ' '));
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    const bool braces = text.compare(at, 2, "{{") == 0;
    escaped += braces ? "\\{{" : std::string(1, text[at]);
    at += braces ? 2 : 1;
  }
  RC_ASSERT(render(escaped) == text);
}

RC_GTEST_PROP(TemplateProperty, AClaimedValueIsOneWordForIpxe, ()) {
  const auto claimed = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
      {{4, rc::gen::inRange<char>(0x20, 0x7f)}, {1, rc::gen::arbitrary<char>()}}));
  const Table claims{{"c", {claimed, true}}};
  const auto text = Template::parse("{{c}}", "f")->render(Scope{&claims}, Reader::ipxe);
  const bool has_control = std::ranges::any_of(
      claimed, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  RC_ASSERT(text.has_value() != has_control);
  if (!text) return;
  RC_ASSERT(text->size() == claimed.size());
  for (std::size_t i = 0; i < claimed.size(); ++i) {
    const char c = (*text)[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    RC_ASSERT(letter || std::string_view("._:@%+,=~/-").contains(c));
    RC_ASSERT(c == claimed[i] || c == '_');
  }
}

RC_GTEST_PROP(TemplateProperty, AMistakeIsFoundAtItsOffset, (std::string before, bool known)) {
  std::erase(before, '{');
  std::erase(before, '\\');
  for (auto& c : before) c = c % 5 == 0 ? '\n' : c;
  const auto tag = known ? "{{nobody}}" : "{{1}}";
  const auto content = before + "{{#if yes}}\n" + before + tag + "\n{{/if}}";
  const auto parsed = Template::parse(content, "f");
  RC_ASSERT(parsed.has_value() == known);
  const auto found = known ? parsed->render(Scope{&table}, Reader::text).error() : parsed.error();
  const auto offset = content.rfind(tag) + 2;
  RC_ASSERT(found == wire::diagnose_at("f", content, offset, found.text));
}

}  // namespace
}  // namespace pixie::script
