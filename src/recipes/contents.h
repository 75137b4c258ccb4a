// What recipes may ask of an image.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/image.h"
#include "images/index.h"
#include "images/source.h"

namespace pixie::recipes {

/// Paths have no slash at either end; empty: the root. May block: it reads from the disk.
class Contents {
 public:
  enum class Kind : std::uint8_t { nothing, file, folder };

  virtual ~Contents() = default;
  virtual images::ImageKind image_kind() const = 0;
  virtual std::string volume_id() const { return {}; }
  /// Whether it has an El Torito boot image for `bios` or `uefi`.
  virtual bool boots(std::string_view /*firmware*/) const { return false; }
  virtual Kind kind(const std::string& path) const = 0;
  /// Of what is in a folder, sorted.
  virtual std::vector<std::string> names(const std::string& folder) const = 0;
  /// A file's text; nothing if there is none, it can't be read, or is larger than text_limit_bytes.
  virtual std::optional<std::string> text(const std::string& path) const = 0;

  static constexpr std::size_t text_limit_bytes = 256 << 10;
};

/// Of an image that is one file without files in it.
class NoContents final : public Contents {
 public:
  explicit NoContents(images::ImageKind kind) : kind_(kind) {}
  images::ImageKind image_kind() const override { return kind_; }
  Kind kind(const std::string& /*path*/) const override { return Kind::nothing; }
  std::vector<std::string> names(const std::string& /*folder*/) const override { return {}; }
  std::optional<std::string> text(const std::string& /*path*/) const override {
    return std::nullopt;
  }

 private:
  images::ImageKind kind_;
};

/// Of an ISO. Both must outlive it.
class IsoContents final : public Contents {
 public:
  IsoContents(const images::Index& index, const images::Source& source)
      : index_(index), source_(source) {}

  images::ImageKind image_kind() const override { return images::ImageKind::iso; }
  std::string volume_id() const override { return std::string(index_.volume_id()); }
  bool boots(std::string_view firmware) const override;
  Kind kind(const std::string& path) const override;
  std::vector<std::string> names(const std::string& folder) const override;
  std::optional<std::string> text(const std::string& path) const override;

 private:
  const images::Index& index_;
  const images::Source& source_;
};

/// Of what somebody unpacked. Links that lead out of the folder are not followed.
class FolderContents final : public Contents {
 public:
  explicit FolderContents(const std::string& folder);

  images::ImageKind image_kind() const override { return images::ImageKind::folder; }
  Kind kind(const std::string& path) const override;
  std::vector<std::string> names(const std::string& folder) const override;
  std::optional<std::string> text(const std::string& path) const override;

 private:
  /// Empty: there is no such thing in the folder.
  std::filesystem::path find(const std::string& path) const;

  std::filesystem::path root_;
};

}  // namespace pixie::recipes
