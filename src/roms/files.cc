#include "roms/files.h"

#include <unistd.h>

#include <fstream>
#include <system_error>

#include <fmt/format.h>

namespace pixie::roms {

namespace fs = std::filesystem;

Expected<std::vector<std::byte>> read_file(const fs::path& path, std::size_t limit) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return fail(fmt::format("{} is no file that can be read.", path.string()));
  }
  const auto size = fs::file_size(path, error);
  if (error) return fail(fmt::format("{} can't be read: {}.", path.string(), error.message()));
  if (size > limit) {
    return fail(fmt::format("{} has {} bytes, more than the {} that a file of its kind may have.",
                            path.string(), size, limit));
  }
  std::vector<std::byte> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file)
    return fail(fmt::format("{} can't be read (is it readable for this user?).", path.string()));
  return bytes;
}

Expected<void> write_file(const fs::path& path, wire::Bytes bytes) {
  const auto temporary =
      path.parent_path() / fmt::format(".{}.{}.new", path.filename().string(), ::getpid());
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code error;
  if (file) fs::rename(temporary, path, error);
  if (file && !error) return {};

  std::error_code ignored;
  fs::remove(temporary, ignored);
  return fail(fmt::format("{} can't be written: {}.", path.string(),
                          error ? error.message() : "no permission, or no space left"));
}

}  // namespace pixie::roms
