// Fuzz target: a line with method and target, then the body of a call.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/access.h"
#include "api/edit.h"
#include "api/filter.h"
#include "api/json.h"
#include "api/routes.h"

namespace {
using namespace pixie::api;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_problem(const Answer& answer) {
  const auto document = Json::parse(answer.made.body, nullptr, false);
  check(answer.made.status >= 400 && document.is_object());
  check(document["status"] == answer.made.status && document["detail"].is_string());
  check(!answer.made.body.contains('\n'));
}

void check_body(std::string_view body) {
  const auto edit = parse_edit(body);
  if (!edit) return check_problem(edit.error());
  if (!edit->vars) return;
  const Json again{{"vars", json_of(*edit->vars)}};
  const auto parsed = parse_edit(text_of(again));
  check(parsed && parsed->vars == edit->vars);
}

void check_target(const std::string& method, std::string_view text) {
  const auto target = pixie::http::parse_target(text);
  if (!target) return;
  pixie::http::Request request;
  request.method_text = method;
  request.fields.add("Host", target->query("host").value_or("localhost"));
  request.fields.add("Origin", target->query("origin").value_or("null"));
  const auto call = call_of(request, *target, true);
  if (!call) return;
  check(!check_access(*call, Access::write, nullptr, [](std::string_view) { return false; }) ||
        call->origin != "null");
  if (const auto route = find_route(*call); !route) check_problem(route.error());
  if (const auto filter = parse_filter(*target); !filter) check(!filter.error().text.empty());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.substr(0, text.find('\n'));
  const auto space = std::min(line.find(' '), line.size());
  check_target(std::string(line.substr(0, space)), line.substr(std::min(space + 1, line.size())));
  check_body(text.substr(std::min(line.size() + 1, text.size())));
  return 0;
}
