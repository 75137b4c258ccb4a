// Any text as a URL, and as a reference: what was taken is written and read back the same, and holds nothing that could
// end a request line.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "http/url.h"

namespace {

using pixie::http::Url;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_url(const Url& url) {
  const auto text = url.text();
  const auto again = Url::parse(text);
  check(again && *again == url);
  check(std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; }));
  check(url.target.starts_with('/') && url.port != 0 && !url.host.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = Url::parse(text)) check_url(*url);
  const Url base{.secure = true, .host = "a", .port = 81, .target = "/b/c/d?q"};
  // A target may stand at the limit of length, where the text with its host is beyond it.
  if (const auto url = base.resolve(text); url && size < 2048) check_url(*url);
  return 0;
}
