#include "net/body_events.h"

namespace pixie::net {

std::string_view what_of(const tree::Body& body) {
  using Kind = tree::Body::Kind;
  switch (body.kind) {
    case Kind::rom:
      return "rom";
    case Kind::chain:
      return "chain";
    case Kind::script:
    case Kind::no_script:
      return "script";
    case Kind::text:
      return "file";
    case Kind::file:
      return body.machine ? "script" : "file";
  }
  return "file";
}

}  // namespace pixie::net
