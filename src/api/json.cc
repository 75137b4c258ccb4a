#include "api/json.h"

#include <array>
#include <chrono>
#include <ranges>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "api/filter.h"

namespace pixie::api {

Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

namespace {

using machines::Fact;

Json assignment_json(const machines::Assignment& assignment) {
  return {{"profile", text_or_null(assignment.profile)},
          {"once", text_or_null(assignment.once)},
          {"vars", json_of(assignment.vars)}};
}

Json install_json(const store::Install& install) {
  if (install.status == store::Install::Status::none) return {};
  constexpr std::array names{"none", "started", "done", "failed"};
  return {{"profile", install.profile},
          {"status", names[static_cast<std::size_t>(install.status)]},
          {"when", json_of(install.when)},
          {"message", text_or_null(install.message)}};
}

Json step_json(const events::BootStep& step) {
  return {{"at", json_of(step.at)},
          {"event", step.event},
          {"text", step.text},
          {"bytes", step.bytes},
          {"seconds", step.seconds}};
}

/// What was seen, and the name that the owner gave.
machines::Identity identity_of(const registry::MachineView& view, const machines::Fleet& fleet) {
  auto identity = view.row.identity;
  if (const auto* written = fleet.machine(view.row.mac))
    identity.learn(Fact::hostname, written->hostname, machines::Source::configured);
  return identity;
}

Json machine_summary(const registry::MachineView& view, const machines::Identity& identity,
                     bool has_own_script) {
  const auto& row = view.row;
  const auto fact = [&](Fact wanted) { return text_or_null(identity[wanted]); };
  return {{"mac", row.mac.colons()},
          {"hostname", fact(Fact::hostname)},
          {"ip", fact(Fact::ip)},
          {"arch", fact(Fact::arch)},
          {"firmware", fact(Fact::firmware)},
          {"manufacturer", fact(Fact::manufacturer)},
          {"product", fact(Fact::product)},
          {"first_seen", json_of(row.first_seen)},
          {"last_seen", json_of(row.last_seen)},
          {"assignment", assignment_json(row.assignment)},
          {"own_script", has_own_script},
          {"install", install_json(row.install)},
          {"boot", view.boot ? boot_summary(*view.boot) : Json()},
          {"version", row.version}};
}

std::string_view kind_of(const machines::Target& target) {
  constexpr std::array<std::string_view, 5> names{"kernel", "script", "sanboot", "chain", "local"};
  static_assert(std::variant_size_v<machines::Target> == names.size());
  return names[target.index()];
}

Json rule_json(const machines::Rule& rule) {
  auto conditions = Json::array();
  for (const auto& condition : rule.conditions) {
    conditions.push_back({{"fact", condition.fact ? machines::fact_name(*condition.fact) : "group"},
                          {"patterns", condition.patterns}});
  }
  return {{"name", rule.name},
          {"profile", text_or_null(rule.profile)},
          {"conditions", std::move(conditions)},
          {"file", rule.place.file},
          {"line", rule.place.line}};
}

Json field_json(const events::Field& field) {
  return std::visit([](const auto& value) { return Json(value); }, field.value);
}

}  // namespace

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Answer json_answer(const Json& json) {
  return {{.content_type = "application/json", .body = text_of(json) + '\n'}};
}

Json json_of(events::Time time) {
  if (time == events::Time{}) return {};
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(millis);
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (millis - seconds).count());
}

Json json_of(const script::Value& value) {
  return std::visit(
      [](const auto& content) -> Json {
        using Content = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<Content, script::List>) {
          auto list = Json::array();
          for (const auto& element : content) list.push_back(json_of(element));
          return list;
        } else if constexpr (std::is_same_v<Content, script::Table>) {
          return json_of(content);
        } else {
          return content;
        }
      },
      value.content);
}

Json json_of(const script::Table& table) {
  auto object = Json::object();
  for (const auto& [name, value] : table) object[name] = json_of(value);
  return object;
}

Json boot_summary(const events::Boot& boot) {
  return {{"id", boot.id},
          {"mac", boot.mac.colons()},
          {"started", json_of(boot.started)},
          {"updated", json_of(boot.updated)},
          {"stage", events::stage_name(boot.stage)},
          {"outcome", events::outcome_name(boot.outcome)},
          {"cause", text_or_null(boot.cause)},
          {"profile", text_or_null(boot.profile)},
          {"because", text_or_null(boot.because)},
          {"bytes_sent", boot.bytes_sent},
          {"bytes_total", boot.bytes_total}};
}

Json boot_with_steps(const events::Boot& boot) {
  auto json = boot_summary(boot);
  auto& steps = json["steps"] = Json::array();
  for (const auto& step : boot.steps) steps.push_back(step_json(step));
  json["steps_left_out"] = boot.steps_left_out;
  return json;
}

Json machine_summary(const registry::MachineView& view, const machines::Fleet& fleet,
                     bool has_own_script) {
  return machine_summary(view, identity_of(view, fleet), has_own_script);
}

Json machine_detail(const registry::MachineView& view, const machines::Fleet& fleet,
                    bool has_own_script) {
  const auto identity = identity_of(view, fleet);
  auto json = machine_summary(view, identity, has_own_script);
  auto& facts = json["facts"] = Json::array();
  for (std::size_t i = 0; i < machines::fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    if (!identity.knows(fact)) continue;
    facts.push_back({{"name", machines::fact_name(fact)},
                     {"value", identity[fact]},
                     {"source", machines::source_name(identity.source(fact))}});
  }
  return json;
}

Json profiles(const machines::Fleet& fleet) {
  auto list = Json::array();
  for (const auto& profile : fleet.profiles() | std::views::values) {
    list.push_back({{"name", profile.name},
                    {"title", profile.title},
                    {"menu", profile.menu},
                    {"menu_group", text_or_null(profile.menu_group)},
                    {"firmware", profile.fit.firmware},
                    {"arch", profile.fit.arch},
                    {"kind", kind_of(profile.target)},
                    {"file", profile.place.file},
                    {"line", profile.place.line},
                    {"vars", json_of(profile.vars)}});
  }
  return {{"profiles", std::move(list)}};
}

Json rules(const machines::Fleet& fleet) {
  auto list = Json::array();
  for (const auto& rule : fleet.rules()) list.push_back(rule_json(rule));
  return {{"rules", std::move(list)}};
}

Json problems(const std::vector<wire::Diagnostic>& mistakes) {
  auto list = Json::array();
  for (const auto& mistake : mistakes) {
    list.push_back({{"file", mistake.file},
                    {"line", mistake.line},
                    {"column", mistake.column},
                    {"text", mistake.text},
                    {"excerpt", mistake.excerpt}});
  }
  return {{"problems", std::move(list)}};
}

Json roms(const roms::Catalogue& catalogue) {
  auto list = Json::array();
  for (const auto& rom : catalogue.known()) {
    const auto* entry = catalogue.find(rom.name);
    if (!entry || !entry->stands_in_for.empty()) continue;
    // Of a file in the owner's folder only the name is known: it may be any ROM.
    const bool is_file = !entry->overlay_file.empty();
    const auto known = [&](const auto& value) { return is_file ? Json() : Json(value); };
    list.push_back(
        {{"name", rom.name},
         {"aliases", rom.aliases},
         {"arch", roms::name_of(rom.architecture)},
         {"size", known(rom.bytes.size())},
         {"sha256", known(rom.sha256)},
         {"version", known(rom.version)},
         {"origin", is_file ? Json((catalogue.overlay_folder() / entry->overlay_file).string())
                            : Json(rom.origin)},
         {"licence", known(rom.licence)}});
  }
  return {{"roms", std::move(list)}};
}

Json log_record(const events::Record& record) {
  auto fields = Json::object();
  for (const auto& field : record.fields) fields[std::string(field.name)] = field_json(field);
  return {{"time", json_of(record.when)},
          {"level", severity_name(record.kind.severity)},
          {"event", record.kind.id},
          {"sentence", record.kind.sentence},
          {"fields", std::move(fields)}};
}

}  // namespace pixie::api
