// What `pixie machine` shows of the API's JSON. Texts that machines gave themselves can't move the terminal's cursor:
// what is no printable ASCII is shown as `?`.
#pragma once

#include <ostream>
#include <string>

#include <nlohmann/json.hpp>

namespace pixie::app {

using Json = nlohmann::ordered_json;

/// A list of machines as a table, with a heading.
void print_machines(const Json& machines, std::ostream& out);
/// One machine (MachineDetail) and its boots, the newest first.
void print_machine(const Json& machine, const Json& boots, std::ostream& out);
/// What is assigned to a machine, in one line.
void print_assignment(const Json& machine, std::ostream& out);

}  // namespace pixie::app
