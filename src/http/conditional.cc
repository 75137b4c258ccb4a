#include "http/conditional.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "http/date.h"

namespace pixie::http {
namespace {

enum class Comparison { strong, weak };

/// Whether a list of entity tags (section 8.8.3: `[ "W/" ] DQUOTE *etagc DQUOTE`, commas may be
/// within the quotes) holds `etag`. What follows a malformed member is not looked at.
bool lists_etag(std::string_view list, std::string_view etag, Comparison comparison) {
  if (list == "*") return true;
  while (true) {
    list.remove_prefix(std::min(list.find_first_not_of(", \t"), list.size()));
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    const auto close = list.find('"', 1);
    if (!list.starts_with('"') || close == std::string_view::npos) return false;
    const bool comparable = !weak || comparison == Comparison::weak;
    if (comparable && list.substr(0, close + 1) == etag) return true;
    list.remove_prefix(close + 1);
  }
}

std::optional<std::time_t> find_date(const Fields& fields, std::string_view name, std::time_t now) {
  const auto value = fields.find_single(name);
  return value ? parse_date(*value, now) : std::nullopt;
}

}  // namespace

Precondition check_preconditions(const Request& request, const Representation& representation,
                                 std::time_t now) {
  const Fields& fields = request.fields;
  const auto& modified = representation.modified;

  if (const auto tags = fields.list("If-Match")) {
    if (!lists_etag(*tags, representation.etag, Comparison::strong)) return Precondition::failed;
  } else if (const auto date = find_date(fields, "If-Unmodified-Since", now)) {
    if (modified && *modified > *date) return Precondition::failed;
  }

  if (const auto tags = fields.list("If-None-Match")) {
    if (lists_etag(*tags, representation.etag, Comparison::weak)) return Precondition::not_modified;
  } else if (const auto date = find_date(fields, "If-Modified-Since", now)) {
    if (modified && *modified <= *date) return Precondition::not_modified;
  }
  return Precondition::holds;
}

bool range_applies(const Request& request, const Representation& representation, std::time_t now) {
  const auto value = request.fields.find("If-Range");
  if (!value) return true;
  if (value->starts_with('"')) return *value == representation.etag;
  const auto date = find_date(request.fields, "If-Range", now);
  return date && date == representation.modified && *date < now;
}

}  // namespace pixie::http
