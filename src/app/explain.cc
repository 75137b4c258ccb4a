#include "app/explain.h"

#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/json.h"
#include "app/images_now.h"
#include "app/own_address.h"
#include "app/owner_script.h"
#include "http/target.h"
#include "machines/decide.h"
#include "machines/fleet.h"
#include "machines/read_fleet.h"
#include "mirror/location.h"
#include "net/http_client.h"
#include "roms/rom.h"
#include "tree/tree.h"
#include "upstream/boot_answer.h"

namespace pixie::app {
namespace {

using machines::Fact;
using machines::Source;

Expected<machines::Identity> identity_of(const ExplainArguments& arguments) {
  const auto mac = wire::Mac::parse(arguments.mac);
  if (!mac)
    return fail(
        fmt::format("explain: '{}' is no MAC address, such as 52:54:00:12:34:56", arguments.mac));
  machines::Identity identity;
  identity.learn(Fact::mac, mac->colons(), Source::claimed);
  for (const auto& [name, text] : arguments.facts) {
    const auto fact = machines::fact_named(name);
    if (!fact) return fail(fmt::format("explain: there is no fact '{}'", name));
    identity.learn(*fact, text, Source::claimed);
    if (!identity.knows(*fact)) return fail(fmt::format("--{}: '{}' can't be one", name, text));
  }
  return identity;
}

Expected<std::shared_ptr<const machines::Fleet>> fleet_of(const Settings& settings,
                                                          const images::Images& images) {
  const auto now = fleet_now(settings.layout.scripts, images, *settings.layout.catalogue);
  auto fleet = machines::Fleet::load(now.sources);
  if (fleet) return std::move(*fleet);
  return fail(fmt::format("{} (pixie check tells all mistakes)", fleet.error().front().one_line()));
}

/// By the likely address, if the settings name none.
wire::IpAddress address_of(const tree::Layout& layout) {
  if (!layout.advertised_address.is_unspecified()) return layout.advertised_address;
  return likely_address(own_addresses()).value_or(wire::IpAddress::v4(127, 0, 0, 1));
}

/// What the other server of --api says of the machine now.
struct Upstream {
  machines::Upstream what = machines::Upstream::none;
  std::string script = {};
  /// Why it could not be asked; empty: it could.
  std::string trouble = {};
};

Upstream ask_upstream(const std::string& server, const wire::Mac& mac) {
  constexpr net::HttpClient::Limits limits{.time = std::chrono::seconds(2), .body_bytes = 64 << 10};
  const auto base = http::Url::parse(server).value();
  const auto answer = net::HttpClient().ask({.url = upstream::boot_url(base, mac)}, limits);
  if (!answer) return {.what = machines::Upstream::not_asked, .trouble = answer.error().text};
  auto script = upstream::read_boot_answer(base, answer->status, answer->body);
  if (!script) return {.what = machines::Upstream::not_asked, .trouble = script.error().text};
  if (!*script) return {.what = machines::Upstream::nothing};
  return {.what = machines::Upstream::script, .script = std::move(**script)};
}

/// What was seen of the machine fills in what was not asked for: it is asked what would be.
machines::Identity with(machines::Identity asked, const machines::Identity& seen) {
  for (std::size_t i = 0; i < machines::fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    if (!asked.knows(fact) && seen.knows(fact)) asked.learn(fact, seen[fact], seen.source(fact));
  }
  return asked;
}

class Explanation {
 public:
  Explanation(const Settings& settings, images::Images images, const machines::Fleet& fleet,
              const machines::Identity& asked, Running running, std::ostream& out)
      : settings_(settings),
        tree_(settings.layout),
        mirror_(settings.mirror),
        fleet_(fleet),
        running_(std::move(running)),
        identity_(with(asked, running_.seen)),
        out_(out) {
    tree_.set_images(std::make_shared<const images::Images>(std::move(images)));
    const auto address = address_of(settings.layout);
    here_ = {.server = tree_.url({address}), .host = tree_.host({address}), .callback = {}};
    here_.callback = fmt::format("{}/api/v1/machines/{}/done?token=given-at-boot", here_.server,
                                 identity_.mac()->hyphens());
  }

  void tell() {
    const auto own_script = tree_.own_script(*identity_.mac());
    const auto default_script = tree_.default_script();
    machines::Question question{.identity = identity_,
                                .assignment = assignment(),
                                .has_own_script = own_script.has_value(),
                                .has_default_script = default_script.has_value()};
    auto decision = machines::decide(fleet_, question);
    if (!settings_.upstream.empty() && decision.because > machines::Because::upstream) {
      upstream_ = ask_upstream(settings_.upstream, *identity_.mac());
      question.upstream = upstream_.what;
      decision = machines::decide(fleet_, question);
    }
    tell_who(decision);
    tell_sources();
    say("\nWhat decides\n");
    for (const auto& step : machines::explain(fleet_, question))
      say("  {} {}\n", step.decided ? '>' : '-', step.text);
    if (decision.profile) return tell_profile(decision);
    if (decision.because == machines::Because::own_script) tell_owners(own_script);
    if (decision.because == machines::Because::upstream) tell_script(upstream_.script);
    if (decision.because == machines::Because::default_script) tell_owners(default_script);
  }

 private:
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::ostreambuf_iterator<char>(out_), format, std::forward<Args>(args)...);
  }

  void tell_who(const machines::Decision& decision) {
    say("Machine {}\n", identity_[Fact::mac]);
    for (std::size_t i = 0; i < machines::fact_count; ++i) {
      const auto fact = static_cast<Fact>(i);
      if (fact != Fact::mac && identity_.knows(fact))
        say("  {}: {}\n", machines::fact_name(fact), identity_[fact]);
    }
    if (const auto* entry = decision.machine) {
      say("  its entry: {}:{}{}{}\n", entry->place.file, entry->place.line,
          entry->hostname.empty() ? "" : ", hostname ", entry->hostname);
      for (const auto* group : entry->groups) say("  group: {}\n", group->name);
    }
    const auto rom = roms::rom_for_machine(identity_[Fact::arch], identity_[Fact::firmware]);
    say("  ROM: {}\n",
        rom ? *rom : "depends on its architecture and firmware (--arch, --firmware)");
  }

  void tell_sources() {
    const auto& scripts = settings_.layout.scripts;
    say("\nKnown from\n  {}\n", scripts.empty() ? "no scripts folder (--scripts)" : scripts);
    if (running_.trouble.empty()) {
      say("  the pixie at {}: what it saw of the machine, and what is assigned: {}\n",
          running_.server, assigned());
    } else {
      say("  not the pixie at {}, which {}: nothing that it saw or that is assigned counts here\n",
          running_.server, running_.trouble);
    }
    if (!upstream_.trouble.empty()) {
      say("  not the other server (--api): {}\n", upstream_.trouble);
    } else if (upstream_.what != machines::Upstream::none) {
      say("  the other server (--api): {}\n", settings_.upstream);
    }
  }

  const machines::Assignment* assignment() const {
    return running_.assignment ? &*running_.assignment : nullptr;
  }

  std::string assigned() const {
    if (!assignment() || assignment()->empty()) return "nothing";
    const auto& [profile, once, vars] = *assignment();
    std::vector<std::string> parts;
    if (!profile.empty()) parts.push_back("profile " + profile);
    if (!once.empty()) parts.push_back(fmt::format("{} once", once));
    if (!vars.empty()) parts.push_back("variables " + api::json_of(vars).dump());
    return fmt::format("{}", fmt::join(parts, ", "));
  }

  void tell_profile(const machines::Decision& decision) {
    const machines::Variables variables(identity_, decision, assignment(), here_);
    const auto script = machines::boot_script(*decision.profile, decision, variables, here_);
    if (!script) return say("\nIts script can't be made\n{}", script.error().with_caret());
    tell_script(*script);
    const auto urls = machines::urls_of(*decision.profile, variables, here_);
    if (!urls || urls->empty()) return;
    say("\nWhat it fetches\n");
    for (const auto& url : *urls) {
      if (url != here_.callback) say("  {}{}\n", url, whereabouts(url, variables));
    }
  }

  void tell_owners(const std::optional<tree::OwnerScript>& script) {
    const auto text = text_of(script);
    tell_script(*text ? **text : text->error().text + '\n');
  }

  void tell_script(std::string_view script) { say("\nIts script\n{}", script); }

  /// Whether it is there, if it is this server's.
  std::string whereabouts(std::string_view url, const machines::Variables& variables) {
    if (!url.starts_with(here_.server + '/')) return "  (elsewhere)";
    if (url.contains("${")) return "  (iPXE fills it in)";
    const auto target = http::parse_target(url.substr(here_.server.size()));
    if (!target) return "  NOT A PATH";
    if (target->path.starts_with(mirror::base_path)) {
      const auto upstream = mirror::url_of(*target);
      const bool allowed = upstream && mirror_.allows(*upstream);
      return allowed ? "  (by way of the mirror)" : "  NOT ALLOWED by --mirror";
    }
    const auto found = tree_.resolve(target->path);
    const auto* wanted = std::get_if<tree::Wanted>(&found);
    if (!wanted) return std::holds_alternative<tree::Body>(found) ? "  ok" : "  NOT THERE";
    if (wanted->what != tree::Wanted::What::text) return "  ok";
    const auto* text = fleet_.text(wanted->name);
    if (!text) return "  NOT THERE";
    const auto rendered = text->render(variables.scope(), script::Reader::text);
    return rendered ? "  ok" : "  CAN'T BE MADE: " + rendered.error().one_line();
  }

  const Settings& settings_;
  tree::Tree tree_;
  const mirror::AllowList& mirror_;
  const machines::Fleet& fleet_;
  const Running running_;
  const machines::Identity identity_;
  Upstream upstream_;
  std::ostream& out_;
  machines::Here here_;
};

}  // namespace

Outcome<void> explain_machine(const ExplainArguments& arguments, const Settings& settings,
                              const std::function<Running(const wire::Mac&)>& ask,
                              std::ostream& out) {
  const auto identity = identity_of(arguments);
  if (!identity) return failed(usage, identity.error().text);
  auto images = images_now(settings.images);
  if (!images) return failed(failure, images.error().text);
  const auto fleet = fleet_of(settings, *images);
  if (!fleet) return failed(failure, fleet.error().text);
  Explanation(settings, std::move(*images), **fleet, *identity, ask(*identity->mac()), out).tell();
  return {};
}

}  // namespace pixie::app
