#include "desk/desk.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace pixie::desk {
namespace {

using machines::Because;

/// What is known already, with what is known now, which is newer.
machines::Identity with(machines::Identity before, const machines::Identity& now) {
  before.learn(now);
  return before;
}

/// The default script comes last: it is looked for only where nothing else decides.
machines::Decision decide_for(const machines::Fleet& fleet, const Visit& visit,
                              machines::Question question) {
  auto decision = machines::decide(fleet, question);
  question.has_default_script = decision.because == Because::nothing && visit.has_default_script &&
                                visit.has_default_script();
  return question.has_default_script ? machines::decide(fleet, question) : decision;
}

bool names_callback(const script::Template& text) {
  return std::ranges::any_of(text.names(),
                             [](const auto& name) { return name.name == "callback"; });
}

bool names_callback(const machines::Target& target) {
  if (const auto* script = std::get_if<machines::ScriptTarget>(&target))
    return names_callback(script->text);
  if (const auto* kernel = std::get_if<machines::KernelTarget>(&target))
    return kernel->cmdline && names_callback(kernel->cmdline->text);
  return false;
}

}  // namespace

/// A machine's question while it is dealt with. It keeps the fleet that it began with.
struct Desk::Inquiry {
  Desk& desk;
  Visit visit;
  std::function<void(Answer)> done;
  std::shared_ptr<const machines::Fleet> fleet;
  machines::Roster::Known known;
  /// What the other server said; nothing: it was not asked yet.
  std::optional<std::optional<std::string>> upstream;

  const machines::Assignment* assignment() const {
    return known.assignment ? &*known.assignment : nullptr;
  }
  machines::Upstream said_upstream() const {
    if (!upstream) return machines::Upstream::not_asked;
    return *upstream ? machines::Upstream::script : machines::Upstream::nothing;
  }
};

Desk::Desk(const Services& services, Post post) : services_(services), post_(std::move(post)) {}

void Desk::script(Visit visit, std::function<void(Answer)> done) {
  auto inquiry = std::make_shared<Inquiry>(
      Inquiry{*this, std::move(visit), std::move(done), fleet_, {}, std::nullopt});
  auto& asked = inquiry->visit;
  inquiry->known = services_.roster.look_up(asked.machine);
  asked.who = with(inquiry->known.seen, asked.who);
  services_.registry.saw(asked.machine, asked.who);
  decide(inquiry);
}

void Desk::decide(const std::shared_ptr<Inquiry>& inquiry) {
  const auto& visit = inquiry->visit;
  const auto& services = inquiry->desk.services_;
  const auto decision = decide_for(*inquiry->fleet, visit,
                                   {.identity = visit.who,
                                    .assignment = inquiry->assignment(),
                                    .menu_choice = visit.menu_choice,
                                    .upstream = inquiry->said_upstream()});
  const auto resume = [inquiry](auto&& change) {
    inquiry->desk.post_(
        [inquiry, change = std::forward<decltype(change)>(change)]() mutable { change(*inquiry); });
  };
  if (decision.because == Because::once && visit.claims) {
    services.registry.ask([inquiry, resume](registry::Registry& registry) {
      resume([inquiry, claimed = registry.claim(inquiry->visit.machine)](Inquiry& asked) mutable {
        // Somebody else may have taken it, or it was taken back; then what comes next decides.
        if (!claimed) {
          asked.known.assignment->once.clear();
          return decide(inquiry);
        }
        asked.known.assignment = std::move(claimed);
        const auto own = machines::decide(
            *asked.fleet, {.identity = asked.visit.who, .assignment = asked.assignment()});
        render(asked, own, asked.known.assignment->once);
      });
    });
    return;
  }
  if (services.upstream && !inquiry->upstream && decision.because > Because::upstream) {
    services.upstream(visit.machine, [inquiry, resume](std::optional<std::string> script) {
      resume([inquiry, script = std::move(script)](Inquiry& asked) mutable {
        asked.upstream = std::move(script);
        decide(inquiry);
      });
    });
    return;
  }
  render(*inquiry, decision, {});
}

void Desk::render(const Inquiry& inquiry, const machines::Decision& decision, std::string claimed) {
  Answer answer{.because = decision.because, .claimed = std::move(claimed)};
  if (decision.profile) answer.profile = decision.profile->name;
  answer.to_disk =
      decision.profile && std::holds_alternative<machines::LocalTarget>(decision.profile->target);
  if (decision.rule) answer.rule = decision.rule->name;
  if (decision.profile) {
    const auto here =
        inquiry.desk.here_for(inquiry.visit, names_callback(decision.profile->target));
    const machines::Variables variables(inquiry.visit.who, decision, inquiry.assignment(), here);
    auto text = machines::boot_script(*decision.profile, decision, variables, here);
    answer.kind = text ? Answer::Kind::script : Answer::Kind::mistake;
    answer.text = text ? std::move(*text) : text.error().one_line();
  } else if (decision.because == Because::upstream) {
    answer.kind = Answer::Kind::script;
    answer.text = **inquiry.upstream;
  } else if (decision.because == Because::default_script) {
    answer.kind = Answer::Kind::default_script;
  }
  if (inquiry.visit.claims)
    inquiry.desk.services_.roster.boots(inquiry.visit.machine, answer.profile);
  inquiry.done(std::move(answer));
}

machines::Here Desk::here_for(const Visit& visit, bool wants_callback) const {
  auto here = visit.here;
  if (wants_callback) {
    const auto token = services_.registry.token(visit.machine, std::chrono::system_clock::now());
    here.callback = fmt::format("{}/api/v1/machines/{}/done?token={}", here.server,
                                visit.machine.hyphens(), token);
  }
  return here;
}

std::optional<Answer> Desk::text(std::string_view name, const Visit& visit) const {
  const auto* text = fleet_->text(name);
  if (!text) return std::nullopt;
  auto known = services_.roster.look_up(visit.machine);
  const auto who = with(known.seen, visit.who);
  // The one-shot that the machine's script took is what it boots now, although it is assigned no more.
  const auto* assignment = known.assignment ? &*known.assignment : nullptr;
  const auto decision =
      decide_for(*fleet_, visit,
                 {.identity = who,
                  .assignment = assignment,
                  .menu_choice = visit.menu_choice.empty() ? known.booting : visit.menu_choice});
  const auto here = here_for(visit, names_callback(*text));
  const machines::Variables variables(who, decision, assignment, here);
  auto rendered = text->render(variables.scope(), script::Reader::text);
  return Answer{.kind = rendered ? Answer::Kind::script : Answer::Kind::mistake,
                .text = rendered ? std::move(*rendered) : rendered.error().one_line(),
                .because = decision.because,
                .profile = decision.profile ? decision.profile->name : ""};
}

script::MenuItems Desk::menu(const std::optional<Visit>& visit) const {
  script::MenuItems items{
      .title = fleet_->menu().title, .timeout_ms = {}, .own = {}, .profiles = {}};
  if (const auto seconds = fleet_->menu().timeout_seconds) items.timeout_ms = *seconds * 1000;
  for (const auto& [name, profile] : fleet_->profiles()) {
    if (profile.menu)
      items.profiles.push_back({name, profile.title, profile.menu_group, profile.fit});
  }
  std::ranges::sort(items.profiles, {},
                    [](const auto& item) { return std::tie(item.group, item.profile); });
  if (!visit) return items;
  const auto known = services_.roster.look_up(visit->machine);
  const auto who = with(known.seen, visit->who);
  const auto decision =
      decide_for(*fleet_, *visit,
                 {.identity = who, .assignment = known.assignment ? &*known.assignment : nullptr});
  if (decision.profile) items.own = decision.profile->title;
  return items;
}

void Desk::give_back(const wire::Mac& machine, const std::string& profile) const {
  // For the machine's next request, which may come before the registry has done it.
  auto assignment = services_.roster.look_up(machine).assignment.value_or(machines::Assignment());
  if (assignment.once.empty()) {
    assignment.once = profile;
    services_.roster.assign(machine, assignment);
  }
  services_.registry.ask(
      [machine, profile](registry::Registry& registry) { registry.give_back(machine, profile); });
}

}  // namespace pixie::desk
