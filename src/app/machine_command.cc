#include "app/machine_command.h"

#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "app/api_client.h"
#include "app/exit_code.h"
#include "app/machine_text.h"
#include "http/target.h"
#include "wire/mac.h"

namespace pixie::app {
namespace {

using Action = MachineArguments::Action;

constexpr std::size_t machines_per_page = 500;

std::string path_of(const wire::Mac& mac) { return "/machines/" + mac.colons(); }

Outcome<void> list(const ApiClient& server, const MachineArguments& arguments) {
  auto query = fmt::format("/machines?limit={}", machines_per_page);
  if (!arguments.search.empty()) {
    query += "&q=";
    http::append_encoded_path(query, arguments.search);
  }
  auto machines = Json::array();
  for (std::string after;;) {
    const auto page = server.get(after.empty() ? query : fmt::format("{}&after={}", query, after));
    if (!page) return std::unexpected(page.error());
    for (const auto& machine : page->value("machines", Json::array())) machines.push_back(machine);
    const auto next = page->value("next", Json());
    if (!next.is_string()) break;
    after = next.get<std::string>();
  }
  if (arguments.json) {
    std::cout << Json{{"machines", machines}}.dump(2) << '\n';
  } else {
    print_machines(machines, std::cout);
  }
  return {};
}

Outcome<void> show(const ApiClient& server, const MachineArguments& arguments,
                   const wire::Mac& mac) {
  auto machine = server.get(path_of(mac));
  if (!machine) return std::unexpected(machine.error());
  auto answer = server.get(path_of(mac) + "/boots");
  if (!answer) return std::unexpected(answer.error());
  const auto boots = answer->value("boots", Json::array());
  if (arguments.json) {
    (*machine)["boots"] = boots;
    std::cout << machine->dump(2) << '\n';
  } else {
    print_machine(*machine, boots, std::cout);
  }
  return {};
}

Outcome<void> change_vars(Json& vars, const MachineArguments& arguments) {
  for (const auto& name : arguments.unset) vars.erase(name);
  for (const auto& var : arguments.vars) {
    const auto equals = var.find('=');
    if (equals == var.npos || equals == 0)
      return failed(usage, fmt::format("--var {}: expected NAME=VALUE", var));
    vars[var.substr(0, equals)] = var.substr(equals + 1);
  }
  return {};
}

/// Variables are changed one by one here, but replaced as a whole by the API: nobody else's change gets lost between.
Outcome<ApiChange> variables_change(const ApiClient& server, const MachineArguments& arguments,
                                    const wire::Mac& mac, Json body) {
  const auto answer = server.ask("GET", path_of(mac));
  if (!answer) return std::unexpected(answer.error());
  ApiChange change;
  auto vars = Json::object();
  if (answer->status == 404) {
    change.condition = {"If-None-Match", "*"};
  } else {
    const auto machine = ApiClient::good(answer);
    if (!machine) return std::unexpected(machine.error());
    change.condition = {"If-Match", std::string(answer->fields.find("ETag").value_or("*"))};
    vars = machine->value("/assignment/vars"_json_pointer, vars);
  }
  if (const auto changed = change_vars(vars, arguments); !changed)
    return std::unexpected(changed.error());
  body["vars"] = std::move(vars);
  change.body = body.dump();
  return change;
}

Outcome<void> assign(const ApiClient& server, const MachineArguments& arguments,
                     const wire::Mac& mac) {
  auto body = Json::object();
  if (arguments.profile) {
    const auto* member = arguments.action == Action::once ? "once" : "profile";
    body[member] = arguments.profile->empty() ? Json() : Json(*arguments.profile);
  }
  ApiChange change{.body = body.dump()};
  if (!arguments.vars.empty() || !arguments.unset.empty()) {
    auto with_vars = variables_change(server, arguments, mac, std::move(body));
    if (!with_vars) return std::unexpected(with_vars.error());
    change = std::move(*with_vars);
  } else if (!arguments.profile) {
    return failed(usage, "machine set: expected --profile, --var or --unset");
  }
  const auto machine = server.patch(path_of(mac), change);
  if (!machine) return std::unexpected(machine.error());
  if (arguments.json) {
    std::cout << machine->dump(2) << '\n';
  } else {
    print_assignment(*machine, std::cout);
    if (machine->value("own_script", false))
      std::cout << "But it has a script of its own in the scripts folder, which always wins.\n";
  }
  return {};
}

Outcome<void> forget(const ApiClient& server, const wire::Mac& mac) {
  const auto forgotten = ApiClient::good(server.ask("DELETE", path_of(mac)));
  if (!forgotten) return std::unexpected(forgotten.error());
  return {};
}

Outcome<void> act(const ApiClient& server, const MachineArguments& arguments) {
  if (arguments.action == Action::list) return list(server, arguments);
  const auto mac = wire::Mac::parse(arguments.mac);
  if (!mac) {
    return failed(usage, fmt::format("machine: expected a MAC address such as 52:54:00:ab:cd:ef, "
                                     "not '{}'",
                                     arguments.mac));
  }
  if (arguments.action == Action::show) return show(server, arguments, *mac);
  if (arguments.action == Action::forget) return forget(server, *mac);
  return assign(server, arguments, *mac);
}

Outcome<void> run(const MachineArguments& arguments, const Values& values) {
  const auto url =
      http::Url::parse(arguments.server.empty() ? own_server(values) : arguments.server);
  if (!url) return failed(usage, "--server: " + url.error().text);
  auto token = read_token(arguments.token_file);
  if (!token) return std::unexpected(token.error());
  return act(ApiClient(*url, std::move(*token)), arguments);
}

}  // namespace

int machine_command(const MachineArguments& arguments, const Values& values) {
  const auto done = run(arguments, values);
  if (!done) return complain(done.error());
  std::cout << std::flush;
  return std::cout ? success : failure;
}

}  // namespace pixie::app
