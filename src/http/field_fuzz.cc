// The value of a header field as Content-Range and as a date.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/content_range.h"
#include "http/date.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixie::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto range = parse_content_range(text); range && range->part) {
    const auto& part = *range->part;
    check(part.length > 0 && part.offset < range->size && part.length <= range->size - part.offset);
  }
  constexpr std::time_t now = 1'800'000'000;
  if (const auto when = parse_date(text, now)) {
    std::string again;
    append_date(again, *when);
    check(again.size() == 29 && parse_date(again, now) == when);
  }
  return 0;
}
