// The tree as HTTP shows it: from a request to the response and the body that its pieces refer to.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "net/backend.h"
#include "net/scripts.h"
#include "tree/tree.h"
#include "wire/address.h"

namespace pixie::net {

struct Reply {
  http::Response response = {};
  /// What the byte ranges among the response's pieces are of.
  std::optional<tree::Body> body = {};
  /// For the log: the path in the tree, and what was wrong, if anything was.
  std::string path = {};
  std::string fault = {};
  bool rom_missing = false;
  /// Who got a script, and why.
  std::optional<Given> given = {};
  /// The body, if it has no end: it is sent after the response's head.
  std::shared_ptr<Channel> stream = {};
  /// How much of the body is there, if it is a file that is still being fetched.
  std::shared_ptr<Growing> growing = {};
};

/// What is not in the tree: made for a machine, or answered by the backend.
struct Elsewhere {
  http::Target target;
  /// Nothing: the backend answers.
  std::optional<tree::Wanted> wanted;
};

/// Answers GET and HEAD for everything in the tree; folders as a page, or by their index.html. `backend` may be null.
std::variant<Reply, Elsewhere> answer(tree::Tree& tree, const Backend* backend,
                                      const http::Request& request, std::time_t now);

/// The reply with what the backend answered.
Reply reply_with(const http::Request& request, Backend::Answer answer, std::time_t now);

/// The reply with a body that was made or found for a machine.
Reply reply_with(const http::Request& request, Found found, std::time_t now);

}  // namespace pixie::net
