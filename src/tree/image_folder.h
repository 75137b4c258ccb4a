// The images folder as part of the tree: each file as it is on disk, and beside `debian-12.iso` a folder `debian-12`
// with what is in it, straight from the file by its extents.
#pragma once

#include <memory>
#include <string>

#include "images/image.h"
#include "tree/answer.h"
#include "tree/folder.h"

namespace pixie::tree {

/// Belongs to one loop.
class ImageFolder {
 public:
  /// The images of a folder, which has a name.
  explicit ImageFolder(std::shared_ptr<const images::Images> images)
      : folder_(images->folder), images_(std::move(images)) {}

  const std::string& path() const { return folder_.path(); }
  /// What is known of the same folder from now on.
  void set_images(std::shared_ptr<const images::Images> images) { images_ = std::move(images); }

  /// `relative` is the path below the images folder; `path` is the whole, for refusals. A file of an image is served
  /// only from the file that was indexed: once that is replaced, what was in it is refused until the new one is indexed.
  Answer resolve(const std::string& path, const std::string& relative);

 private:
  Answer content(const images::Images::Place& place, const std::string& path);
  Answer on_disk(const std::string& path, const std::string& relative);
  void add_contents(Listing& listing, const std::string& group) const;

  Folder folder_;
  std::shared_ptr<const images::Images> images_;
};

}  // namespace pixie::tree
