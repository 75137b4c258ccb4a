// The first line as a name or pattern, the rest as a file of sums and as apt's configuration in both formats.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sources/apt.h"
#include "sources/source.h"
#include "sources/sums.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\n'), size);
  const auto name = input.substr(0, end);
  const auto text = input.substr(std::min(end + 1, size));
  const auto sum = sources::sum_of(text, name);
  if (sum && *sum) {
    check((*sum)->size() == 64);
    check((*sum)->find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  check(text.contains(sources::name_like(text, name)));
  for (const bool deb822 : {false, true}) {
    const auto mirror = sources::apt_mirror(text, deb822, {"bookworm", std::string(name)});
    check(mirror.empty() || (mirror.starts_with("http") && mirror.ends_with('/')));
  }
  (void)sources::parse_sources(text);
  return 0;
}
