// Images for tests, in memory: written down as a text (testdata/*.image), of which tests/lab/mini_image.py makes real ones.
//
//   image  = *( "#" remark / key " " value / file )
//   key    = "file" / "volume" / "el-torito" / "requires"
//   file   = "== " path [ " [" "kernel" / "initrd" / "microcode" "]" ] LF *line ; up to the next "== "
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/contents.h"

namespace pixie::recipes::testing {

class MemoryImage final : public Contents {
 public:
  explicit MemoryImage(std::string_view text) {
    std::string path;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      take(path, text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  const std::string& file() const { return file_; }
  /// What a script of the image must have: what the system's documentation demands.
  const std::vector<std::string>& required() const { return required_; }

  images::ImageKind image_kind() const override {
    if (file_.ends_with(".iso")) return images::ImageKind::iso;
    if (file_.ends_with(".efi")) return images::ImageKind::efi;
    if (file_.ends_with(".wim")) return images::ImageKind::wim;
    return file_.ends_with(".img") ? images::ImageKind::disk : images::ImageKind::folder;
  }
  std::string volume_id() const override { return volume_; }
  bool boots(std::string_view firmware) const override { return el_torito_.contains(firmware); }
  Kind kind(const std::string& path) const override {
    if (files_.contains(path)) return Kind::file;
    const auto after = files_.lower_bound(path + '/');
    const bool folder = after != files_.end() && after->first.starts_with(path + '/');
    return folder ? Kind::folder : Kind::nothing;
  }
  std::vector<std::string> names(const std::string& folder) const override {
    const auto prefix = folder.empty() ? "" : folder + '/';
    std::vector<std::string> names;
    for (const auto& [path, text] : files_) {
      if (!path.starts_with(prefix)) continue;
      auto name = path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size());
      if (names.empty() || names.back() != name) names.push_back(std::move(name));
    }
    return names;
  }
  std::optional<std::string> text(const std::string& path) const override {
    const auto found = files_.find(path);
    return found == files_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void take(std::string& path, std::string_view line) {
    if (line.starts_with("== ")) {
      path = line.substr(3, line.find(" [") - 3);
      files_[path];
    } else if (!path.empty()) {
      files_[path].append(line).append("\n");
    } else if (!line.empty() && !line.starts_with('#')) {
      const auto blank = line.find(' ');
      const std::string value(line.substr(blank + 1));
      const auto key = line.substr(0, blank);
      if (key == "file") file_ = value;
      if (key == "volume") volume_ = value;
      if (key == "el-torito") el_torito_ = value;
      if (key == "requires") required_.push_back(value);
    }
  }

  std::string file_;
  std::string volume_;
  std::string el_torito_;
  std::vector<std::string> required_;
  std::map<std::string, std::string> files_;
};

}  // namespace pixie::recipes::testing
