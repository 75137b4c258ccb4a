#include "api/machine_calls.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "api/edit.h"
#include "api/json.h"
#include "http/syntax.h"

namespace pixie::api {
namespace {

constexpr std::uint64_t default_limit = 100;
constexpr std::uint64_t largest_limit = 1000;
constexpr std::size_t longest_message = 500;

std::expected<std::uint64_t, Answer> query_number(const Call& call, std::string_view name,
                                                  std::uint64_t fallback, std::uint64_t largest) {
  const auto text = call.target.query(name);
  if (!text) return fallback;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || number == 0 || number > largest)
    return refuse(400, fmt::format("{}: a number from 1 to {} expected.", name, largest));
  return number;
}

Answer not_found(const wire::Mac& mac) {
  return problem(404, fmt::format("No machine {} was ever seen.", mac.colons()));
}

Answer answer_to(registry::Refused refused, const wire::Mac& mac) {
  switch (refused) {
    case registry::Refused::not_found:
      return not_found(mac);
    case registry::Refused::changed:
      return problem(412, "The machine was changed meanwhile: get it again.");
    case registry::Refused::bad_token:
      return problem(403, "The token is not that of the machine's boot, or too old.");
    case registry::Refused::store:
      break;
  }
  return problem(503, "It can't be kept: the store can't be written. The log says why.");
}

Answer machine_answer(const Context& context, const registry::MachineView& view, int status = 200) {
  const auto json =
      machine_detail(view, *context.office.fleet(), context.office.has_own_script(view.row.mac));
  auto answer = json_answer(json);
  answer.made.status = status;
  answer.made.fields.emplace_back("ETag", fmt::format("\"{}\"", view.row.version));
  return answer;
}

/// Whether a list of entity tags names this one. `*` stands for any; a weak one counts where `weakly`.
bool lists_tag(std::string_view tags, std::string_view wanted, bool weakly) {
  while (auto tag = http::next_element(tags)) {
    if (weakly && tag->starts_with("W/")) tag->remove_prefix(2);
    if (*tag == "*" || *tag == wanted) return true;
  }
  return false;
}

/// RFC 9110 sections 13.1.1 and 13.1.2: If-Match compares strongly, If-None-Match weakly.
std::expected<void, Answer> check_preconditions(
    const Call& call, const std::optional<registry::MachineView>& machine) {
  const auto tag = machine ? fmt::format("\"{}\"", machine->row.version) : std::string();
  if (call.if_match && !(machine && lists_tag(*call.if_match, tag, false)))
    return refuse(412, "The machine is not as If-Match wants it: get it again.");
  if (call.if_none_match && machine && lists_tag(*call.if_none_match, tag, true))
    return refuse(412, "The machine is there already, which If-None-Match excludes.");
  return {};
}

/// A form that a foreign page sends can't have this type without asking first, which is never granted.
std::expected<void, Answer> check_content_type(const Call& call) {
  const auto type = call.content_type ? std::string_view(*call.content_type) : std::string_view();
  if (!http::equal_ignoring_case(http::trim(type.substr(0, type.find(';'))), "application/json"))
    return refuse(415, "The body must be JSON: Content-Type: application/json.");
  return {};
}

std::expected<void, Answer> check_profile(const machines::Fleet& fleet, std::string_view member,
                                          const std::optional<std::string>& name) {
  if (!name || name->empty() || fleet.profile(*name)) return {};
  return refuse(422, fmt::format("{}: there is no profile '{}'.", member, *name));
}

std::expected<Edit, Answer> checked_edit(const Context& context) {
  if (const auto type = check_content_type(context.call); !type)
    return std::unexpected(type.error());
  auto edit = parse_edit(context.call.body);
  if (!edit) return edit;
  const auto fleet = context.office.fleet();
  auto checked = check_profile(*fleet, "profile", edit->profile);
  if (checked) checked = check_profile(*fleet, "once", edit->once);
  if (!checked) return std::unexpected(checked.error());
  return edit;
}

Answer assign(const Context& context, bool keep_others) {
  const auto edit = checked_edit(context);
  if (!edit) return edit.error();
  const auto before = context.registry.machine(context.mac);
  if (const auto holds = check_preconditions(context.call, before); !holds) return holds.error();

  machines::Assignment assignment;
  if (keep_others && before) assignment = before->row.assignment;
  edit->apply(assignment);
  // Nobody else writes on this thread: what was compared above holds still.
  const auto after = context.registry.assign(context.mac, assignment, std::nullopt);
  if (!after) return answer_to(after.error(), context.mac);
  return machine_answer(context, *after, before ? 200 : 201);
}

Json boots_json(const std::vector<events::Boot>& boots, Json (*shape)(const events::Boot&)) {
  auto list = Json::array();
  for (const auto& boot : boots) list.push_back(shape(boot));
  return {{"boots", std::move(list)}};
}

}  // namespace

Answer list_machines(const Context& context) {
  const auto& query = context.call.target;
  const auto limit = query_number(context.call, "limit", default_limit, largest_limit);
  if (!limit) return limit.error();
  std::optional<wire::Mac> after;
  if (const auto text = query.query("after")) {
    after = wire::Mac::parse(*text);
    if (!after) return problem(400, fmt::format("after: '{}' is no MAC address.", *text));
  }
  auto views = context.registry.machines(after, *limit + 1, query.query("q").value_or(""));
  const bool more = views.size() > *limit;
  if (more) views.resize(*limit);

  const auto fleet = context.office.fleet();
  auto list = Json::array();
  for (const auto& view : views)
    list.push_back(machine_summary(view, *fleet, context.office.has_own_script(view.row.mac)));
  return json_answer({{"machines", std::move(list)},
                      {"next", more ? Json(views.back().row.mac.colons()) : Json()}});
}

Answer get_machine(const Context& context) {
  const auto view = context.registry.machine(context.mac);
  return view ? machine_answer(context, *view) : not_found(context.mac);
}

Answer put_machine(const Context& context) { return assign(context, false); }
Answer patch_machine(const Context& context) { return assign(context, true); }

Answer delete_machine(const Context& context) {
  if (context.call.if_match || context.call.if_none_match) {
    const auto before = context.registry.machine(context.mac);
    if (const auto holds = check_preconditions(context.call, before); !holds) return holds.error();
  }
  const auto forgotten = context.registry.forget(context.mac, std::nullopt);
  if (!forgotten) return answer_to(forgotten.error(), context.mac);
  return {{.status = 204}};
}

Answer machine_done(const Context& context) {
  const auto& query = context.call.target;
  const auto token = query.query("token");
  if (!token) return problem(403, "The callback's token is missing: ?token=…");
  const auto status = query.query("status").value_or("done");
  if (status != "done" && status != "failed")
    return problem(400, "status: done or failed expected.");
  auto message = query.query("message").value_or("");
  message.resize(std::min(message.size(), longest_message));
  const auto done = context.registry.done(context.mac, *token, status == "failed", message);
  if (!done) return answer_to(done.error(), context.mac);
  return {{.status = 204}};
}

Answer list_boots_of_machine(const Context& context) {
  return json_answer(boots_json(context.registry.boots(context.mac), boot_with_steps));
}

Answer list_boots(const Context& context) {
  const auto limit = query_number(context.call, "limit", default_limit, largest_limit);
  if (!limit) return limit.error();
  const auto before = query_number(context.call, "before", 0, UINT64_MAX);
  if (!before) return before.error();
  return json_answer(boots_json(context.registry.recent_boots(*before, *limit), boot_summary));
}

Answer list_live_boots(const Context& context) {
  return json_answer(boots_json(context.registry.live_boots(), boot_summary));
}

}  // namespace pixie::api
