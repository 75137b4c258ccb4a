// Any bytes as what a client sends over HTTP, whole and in pieces of the first byte's size: both must be understood the
// same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/http_parser.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  http::Request request;
  bool done = false;
  bool refused = false;
};

Outcome parse(std::string_view bytes, std::size_t step) {
  Outcome outcome;
  net::RequestParser parser(outcome.request);
  std::size_t consumed = 0;
  std::size_t filled = 0;
  while (!parser.is_done() && filled < bytes.size()) {
    filled = std::min(bytes.size(), filled + step);
    for (std::size_t once = 1; once > 0 && !parser.is_done();) {
      const auto progress = parser.feed(bytes.substr(consumed, filled - consumed));
      once = progress.consumed;
      consumed += once;
      check(consumed <= filled);
      if (progress.fault) {
        check(progress.fault->status >= 400 && !progress.fault->sentence.empty());
        outcome.refused = true;
        return outcome;
      }
      if (consumed == filled) break;
    }
  }
  outcome.done = parser.is_done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto whole = parse(bytes, std::max<std::size_t>(bytes.size(), 1));
  const auto pieces = parse(bytes, std::max<std::size_t>(data[0], 1));
  check(whole.request.body.size() <= net::RequestParser::body_limit_bytes);
  if (!whole.done) return 0;
  check(pieces.done && pieces.request.target == whole.request.target);
  check(pieces.request.method_text == whole.request.method_text);
  check(pieces.request.body == whole.request.body);
  check(pieces.request.fields.size() == whole.request.fields.size());
  (void)http::keep_alive(whole.request);
  (void)http::check_host(whole.request);
  return 0;
}
