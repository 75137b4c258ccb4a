#include "app/running.h"

#include <utility>

#include <fmt/format.h>

#include "api/edit.h"
#include "app/api_client.h"

namespace pixie::app {
namespace {

using machines::Source;

constexpr ApiClient::Limits limits{.time = std::chrono::seconds(2), .body_bytes = 1 << 20};

Source source_named(std::string_view name) {
  for (const auto source : {Source::claimed, Source::observed, Source::configured}) {
    if (name == machines::source_name(source)) return source;
  }
  return Source::unknown;
}

/// Of a MachineDetail. What the owner wrote is told by the files.
machines::Identity facts_of(const Json& machine) {
  machines::Identity seen;
  for (const auto& told : machine.at("facts")) {
    const auto fact = machines::fact_named(told.at("name").get<std::string>());
    const auto source = source_named(told.at("source").get<std::string>());
    if (fact && (source == Source::claimed || source == Source::observed))
      seen.learn(*fact, told.at("value").get<std::string>(), source);
  }
  return seen;
}

/// Nothing, if the assignment has not the three members of a PUT.
std::optional<machines::Assignment> assignment_of(const Json& machine) {
  const auto edit = api::parse_edit(machine.at("assignment").dump());
  if (!edit) return std::nullopt;
  machines::Assignment assignment;
  edit->apply(assignment);
  return assignment;
}

Running of_machine(Running running, const Json& machine) {
  try {
    running.assignment = assignment_of(machine);
    running.seen = facts_of(machine);
  } catch (const Json::exception&) {  // members that are missing, or of another type
    running.assignment.reset();
  }
  if (!running.assignment) running.trouble = "answers what this pixie does not understand";
  return running;
}

}  // namespace

Running ask_running(const wire::Mac& mac, const Values& values) {
  Running running{.server = own_server(values)};
  const auto url = http::Url::parse(running.server);
  const auto token = read_token("");
  const ApiClient client(url.value(), token.value(), limits);
  const auto answer = client.ask("GET", "/machines/" + mac.colons());
  if (!answer) {
    running.trouble = fmt::format("does not answer ({})", answer.error().error.text);
    return running;
  }
  const bool explains =
      answer->fields.find("Content-Type").value_or("").starts_with("application/problem+json");
  if (explains && answer->status == 404) return running;  // it knows nothing of this machine
  if (explains && answer->status == 401) {
    running.trouble = "wants a token: set PIXIE_TOKEN to one that may read";
    return running;
  }
  const auto machine = ApiClient::good(answer);
  if (machine && machine->is_object()) return of_machine(std::move(running), *machine);
  running.trouble = fmt::format("gives no answer of pixie's (HTTP status {})", answer->status);
  return running;
}

}  // namespace pixie::app
