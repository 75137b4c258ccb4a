#include "images/file_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace pixie::images {

Expected<FileSource> FileSource::open(int file) {
  struct stat status{};
  if (fstat(file, &status) != 0) return fail(fmt::format("can't be read: {}", strerror(errno)));
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) return fail("is not a file");
  const auto size = S_ISREG(status.st_mode) ? status.st_size : lseek(file, 0, SEEK_END);
  if (size < 0) return fail(fmt::format("can't be read: {}", strerror(errno)));
  return FileSource(file, static_cast<std::uint64_t>(size));
}

bool FileSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const auto count = pread(file_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool MemorySource::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset) return false;
  std::ranges::copy(bytes_.subspan(offset, out.size()), out.begin());
  return true;
}

}  // namespace pixie::images
