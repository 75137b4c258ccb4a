// Any bytes as a ROM: neither the PE reader nor the version search may read out of bounds.
#include <cstddef>
#include <cstdint>

#include "roms/pe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto image = pixie::roms::identify(bytes); image && image->version.size() > 128)
    __builtin_trap();
  return 0;
}
