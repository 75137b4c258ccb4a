// Any bytes as pixie.toml, and after a line `---` as a template: loaded, and whatever is a fleet decides, is explained
// and renders.
#include <cstdlib>
#include <string_view>

#include "machines/decide.h"
#include "machines/fleet.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_mistakes(const std::vector<wire::Diagnostic>& mistakes) {
  check(!mistakes.empty());
  for (const auto& mistake : mistakes) {
    check(!mistake.text.empty() && mistake.one_line().find('\n') == std::string::npos);
    check(mistake.with_caret().ends_with('\n'));
  }
}

void check_decision(const machines::Fleet& fleet, const machines::Identity& identity) {
  const machines::Question question{.identity = identity};
  const auto decision = machines::decide(fleet, question);
  check(machines::explain(fleet, question).back().because == decision.because);
  const machines::Here here{.server = "http://s", .host = "s", .callback = "http://s/c"};
  const machines::Variables variables(identity, decision, nullptr, here);
  for (const auto& [name, profile] : fleet.profiles()) {
    const auto script = machines::boot_script(profile, decision, variables, here);
    if (script) check(script->starts_with("#!ipxe\n# pixie: "));
    if (!script) check_mistakes({script.error()});
    (void)machines::urls_of(profile, variables, here);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view mark = "\n---\n";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find(mark);
  machines::Sources sources;
  sources.settings.push_back({"pixie.toml", std::string(text.substr(0, end))});
  if (end != std::string_view::npos) {
    const std::string rest(text.substr(end + mark.size()));
    sources.texts = {{"templates/t", rest}, {"t.ipxe", rest}};
  }
  const auto fleet = machines::Fleet::load(sources);
  if (!fleet) {
    check_mistakes(fleet.error());
    return 0;
  }
  machines::Identity identity;
  check_decision(**fleet, identity);
  identity.learn(machines::Fact::mac, "52:54:00:12:34:56", machines::Source::claimed);
  identity.learn(machines::Fact::serial, "S1 || shell", machines::Source::claimed);
  identity.learn(machines::Fact::ip, "10.1.0.7", machines::Source::observed);
  check_decision(**fleet, identity);
  return 0;
}
