// What is made for each machine, as both protocols ask for it: its script, a template, the menu.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "desk/desk.h"
#include "machines/decide.h"
#include "net/loop.h"
#include "tree/tree.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::net {

/// Which script a machine got, and why.
struct Given {
  wire::Mac machine;
  machines::Because because = machines::Because::nothing;
  std::string profile;
  std::string rule;
  /// The profile of a one-shot, to be given back if it does not reach the machine.
  std::string claimed;
  bool to_disk = false;
};

struct Found {
  std::variant<tree::Body, tree::Refusal> body;
  std::optional<Given> given;
};

/// Who asks: its address, and how it reached this server; what it says of itself (a query's parameter by name).
struct Asker {
  wire::IpAddress peer;
  tree::Reached server;
  std::function<std::optional<std::string>(std::string_view name)> says;
  /// It wants to know only (HEAD): no one-shot is used up.
  bool looks_only = false;
};

/// Finds what is wanted. Calls `done` on the loop's thread, at once or later.
void find_wanted(Loop& loop, const tree::Wanted& wanted, const Asker& asker,
                 std::function<void(Found)> done);

/// Tells that a machine was given its script. `client` is its endpoint, for people.
void report_script(Loop& loop, const Given& given, std::string_view client);
/// It did not get all of it.
void take_back(Loop& loop, const Given& given);

}  // namespace pixie::net
