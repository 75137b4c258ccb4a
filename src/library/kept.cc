#include "library/kept.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "images/index_file.h"
#include "tree/descriptor.h"
#include "wire/cursor.h"

namespace pixie::library {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view version = "pixie 1";
constexpr std::string_view unfinished = ".new";
/// Of what is kept of one image.
constexpr std::uint64_t largest_bytes = std::uint64_t{1} << 30;

/// FNV-1a: tells names apart, nothing more; what is kept names its image itself.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

std::vector<std::byte> head_of(const images::Image& image) {
  std::vector<std::byte> head(version.size() + 1 + 3 * 8 + image.file.size() + 1);
  wire::Writer writer(head);
  writer.zero_terminated(version);
  writer.u64(image.stamp.inode);
  writer.u64(image.stamp.size);
  writer.u64(static_cast<std::uint64_t>(image.stamp.modified_ns));
  writer.zero_terminated(image.file);
  return head;
}

/// The whole file; nothing if it can't be read.
std::vector<std::byte> bytes_of(const std::string& path) {
  const tree::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (!file || fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > largest_bytes) return {};
  std::vector<std::byte> bytes(size);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = read(file.number(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

/// The errno, or 0.
int write_all(int file, wire::Bytes bytes) {
  while (!bytes.empty()) {
    const auto count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

Kept::Kept(std::string folder, const std::string& images_folder)
    : folder_(std::move(folder)), prefix_(fmt::format("{:016x}-", hash_of(images_folder))) {}

std::string Kept::name_of(const images::Image& image) const {
  return fmt::format("{}{:016x}", prefix_, hash_of(image.file));
}

std::shared_ptr<const images::Index> Kept::find(const images::Image& image) const {
  const auto bytes = bytes_of(path_of(image));
  const auto head = head_of(image);
  wire::Reader reader(bytes);
  const auto found = reader.bytes(head.size());
  if (!reader.ok() || std::memcmp(found.data(), head.data(), head.size()) != 0) return nullptr;
  auto index = images::parse_index(reader.rest());
  return index ? std::move(*index) : nullptr;
}

Expected<void> Kept::keep(const images::Image& image) const {
  const auto path = path_of(image);
  const auto new_path = path + std::string(unfinished);
  const auto failure = [&](int error) {
    unlink(new_path.c_str());
    return fail(fmt::format("{} can't be written: {}", path, std::strerror(error)));
  };
  const tree::Descriptor file(
      open(new_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failure(errno);
  const auto head = head_of(image);
  const auto index = images::write_index(*image.index);
  for (const auto bytes : {wire::Bytes(head), wire::as_bytes(index)}) {
    if (const int error = write_all(file.number(), bytes)) return failure(error);
  }
  if (rename(new_path.c_str(), path.c_str()) != 0) return failure(errno);
  return {};
}

void Kept::clean(const images::Images& images) const {
  std::set<std::string> wanted;
  for (const auto& [name, image] : images.all) {
    if (image.kind == images::ImageKind::iso) wanted.insert(name_of(image));
  }
  std::error_code error;
  for (fs::directory_iterator file(folder_, error); file != fs::directory_iterator();
       file.increment(error)) {
    const auto name = file->path().filename().string();
    if (name.starts_with(prefix_) && !wanted.contains(name)) unlink(file->path().c_str());
  }
}

}  // namespace pixie::library
