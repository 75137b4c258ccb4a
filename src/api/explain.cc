#include "api/explain.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "api/json.h"
#include "machines/decide.h"
#include "mirror/location.h"
#include "roms/rom.h"

namespace pixie::api {
namespace {

using machines::Because;
using machines::Fact;
using machines::Source;

/// In the place of a boot's token, which is for the machine alone.
constexpr std::string_view no_token = "given-at-boot";

/// One machine's question, with all that the answer refers to.
struct Inquiry {
  std::shared_ptr<const machines::Fleet> fleet;
  machines::Identity identity;
  std::optional<machines::Assignment> assignment;
  machines::Here here;
  bool has_own_script = false;
  std::optional<Expected<std::string>> default_script;
  UpstreamAnswer upstream;

  const machines::Assignment* assigned() const { return assignment ? &*assignment : nullptr; }
  machines::Question question() const {
    return {.identity = identity,
            .assignment = assigned(),
            .has_own_script = has_own_script,
            .has_default_script = default_script.has_value(),
            .upstream = upstream.what};
  }
};

machines::Identity identity_of(const Context& context, const machines::Identity& seen) {
  machines::Identity identity;
  identity.learn(Fact::mac, context.mac.colons(), Source::claimed);
  for (std::size_t i = 0; i < machines::fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    if (fact == Fact::mac) continue;
    // What is asked for wins over what was seen: it is asked what would be.
    if (const auto value = context.call.target.query(machines::fact_name(fact)))
      identity.learn(fact, *value, Source::claimed);
  }
  for (std::size_t i = 0; i < machines::fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    if (!identity.knows(fact) && seen.knows(fact))
      identity.learn(fact, seen[fact], seen.source(fact));
  }
  return identity;
}

Inquiry inquire(const Context& context) {
  const auto& office = context.office;
  auto known = office.roster().look_up(context.mac);
  Inquiry inquiry{.fleet = office.fleet(),
                  .identity = identity_of(context, known.seen),
                  .assignment = std::move(known.assignment),
                  .here = {},
                  .has_own_script = office.has_own_script(context.mac),
                  .default_script = office.default_script(),
                  .upstream = office.upstream(context.mac)};
  inquiry.here = office.here(inquiry.identity);
  inquiry.here.callback = fmt::format("{}/{}/machines/{}/done?token={}", inquiry.here.server,
                                      base_path, context.mac.hyphens(), no_token);
  return inquiry;
}

/// The script, or why there is none; neither if its file went away meanwhile.
struct Script {
  std::optional<std::string> text;
  std::optional<std::string> mistake;
  std::vector<std::string> urls = {};
};

Script profile_script(const Inquiry& inquiry, const machines::Decision& decision) {
  const machines::Variables variables(inquiry.identity, decision, inquiry.assigned(), inquiry.here);
  auto text = machines::boot_script(*decision.profile, decision, variables, inquiry.here);
  if (!text) return {.text = {}, .mistake = text.error().one_line()};
  auto urls = machines::urls_of(*decision.profile, variables, inquiry.here)
                  .value_or(std::vector<std::string>());
  // The callback is posted to, when all is done.
  std::erase(urls, inquiry.here.callback);
  return {.text = std::move(*text), .mistake = {}, .urls = std::move(urls)};
}

Script script_of(std::optional<Expected<std::string>> owners) {
  if (!owners) return {};
  if (!*owners) return {.text = {}, .mistake = std::move(owners->error().text)};
  return {.text = std::move(**owners), .mistake = {}};
}

Script script_of(const Context& context, const Inquiry& inquiry,
                 const machines::Decision& decision) {
  if (decision.profile) return profile_script(inquiry, decision);
  switch (decision.because) {
    case Because::own_script:
      return script_of(context.office.own_script(context.mac));
    case Because::default_script:
      return script_of(inquiry.default_script);
    case Because::upstream:
      return {.text = inquiry.upstream.script, .mistake = {}};
    default:
      return {.text = {}, .mistake = "Nothing is for this machine; its screen will say so."};
  }
}

/// Whether it is there, if it is this server's; what comes through the mirror is elsewhere.
Json exists(const Context& context, const machines::Here& here, std::string_view url) {
  if (!url.starts_with(here.server)) return {};
  url.remove_prefix(here.server.size());
  if (!url.starts_with('/')) return {};
  const auto target = http::parse_target(url);
  if (target && target->path.starts_with(mirror::base_path)) return {};
  return target && context.office.has(*target);
}

Json rom_of(const Inquiry& inquiry) {
  const auto rom =
      roms::rom_for_machine(inquiry.identity[Fact::arch], inquiry.identity[Fact::firmware]);
  return rom ? Json(*rom) : Json();
}

Json steps_json(const Inquiry& inquiry) {
  auto steps = Json::array();
  for (const auto& step : machines::explain(*inquiry.fleet, inquiry.question())) {
    steps.push_back({{"because", machines::because_name(step.because)},
                     {"decided", step.decided},
                     {"text", step.text}});
  }
  return steps;
}

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

}  // namespace

Answer get_explanation(const Context& context) {
  const auto inquiry = inquire(context);
  const auto decision = machines::decide(*inquiry.fleet, inquiry.question());
  const auto script = script_of(context, inquiry, decision);
  auto urls = Json::array();
  for (const auto& url : script.urls)
    urls.push_back({{"url", url}, {"exists", exists(context, inquiry.here, url)}});
  return json_answer({{"mac", context.mac.colons()},
                      {"decision",
                       {{"because", machines::because_name(decision.because)},
                        {"profile", decision.profile ? Json(decision.profile->name) : Json()},
                        {"rule", decision.rule ? Json(decision.rule->name) : Json()}}},
                      {"steps", steps_json(inquiry)},
                      {"script", or_null(script.text)},
                      {"error", or_null(script.mistake)},
                      {"urls", std::move(urls)},
                      {"rom", rom_of(inquiry)}});
}

Answer get_script(const Context& context) {
  const auto inquiry = inquire(context);
  const auto decision = machines::decide(*inquiry.fleet, inquiry.question());
  auto script = script_of(context, inquiry, decision);
  if (script.text)
    return {{.content_type = "text/plain; charset=utf-8", .body = std::move(*script.text)}};
  // What is for the machine but can't be made, served or shown is the owner's to mend.
  const bool mendable = script.mistake && decision.because != Because::nothing;
  return problem(mendable ? 409 : 404, script.mistake.value_or("The file is gone."));
}

}  // namespace pixie::api
