#include "app/machine_command.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/machine_text.h"
#include "app/manual.h"
#include "http/target.h"
#include "net/http_client.h"
#include "wire/mac.h"

namespace pixie::app {
namespace {

using Action = MachineArguments::Action;

constexpr std::size_t machines_per_page = 500;
constexpr net::HttpClient::Limits limits{.time = std::chrono::seconds(30), .body_bytes = 32 << 20};

/// An error with its exit code.
struct Failed {
  ExitCode code;
  Error error;
};
template <class T>
using Outcome = std::expected<T, Failed>;

std::unexpected<Failed> failed(ExitCode code, std::string text) {
  return std::unexpected(Failed{code, {std::move(text)}});
}

/// The pixie of the settings, by loopback unless it listens on one address only.
std::string own_server(const Values& values) {
  const auto endpoints = parse_endpoints(values.find("http")->second.text, 80);
  const auto http = endpoints ? endpoints->front() : wire::Endpoint{};
  const auto host =
      http.address.is_unspecified() ? std::string("127.0.0.1") : http.address.url_host();
  return fmt::format("http://{}:{}", host, http.port == 0 ? 80 : http.port);
}

Outcome<std::string> read_token(const std::string& file) {
  if (file.empty()) {
    const char* token = std::getenv("PIXIE_TOKEN");
    return token ? token : "";
  }
  std::ifstream in(file);
  std::string token;
  if (!(in >> token)) return failed(usage, fmt::format("{}: there is no token to be read", file));
  return token;
}

/// What an answer with an error says.
std::string detail_of(const net::HttpAnswer& answer) {
  const auto document = Json::parse(answer.body, nullptr, false);
  if (document.is_object() && document.contains("detail") && document["detail"].is_string())
    return document["detail"].get<std::string>();
  return fmt::format("the server answers {}", answer.status);
}

struct Change {
  std::string body = {};
  /// If-Match or If-None-Match.
  std::pair<std::string, std::string> condition = {};
};

/// The API of one server.
class Server {
 public:
  Server(http::Url url, std::string token) : url_(std::move(url)), token_(std::move(token)) {}

  /// The answer, whatever its status; an error if there is none.
  Outcome<net::HttpAnswer> ask(const std::string& method, const std::string& path,
                               const Change& change = {}) const {
    net::HttpQuestion question{.method = method, .url = url_, .body = change.body};
    question.url.target = "/api/v1" + path;
    if (!token_.empty()) question.headers.emplace_back("Authorization", "Bearer " + token_);
    if (!change.body.empty()) question.headers.emplace_back("Content-Type", "application/json");
    if (!change.condition.first.empty()) question.headers.push_back(change.condition);
    auto answer = client_.ask(question, limits);
    if (!answer) return failed(failure, answer.error().text);
    return std::move(*answer);
  }

  /// The JSON of a good answer; an error for any other.
  Outcome<Json> get(const std::string& path) const { return good(ask("GET", path)); }
  Outcome<Json> patch(const std::string& path, const Change& change) const {
    return good(ask("PATCH", path, change));
  }

  static Outcome<Json> good(const Outcome<net::HttpAnswer>& answer) {
    if (!answer) return std::unexpected(answer.error());
    if (answer->status / 100 != 2) return failed(failure, detail_of(*answer));
    if (answer->body.empty()) return Json();
    auto json = Json::parse(answer->body, nullptr, false);
    if (json.is_discarded()) return failed(failure, "the server's answer is no JSON: is it pixie?");
    return json;
  }

 private:
  http::Url url_;
  std::string token_;
  net::HttpClient client_;
};

std::string path_of(const wire::Mac& mac) { return "/machines/" + mac.colons(); }

Outcome<void> list(const Server& server, const MachineArguments& arguments) {
  auto query = fmt::format("/machines?limit={}", machines_per_page);
  if (!arguments.search.empty()) {
    query += "&q=";
    http::append_encoded_path(query, arguments.search);
  }
  auto machines = Json::array();
  for (std::string after;;) {
    const auto page = server.get(after.empty() ? query : query + "&after=" + after);
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

Outcome<void> show(const Server& server, const MachineArguments& arguments, const wire::Mac& mac) {
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
Outcome<Change> variables_change(const Server& server, const MachineArguments& arguments,
                                 const wire::Mac& mac, Json body) {
  const auto answer = server.ask("GET", path_of(mac));
  if (!answer) return std::unexpected(answer.error());
  Change change;
  auto vars = Json::object();
  if (answer->status == 404) {
    change.condition = {"If-None-Match", "*"};
  } else {
    const auto machine = Server::good(answer);
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

Outcome<void> assign(const Server& server, const MachineArguments& arguments,
                     const wire::Mac& mac) {
  auto body = Json::object();
  if (arguments.profile) {
    const auto* member = arguments.action == Action::once ? "once" : "profile";
    body[member] = arguments.profile->empty() ? Json() : Json(*arguments.profile);
  }
  Change change{.body = body.dump()};
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
  }
  return {};
}

Outcome<void> forget(const Server& server, const wire::Mac& mac) {
  const auto forgotten = Server::good(server.ask("DELETE", path_of(mac)));
  if (!forgotten) return std::unexpected(forgotten.error());
  return {};
}

Outcome<void> act(const Server& server, const MachineArguments& arguments) {
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
  return act(Server(*url, std::move(*token)), arguments);
}

}  // namespace

int machine_command(const MachineArguments& arguments, const Values& values) {
  const auto done = run(arguments, values);
  if (!done) return complain(done.error().code, done.error().error);
  std::cout << std::flush;
  return std::cout ? success : failure;
}

}  // namespace pixie::app
