#include "mirror/verify.h"

#include <vector>

#include "mirror/digest.h"

namespace pixie::mirror {

Soundness verify(const Folder& folder, const Entry& entry) {
  const auto file = folder.open_data(entry, false);
  // Another version has taken its place, or it went for others.
  if (!file) return Soundness::gone;
  constexpr std::size_t buffer_bytes = 256 * 1024;
  std::vector<char> buffer(buffer_bytes);
  Sha256 hash;
  off_t at = 0;
  for (;;) {
    const auto count = pread(file->number(), buffer.data(), buffer.size(), at);
    // What can't be read is as bad as what is wrong.
    if (count <= 0) break;
    hash.add({buffer.data(), static_cast<std::size_t>(count)});
    at += count;
  }
  if (hash.hex() == entry.sha256) return Soundness::sound;
  folder.remove_description(entry);
  folder.remove_data(entry);
  return Soundness::damaged;
}

}  // namespace pixie::mirror
