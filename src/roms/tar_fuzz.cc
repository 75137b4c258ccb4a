// Any bytes as an archive: no member may be named outside of the archive's own tree, nor be longer
// than the archive.
#include <cstddef>
#include <cstdint>
#include <string>

#include "roms/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto archive = std::as_bytes(std::span(data, size));
  const auto members = pixie::roms::read_tar(archive);
  if (members) {
    for (const auto& member : *members) {
      if (member.path.starts_with('/') ||
          ("/" + member.path + "/").find("/../") != std::string::npos)
        __builtin_trap();
      if (member.bytes.size() > size) __builtin_trap();
    }
  }
  if (pixie::roms::is_gzip(archive)) (void)pixie::roms::gunzip(archive, 1 << 20);
  return 0;
}
