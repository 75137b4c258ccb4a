#include "net/scripts.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"

namespace pixie::net {
namespace {

using machines::Fact;
using machines::Source;

/// A machine's own words by the names of the query that pixie's menu sends (script/chain.cc).
void learn_claims(machines::Identity& who, const Asker& asker) {
  if (!asker.says) return;
  constexpr std::array claims{Fact::uuid,    Fact::serial, Fact::asset, Fact::manufacturer,
                              Fact::product, Fact::arch,   Fact::ip,    Fact::hostname};
  for (const auto fact : claims) {
    if (const auto text = asker.says(machines::fact_name(fact)))
      who.learn(fact, *text, Source::claimed);
  }
  // ${platform}: https://ipxe.org/cfg/platform
  const auto platform = asker.says("platform").value_or("");
  if (platform == "efi") who.learn(Fact::firmware, "uefi", Source::claimed);
  if (platform == "pcbios") who.learn(Fact::firmware, "bios", Source::claimed);
}

desk::Visit visit_of(Loop& loop, const wire::Mac& machine, const Asker& asker) {
  desk::Visit visit{
      .machine = machine,
      .who = {},
      .here = {.server = loop.tree.url(asker.server),
               .host = loop.tree.host(asker.server),
               .callback = {}},
      .menu_choice = {},
      .has_default_script = [&loop] { return loop.tree.default_script().has_value(); },
      .claims = !asker.looks_only};
  const bool seen = loop.machine_at(asker.peer, 0) == machine;
  visit.who.learn(Fact::mac, machine.colons(), seen ? Source::observed : Source::claimed);
  visit.who.learn(Fact::ip, asker.peer.text(), Source::observed);
  if (const auto* interface = loop.interface_of(asker.server.address)) {
    visit.who.learn(Fact::interface, interface->name, Source::observed);
    visit.who.learn(Fact::vlan, vlan_of(interface->name), Source::observed);
  }
  learn_claims(visit.who, asker);
  return visit;
}

/// Finds the body for what the desk said.
Found found_for(Loop& loop, const wire::Mac& machine, const tree::Reached& server,
                desk::Answer answer) {
  using Kind = desk::Answer::Kind;
  Found found{.body = tree::Refusal{tree::Refusal::Reason::unreadable, {}},
              .given = Given{machine, answer.because, std::move(answer.profile),
                             std::move(answer.rule), std::move(answer.claimed), answer.to_disk}};
  const auto name = machine.hyphens() + ".ipxe";
  if (answer.kind == Kind::mistake) {
    loop.events.emit(
        events::script_mistake,
        {{"mac", machine.colons()}, {"profile", found.given->profile}, {"reason", answer.text}});
    found.body = tree::Refusal{tree::Refusal::Reason::unreadable, std::move(answer.text)};
    take_back(loop, *found.given);
    found.given->claimed.clear();
    return found;
  }
  std::optional<tree::OwnerScript> body;
  if (answer.kind == Kind::default_script) body = loop.tree.default_script();
  if (answer.kind == Kind::script)
    body = tree::Tree::made(tree::Body::Kind::script, name, std::move(answer.text));
  if (!body) body = loop.tree.no_script(machine, server);
  if (!*body) {
    found.body = std::move(body->error());
    return found;
  }
  (*body)->machine = machine;
  found.body = std::move(**body);
  return found;
}

Found menu_for(Loop& loop, const Asker& asker) {
  std::optional<desk::Visit> visit;
  if (const auto machine = loop.machine_at(asker.peer, 0)) visit = visit_of(loop, *machine, asker);
  return {.body = loop.tree.menu(asker.server, loop.desk->menu(visit)), .given = std::nullopt};
}

Found text_for(Loop& loop, const std::string& name, const Asker& asker) {
  using Reason = tree::Refusal::Reason;
  const auto written = asker.says ? asker.says("mac") : std::nullopt;
  const auto machine = written ? wire::Mac::parse(*written) : loop.machine_at(asker.peer, 0);
  const auto refuse = [](Reason reason, std::string text) {
    return Found{.body = tree::Refusal{reason, std::move(text)}, .given = std::nullopt};
  };
  if (!machine) {
    return refuse(Reason::not_found,
                  fmt::format("Whom is t/{} for? Add ?mac= and the machine's address.", name));
  }
  auto answer = loop.desk->text(name, visit_of(loop, *machine, asker));
  if (!answer)
    return refuse(Reason::not_found, fmt::format("There is no templates/{} here.", name));
  if (answer->kind == desk::Answer::Kind::mistake) {
    loop.events.emit(
        events::script_mistake,
        {{"mac", machine->colons()}, {"profile", answer->profile}, {"reason", answer->text}});
    return refuse(Reason::unreadable, std::move(answer->text));
  }
  auto body = tree::Tree::made(tree::Body::Kind::text, name.substr(name.rfind('/') + 1),
                               std::move(answer->text));
  body.machine = machine;
  return {.body = std::move(body), .given = std::nullopt};
}

}  // namespace

void find_wanted(Loop& loop, const tree::Wanted& wanted, const Asker& asker,
                 std::function<void(Found)> done) {
  if (wanted.what == tree::Wanted::What::menu) return done(menu_for(loop, asker));
  if (wanted.what == tree::Wanted::What::text) return done(text_for(loop, wanted.name, asker));
  auto visit = visit_of(loop, *wanted.machine, asker);
  visit.menu_choice = wanted.name;
  loop.desk->script(std::move(visit), [&loop, machine = *wanted.machine, server = asker.server,
                                       done = std::move(done)](desk::Answer answer) {
    done(found_for(loop, machine, server, std::move(answer)));
  });
}

void report_script(Loop& loop, const Given& given, std::string_view client) {
  loop.events.emit(events::boot_script, {{"client", client},
                                         {"mac", given.machine.colons()},
                                         {"because", machines::because_name(given.because)},
                                         {"profile", given.profile.empty() ? "-" : given.profile},
                                         {"rule", given.rule.empty() ? "-" : given.rule},
                                         {"target", given.to_disk ? "local" : "-"}});
}

void take_back(Loop& loop, const Given& given) {
  if (!given.claimed.empty()) loop.desk->give_back(given.machine, given.claimed);
}

}  // namespace pixie::net
