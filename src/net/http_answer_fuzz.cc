// Any bytes as another server's answer, in pieces of the first byte's size, to a GET or, if that is odd, a HEAD.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/http_answer_parser.h"

namespace {

constexpr std::size_t body_limit = 300;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixie::net;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t step = std::max<std::size_t>(data[0], 1);
  const bool bodyless = data[0] % 2 == 1;
  HttpAnswer answer;
  AnswerParser parser(answer, body_limit, bodyless);
  std::size_t consumed = 0;
  for (std::size_t filled = 0; filled < bytes.size() && !parser.is_done();) {
    filled = std::min(bytes.size(), filled + step);
    while (consumed < filled && !parser.is_done()) {
      const auto more = parser.feed(bytes.substr(consumed, filled - consumed));
      if (!more) {
        check(!more.error().text.empty());
        return 0;
      }
      consumed += *more;
      check(consumed <= filled);
      if (*more == 0) break;
    }
  }
  check(answer.body.size() <= body_limit);
  if (bodyless) check(answer.body.empty());
  if (!parser.is_done()) (void)parser.end();
  return 0;
}
