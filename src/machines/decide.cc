#include "machines/decide.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace pixie::machines {
namespace {

constexpr std::array<std::string_view, 10> because_names{
    "own_script", "menu", "once",  "assigned",       "machine",
    "upstream",   "rule", "group", "default_script", "nothing"};

std::string at(const Place& place) { return fmt::format("({}:{})", place.file, place.line); }

/// Asks one thing after the other until one decides. `Tell` hears of each: what is asked, whether it decided, and a
/// function that makes the sentence.
template <class Tell>
class Walk {
 public:
  Walk(const Fleet& fleet, const Question& question, Tell& tell)
      : fleet_(fleet), question_(question), tell_(tell) {
    decision_.machine = fleet.machine_of(question.identity);
  }

  Decision go() && {
    const bool decided = own_script() || menu() || once() || assigned() || machine() ||
                         upstream() || rule() || group() || default_script();
    if (!decided) answer(Because::nothing, [] { return "nothing says what it boots"; });
    return std::move(decision_);
  }

 private:
  template <class Sentence>
  bool answer(Because because, Sentence sentence) {
    decision_.because = because;
    tell_(because, true, sentence);
    return true;
  }
  template <class Sentence>
  bool pass(Because because, Sentence sentence) {
    tell_(because, false, sentence);
    return false;
  }

  bool own_script() {
    const auto mac = question_.identity.mac();
    const auto file = [&mac] { return mac ? mac->hyphens() + ".ipxe" : "for it"; };
    if (!question_.has_own_script)
      return pass(Because::own_script, [&] { return fmt::format("no file {}", file()); });
    return answer(Because::own_script,
                  [&] { return fmt::format("file {} in the scripts folder", file()); });
  }

  bool menu() {
    return by_name(Because::menu, question_.menu_choice, "was chosen in the menu",
                   "nothing was chosen in the menu");
  }
  bool once() {
    const auto* assignment = question_.assignment;
    return by_name(Because::once, assignment ? assignment->once : std::string_view(),
                   "is assigned for one boot", "nothing is assigned for one boot");
  }
  bool assigned() {
    const auto* assignment = question_.assignment;
    return by_name(Because::assigned, assignment ? assignment->profile : std::string_view(),
                   "is assigned", "nothing is assigned");
  }

  /// What was named elsewhere than in the files may be gone from them.
  bool by_name(Because because, std::string_view name, std::string_view how,
               std::string_view otherwise) {
    if (name.empty()) return pass(because, [&] { return otherwise; });
    decision_.profile = fleet_.profile(name);
    if (decision_.profile)
      return answer(because, [&] { return fmt::format("profile {} {}", name, how); });
    if (decision_.missing_profile.empty()) decision_.missing_profile = name;
    return pass(because, [&] {
      return fmt::format("profile {} {}, but there is none of that name", name, how);
    });
  }

  bool machine() {
    const auto* entry = decision_.machine;
    if (!entry) return pass(Because::machine, [] { return "no entry of its own in pixie.toml"; });
    if (entry->profile.empty()) {
      return pass(Because::machine,
                  [&] { return fmt::format("its entry {} names no profile", at(entry->place)); });
    }
    decision_.profile = fleet_.profile(entry->profile);
    return answer(Because::machine, [&] {
      return fmt::format("its entry {} says profile {}", at(entry->place), entry->profile);
    });
  }

  bool upstream() {
    const auto sentence = [this] {
      switch (question_.upstream) {
        case Upstream::none:
          return "no other server is asked (--api)";
        case Upstream::not_asked:
          return "the other server (--api) was not asked for it lately: what it says would come "
                 "first";
        case Upstream::nothing:
          return "the other server (--api) has nothing for it";
        case Upstream::script:
          return "the other server (--api) has a script for it";
      }
      std::unreachable();
    };
    return question_.upstream == Upstream::script ? answer(Because::upstream, sentence)
                                                  : pass(Because::upstream, sentence);
  }

  bool rule() {
    decision_.rule = fleet_.match(question_.identity);
    if constexpr (Tell::every_rule) tell_of_rules_before();
    const auto* rule = decision_.rule;
    if (!rule) return false;
    decision_.profile = fleet_.profile(rule->profile);
    return answer(Because::rule, [&] {
      return fmt::format("rule \"{}\" {} matches: profile {}", rule->name, at(rule->place),
                         rule->profile);
    });
  }

  void tell_of_rules_before() {
    if (fleet_.rules().empty()) pass(Because::rule, [] { return "there are no rules"; });
    for (const auto& rule : fleet_.rules()) {
      if (&rule == decision_.rule) return;
      pass(Because::rule, [&] {
        return fmt::format("rule \"{}\" {}: {}", rule.name, at(rule.place),
                           examine(fleet_, rule, question_.identity).reason);
      });
    }
  }

  bool group() {
    const auto* entry = decision_.machine;
    if (!entry || entry->groups.empty())
      return pass(Because::group, [] { return "it is in no group"; });
    for (const auto* group : entry->groups) {
      if (group->profile.empty()) continue;
      decision_.profile = fleet_.profile(group->profile);
      return answer(Because::group, [&] {
        return fmt::format("its group {} {} has profile {}", group->name, at(group->place),
                           group->profile);
      });
    }
    return pass(Because::group, [] { return "none of its groups has a profile"; });
  }

  bool default_script() {
    if (!question_.has_default_script)
      return pass(Because::default_script, [] { return "no file default.ipxe"; });
    return answer(Because::default_script,
                  [] { return "file default.ipxe in the scripts folder"; });
  }

  const Fleet& fleet_;
  const Question& question_;
  Tell& tell_;
  Decision decision_;
};

struct Silent {
  static constexpr bool every_rule = false;
  template <class Sentence>
  void operator()(Because, bool, const Sentence&) {}
};

struct Steps {
  static constexpr bool every_rule = true;
  std::vector<Step> steps;
  template <class Sentence>
  void operator()(Because because, bool decided, const Sentence& sentence) {
    steps.push_back({because, decided, std::string(sentence())});
  }
};

}  // namespace

std::string_view because_name(Because because) {
  return because_names[static_cast<std::size_t>(because)];
}

Decision decide(const Fleet& fleet, const Question& question) {
  Silent silent;
  return Walk(fleet, question, silent).go();
}

std::vector<Step> explain(const Fleet& fleet, const Question& question) {
  Steps told;
  const auto decision = Walk(fleet, question, told).go();
  if (decision.profile) {
    if (const auto why = unfit(*decision.profile, question.identity))
      told.steps.back().text += fmt::format("; but profile {} {}", decision.profile->name, *why);
  }
  return std::move(told.steps);
}

}  // namespace pixie::machines
