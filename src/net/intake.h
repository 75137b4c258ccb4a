// Takes the body of a request as it comes from the connection, however large it is.
#pragma once

#include <functional>
#include <string_view>

#include "http/response.h"

namespace pixie::net {

/// One call at a time: the next one comes after the one before has called `done`, which it does once, at once or later,
/// from any thread.
class Intake {
 public:
  virtual ~Intake() = default;
  /// The next bytes, which live until `done` is called. False: no more is wanted.
  virtual void take(std::string_view bytes, std::function<void(bool)> done) = 0;
  /// Nothing more comes; `whole`: it was all. The answer to the request.
  virtual void end(bool whole, std::function<void(http::Made)> done) = 0;
};

}  // namespace pixie::net
