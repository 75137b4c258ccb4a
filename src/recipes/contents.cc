#include "recipes/contents.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>

namespace pixie::recipes {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_limit = 10'000;

}  // namespace

bool IsoContents::boots(std::string_view firmware) const {
  const int platform = firmware == "uefi" ? 0xef : 0x00;  // El Torito, UEFI 13.3.2.1
  return std::ranges::any_of(index_.boot_images(),
                             [&](const auto& image) { return image.platform == platform; });
}

Contents::Kind IsoContents::kind(const std::string& path) const {
  const auto node = index_.find(path);
  if (!node) return Kind::nothing;
  return node->kind == images::Index::Kind::folder ? Kind::folder : Kind::file;
}

std::vector<std::string> IsoContents::names(const std::string& folder) const {
  std::vector<std::string> names;
  for (const auto& node : index_.entries(folder)) {
    if (names.size() == name_limit) break;
    names.emplace_back(node.name);
  }
  return names;
}

std::optional<std::string> IsoContents::text(const std::string& path) const {
  const auto node = index_.find(path);
  if (!node || node->kind != images::Index::Kind::file || node->size > text_limit_bytes)
    return std::nullopt;
  std::string text(node->size, '\0');
  std::span<std::byte> rest = std::as_writable_bytes(std::span(text));
  for (const auto& extent : node->extents) {
    const auto part = rest.first(std::min<std::size_t>(rest.size(), extent.length));
    if (extent.offset != images::Extent::zeros && !source_.read(extent.offset, part))
      return std::nullopt;
    rest = rest.subspan(part.size());
  }
  return text;
}

FolderContents::FolderContents(const std::string& folder) {
  std::error_code error;
  root_ = fs::canonical(folder, error);
}

fs::path FolderContents::find(const std::string& path) const {
  std::error_code error;
  auto found = fs::canonical(root_ / path, error);
  if (root_.empty() || error) return {};
  return std::ranges::mismatch(root_, found).in1 == root_.end() ? found : fs::path();
}

Contents::Kind FolderContents::kind(const std::string& path) const {
  std::error_code error;
  const auto found = find(path);
  if (found.empty()) return Kind::nothing;
  if (fs::is_directory(found, error)) return Kind::folder;
  return fs::is_regular_file(found, error) ? Kind::file : Kind::nothing;
}

std::vector<std::string> FolderContents::names(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  const auto found = find(folder);
  if (found.empty()) return names;
  for (fs::directory_iterator at(found, error), end; !error && at != end; at.increment(error)) {
    if (names.size() == name_limit) break;
    names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::string> FolderContents::text(const std::string& path) const {
  std::error_code error;
  const auto found = find(path);
  if (found.empty() || !fs::is_regular_file(found, error)) return std::nullopt;
  if (fs::file_size(found, error) > text_limit_bytes || error) return std::nullopt;
  std::ifstream in(found, std::ios::binary);
  std::string text(text_limit_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || text.size() == static_cast<std::size_t>(in.gcount())) return std::nullopt;
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace pixie::recipes
