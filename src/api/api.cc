#include "api/api.h"

#include "api/access.h"
#include "api/routes.h"

namespace pixie::api {
namespace {

Answer answer_to(registry::Registry& registry, const Office& office, const Call& call) {
  const auto found = find_route(call);
  if (!found) return found.error();
  const auto tokens = office.tokens();
  const auto access =
      check_access(call, found->route.access, tokens.get(),
                   [&office](std::string_view host) { return office.is_own_name(host); });
  if (!access) return access.error();
  return found->route.handle(
      {registry, office, call, found->mac.value_or(wire::Mac{}), found->file});
}

}  // namespace

Answer Api::answer(const Call& call) const {
  auto answer = answer_to(registry_, office_, call);
  add_common_fields(answer);
  return answer;
}

}  // namespace pixie::api
