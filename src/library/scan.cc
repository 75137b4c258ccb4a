#include "library/scan.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "library/partial.h"

namespace pixie::library {
namespace {

using images::Image;
using images::ImageKind;
using images::Images;

/// What the installation media of Linux distributions, Windows, ESXi and the BSDs have in their top folder, and what
/// lies in folders for network booting.
constexpr std::array marks{
    ".disk/info", ".treeinfo",     ".discinfo",         "media.1", "EFI/BOOT",
    "EFI/boot",   "efi/boot",      "isolinux",          "casper",  "sources/boot.wim",
    "boot.cfg",   "bootmgr",       "wimboot",           "vmlinuz", "linux",
    "bzImage",    "memtest64.bin", "memtest86+x64.bin",
};

struct Item {
  std::string name;
  struct stat status;
};

/// What is in an opened folder, links followed unless `flags` (of fstatat(2)) say no; without `.` and `..`.
std::vector<Item> items_of(const tree::Opened& folder, int flags = 0) {
  const std::unique_ptr<DIR, decltype([](DIR* stream) { closedir(stream); })> stream(
      fdopendir(openat(folder.file.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  std::vector<Item> items;
  if (!stream) return items;
  while (const dirent* each = readdir(stream.get())) {
    Item item{.name = each->d_name, .status = {}};
    if (item.name == "." || item.name == "..") continue;
    if (fstatat(folder.file.number(), item.name.c_str(), &item.status, flags) == 0)
      items.push_back(std::move(item));
  }
  return items;
}

bool is_file(const Item& item) { return S_ISREG(item.status.st_mode); }
bool is_image_file(const Item& item) {
  return is_file(item) && !item.name.starts_with('.') && images::kind_of_file(item.name);
}

/// What macOS and Windows leave everywhere makes no image.
bool is_litter(const Item& item) {
  return item.name == ".DS_Store" || item.name == "Thumbs.db" || item.name == "desktop.ini" ||
         parse_partial(item.name);
}

bool is_unpacked_image(const tree::Opened& folder, const std::vector<Item>& items) {
  const auto is_there = [&](const char* mark) {
    return faccessat(folder.file.number(), mark, F_OK, 0) == 0;
  };
  if (std::ranges::any_of(marks, is_there)) return true;
  const auto is_other_file = [](const Item& item) { return is_file(item) && !is_litter(item); };
  return std::ranges::any_of(items, is_other_file) && std::ranges::none_of(items, is_image_file);
}

Image image_of(std::string file, ImageKind kind, const struct stat& status) {
  const auto stamp = images::Stamp::of(status);
  return {.name = {},
          .file = std::move(file),
          .kind = kind,
          .stamp = stamp,
          .size = stamp.size,
          .modified = status.st_mtim.tv_sec,
          .index = {},
          .fault = {},
          .pending = kind == ImageKind::iso};
}

/// Walks through the groups.
class Scan {
 public:
  explicit Scan(tree::Folder& folder) : folder_(folder) {}

  void walk(const std::vector<Item>& items, const std::string& path, int depth) {
    for (const auto& item : items) {
      const auto file = path.empty() ? item.name : fmt::format("{}/{}", path, item.name);
      if (const auto partial = parse_partial(item.name)) add_upload(path, *partial, item.status);
      if (item.name.starts_with('.') || found_.size() >= most_images) continue;
      taken_.insert(file);
      if (S_ISDIR(item.status.st_mode)) walk_into(file, depth);
      if (is_image_file(item))
        found_.push_back(image_of(file, *images::kind_of_file(item.name), item.status));
    }
  }

  Images result() && {
    Images images{.folder = folder_.path(), .all = {}, .uploads = std::move(uploads_)};
    const auto by_precedence = [](const Image& image) {
      return std::tuple(image.kind != ImageKind::folder, image.kind, std::string_view(image.file));
    };
    std::ranges::sort(found_, {}, by_precedence);
    for (auto& image : found_) {
      image.name = name_for(images, image);
      auto name = image.name;
      images.all.emplace(std::move(name), std::move(image));
    }
    return images;
  }

 private:
  void walk_into(const std::string& path, int depth) {
    const auto opened = folder_.open(path);
    if (!opened || !opened->is_folder()) return;
    const auto items = items_of(*opened);
    if (is_unpacked_image(*opened, items)) {
      found_.push_back(image_of(path, ImageKind::folder, status_of_image(path, opened->status)));
      return;
    }
    if (depth < deepest_group) walk(items, path, depth + 1);
  }

  /// The folder's own status, but with the time of the last change in it.
  struct stat status_of_image(const std::string& path, struct stat status) {
    const auto time = [](const struct stat& each) {
      return std::pair(each.st_mtim.tv_sec, each.st_mtim.tv_nsec);
    };
    std::vector<std::pair<std::string, int>> folders{{path, 0}};
    for (std::size_t i = 0; i < folders.size(); ++i) {
      const auto [folder, depth] = folders[i];
      const auto opened = folder_.open(folder);
      if (!opened || !opened->is_folder()) continue;
      if (time(opened->status) > time(status)) status.st_mtim = opened->status.st_mtim;
      if (depth == deepest_image_folder) continue;
      for (const auto& item : items_of(*opened, AT_SYMLINK_NOFOLLOW)) {
        if (S_ISDIR(item.status.st_mode) && folders.size() < most_image_folders)
          folders.emplace_back(fmt::format("{}/{}", folder, item.name), depth + 1);
      }
    }
    return status;
  }

  void add_upload(const std::string& path, const Partial& partial, const struct stat& status) {
    uploads_.push_back({.file = path.empty() ? std::string(partial.name)
                                             : fmt::format("{}/{}", path, partial.name),
                        .received = static_cast<std::uint64_t>(status.st_size),
                        .size = partial.size,
                        .modified = status.st_mtim.tv_sec});
  }

  std::string name_for(const Images& images, const Image& image) const {
    if (image.kind == ImageKind::folder) return image.file;
    auto name = image.file.substr(0, image.file.rfind('.'));
    return images.all.contains(name) || taken_.contains(name) ? image.file : name;
  }

  tree::Folder& folder_;
  std::vector<Image> found_;
  /// The paths that stand for something on disk already.
  std::set<std::string, std::less<>> taken_;
  std::vector<images::PartialUpload> uploads_;
};

}  // namespace

Expected<Images> scan(tree::Folder& folder) {
  const auto opened = folder.open("");
  if (!opened) {
    return fail(fmt::format("The images folder {} can't be read: {}.", folder.path(),
                            std::strerror(opened.error())));
  }
  Scan scan(folder);
  scan.walk(items_of(*opened), "", 0);
  return std::move(scan).result();
}

}  // namespace pixie::library
