// The API: one call in, one answer out.
#pragma once

#include "api/call.h"
#include "api/office.h"
#include "registry/registry.h"

namespace pixie::api {

class Api {
 public:
  /// Both outlive it.
  Api(registry::Registry& registry, const Office& office) : registry_(registry), office_(office) {}

  /// On the registry's thread: within Registry::ask().
  Answer answer(const Call& call) const;

 private:
  registry::Registry& registry_;
  const Office& office_;
};

}  // namespace pixie::api
