#include "app/machine_text.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "wire/table.h"

namespace pixie::app {
namespace {

std::string shown(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

/// A member as text; `-` for null and what is not there.
std::string member(const Json& object, std::string_view name) {
  if (!object.is_object() || !object.contains(name) || object[name].is_null()) return "-";
  const auto& value = object[name];
  return shown(value.is_string() ? value.get<std::string>()
                                 : value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

/// To the second, with a blank between date and time.
std::string time(const Json& object, std::string_view name) {
  constexpr std::size_t to_the_second = 19;
  auto text = member(object, name).substr(0, to_the_second);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

const Json& part(const Json& object, std::string_view name) {
  static const Json none;
  return object.is_object() && object.contains(name) ? object[name] : none;
}

/// How a boot goes or went: its outcome, or how far it came while it is under way.
std::string progress(const Json& boot) {
  const auto outcome = member(boot, "outcome");
  return outcome == "under_way" ? member(boot, "stage") + " ..." : outcome;
}

wire::Row row_of(const Json& machine) {
  const auto& assignment = part(machine, "assignment");
  return {
      member(machine, "mac"),        member(machine, "hostname"), member(machine, "ip"),
      member(machine, "arch"),       member(machine, "firmware"), progress(part(machine, "boot")),
      member(assignment, "profile"), member(assignment, "once"),  time(machine, "last_seen")};
}

void add_boots(std::vector<wire::Row>& rows, const Json& boots) {
  rows.push_back({"BOOT", "STARTED", "HOW IT WENT", "PROFILE", "BECAUSE", "CAUSE"});
  for (const auto& boot : boots) {
    rows.push_back({member(boot, "id"), time(boot, "started"), progress(boot),
                    member(boot, "profile"), member(boot, "because"), member(boot, "cause")});
  }
}

}  // namespace

void print_machines(const Json& machines, std::ostream& out) {
  std::vector<wire::Row> rows{
      {"MAC", "HOSTNAME", "ADDRESS", "ARCH", "FIRMWARE", "BOOT", "ASSIGNED", "ONCE", "LAST SEEN"}};
  for (const auto& machine : machines) rows.push_back(row_of(machine));
  wire::print_table(rows, out);
}

void print_machine(const Json& machine, const Json& boots, std::ostream& out) {
  std::vector<wire::Row> rows;
  for (const auto& fact : part(machine, "facts"))
    rows.push_back({member(fact, "name"), member(fact, "value"), member(fact, "source")});
  rows.push_back({"first seen", time(machine, "first_seen")});
  rows.push_back({"last seen", time(machine, "last_seen")});
  if (part(machine, "own_script") == true) rows.push_back({"script", "its own"});
  const auto& install = part(machine, "install");
  if (!install.is_null()) {
    rows.push_back({"installation", member(install, "profile"), member(install, "status"),
                    member(install, "message")});
  }
  wire::print_table(rows, out);
  print_assignment(machine, out);
  if (boots.empty()) return;
  rows.clear();
  add_boots(rows, boots);
  out << '\n';
  wire::print_table(rows, out);
}

void print_assignment(const Json& machine, std::ostream& out) {
  const auto& assignment = part(machine, "assignment");
  out << fmt::format("{}: profile {}, once {}, variables {}\n", member(machine, "mac"),
                     member(assignment, "profile"), member(assignment, "once"),
                     member(assignment, "vars"));
}

}  // namespace pixie::app
