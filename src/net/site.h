// The tree as HTTP shows it: from a request to the response and the body that its pieces refer to.
#pragma once

#include <ctime>
#include <optional>
#include <string>

#include "http/request.h"
#include "http/response.h"
#include "tree/tree.h"
#include "wire/address.h"

namespace pixie::net {

struct Reply {
  http::Response response;
  /// What the byte ranges among the response's pieces are of.
  std::optional<tree::Body> body;
  /// For the log: the path in the tree, and what was wrong, if anything was.
  std::string path;
  std::string fault;
  bool rom_missing = false;
};

/// Answers GET and HEAD for everything in the tree; folders as a page, or by their index.html. `server` is the
/// local address that the client reached.
Reply answer(tree::Tree& tree, const http::Request& request, const wire::IpAddress& server,
             std::time_t now);

}  // namespace pixie::net
