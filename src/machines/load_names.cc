// The names that templates ask for.
#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "machines/draft.h"
#include "machines/names.h"

namespace pixie::machines {
namespace {

class Checker {
 public:
  explicit Checker(Draft& draft)
      : draft_(draft), known_(fixed_names().begin(), fixed_names().end()) {
    known_.insert(known_.end(), draft.variables.begin(), draft.variables.end());
    std::ranges::sort(known_);
  }

  void check(const script::Template& text) {
    each_unknown(text, [&](const script::Template::Name& name, std::string sentence) {
      draft_.mistakes.add(text.at(name, std::move(sentence)));
    });
  }

  void check(const Phrase& phrase) {
    each_unknown(phrase.text, [&](const script::Template::Name& name, std::string sentence) {
      draft_.mistakes.add(phrase.at.diagnose(name.offset, std::move(sentence)));
    });
  }

  void operator()(const KernelTarget& target) {
    check(target.kernel);
    for (const auto& initrd : target.initrds) check(initrd.url);
    if (target.cmdline) check(*target.cmdline);
  }
  void operator()(const SanbootTarget& target) { check(target.url); }
  void operator()(const ChainTarget& target) { check(target.url); }
  /// Scripts are checked once, however many profiles name them.
  void operator()(const ScriptTarget&) {}
  void operator()(const LocalTarget&) {}

 private:
  template <class Tell>
  void each_unknown(const script::Template& text, Tell tell) const {
    for (const auto& name : text.names()) {
      const auto first = std::string_view(name.name).substr(0, name.name.find('.'));
      if (name.optional || std::ranges::binary_search(known_, first)) continue;
      tell(name, fmt::format("nothing defines {{{{{}}}}}{}", name.name,
                             draft_.mistakes.suggestion(first, known_)));
    }
  }

  Draft& draft_;
  std::vector<std::string_view> known_;
};

}  // namespace

void check_names(Draft& draft) {
  Checker checker(draft);
  for (const auto& [name, profile] : draft.content.profiles) std::visit(checker, profile.target);
  for (const auto& [name, text] : draft.scripts) checker.check(text);
  for (const auto& [name, text] : draft.content.texts) checker.check(text);
}

}  // namespace pixie::machines
