// What answers requests for things that are not in the tree: the API, the page, the metrics.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "net/channel.h"
#include "net/growing.h"
#include "net/intake.h"
#include "tree/body.h"
#include "wire/address.h"

namespace pixie::net {

class Backend {
 public:
  struct Call {
    const http::Request& request;
    const http::Target& target;
    wire::Endpoint peer;
    /// The address that the client reached.
    wire::IpAddress server;
  };
  struct Answer {
    http::Made made;
    /// The body, if it is one without an end: `made` says its status and type only.
    std::shared_ptr<Channel> stream = {};
    /// The body, if it lies in a file: `made` says its type and further fields; status and what of it is sent follow
    /// from the request.
    std::optional<tree::Body> file = {};
    /// How much of the file is there, if it is still being fetched.
    std::shared_ptr<Growing> growing = {};
    /// Takes the request's body and answers then; `made` says nothing.
    std::shared_ptr<Intake> intake = {};
  };

  virtual ~Backend() = default;
  /// Whether it answers this path, with any method. From any thread.
  virtual bool answers(std::string_view path) const = 0;
  /// Whether the body of such a request (method and target are known) is for an Intake: then it is answered, with one
  /// or with a refusal, before the body is read. From any thread.
  virtual bool takes_body(const http::Request& request) const = 0;
  /// Calls `done` once, at once or later, from any thread. The call is valid until `answer` returns.
  virtual void answer(const Call& call, std::function<void(Answer)> done) = 0;
};

}  // namespace pixie::net
