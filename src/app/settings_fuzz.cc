// The configuration file.
#include <cstdint>
#include <string_view>

#include "app/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto values = pixie::app::values_from_toml(text, "fuzz")) {
    if (auto merged = pixie::app::merge(*values, {}, {})) pixie::app::to_toml(*merged);
  }
  return 0;
}
