// The description of a mirrored file: never crashes, and what it takes it writes as it was.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mirror/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto entry = pixie::mirror::parse_entry(text);
  if (entry && pixie::mirror::text_of(*entry) != text) std::abort();
  return 0;
}
