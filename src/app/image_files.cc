#include "app/image_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "images/file_source.h"
#include "images/read_index.h"
#include "roms/sha256.h"
#include "tree/descriptor.h"

namespace pixie::app {
namespace {

using images::Index;

struct OpenImage {
  tree::Descriptor file;
  images::FileSource source;
  std::shared_ptr<const Index> index;
};

Expected<OpenImage> open_image(const std::string& path) {
  tree::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(fmt::format("{}: {}", path, strerror(errno)));
  const auto source = images::FileSource::open(file.number());
  if (!source) return fail(fmt::format("{}: {}", path, source.error().text));
  auto index = images::read_index(*source);
  if (!index) return fail(fmt::format("{}: {}", path, index.error().text));
  return OpenImage{std::move(file), *source, std::move(*index)};
}

/// Hands the file's bytes to `take`, piece by piece.
Expected<void> read_file(const images::Source& image, const Index::Node& file,
                         const std::function<void(wire::Bytes)>& take) {
  std::vector<std::byte> buffer(1 << 20);
  for (const auto& extent : file.extents) {
    for (std::uint64_t done = 0; done < extent.length;) {
      const auto part =
          std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), extent.length - done));
      if (extent.offset == images::Extent::zeros) {
        std::ranges::fill(part, std::byte{0});
      } else if (!image.read(extent.offset + done, part)) {
        return fail(fmt::format("{}: can't be read at byte {} of the image", file.name,
                                extent.offset + done));
      }
      take(part);
      done += part.size();
    }
  }
  return {};
}

Expected<void> finish_output(std::ostream& out) {
  if (!out.flush()) return fail("the output can't be written");
  return {};
}

class Lister {
 public:
  Lister(const OpenImage& image, bool hashes, std::ostream& out)
      : image_(image), hashes_(hashes), out_(out) {}

  Expected<void> list() {
    std::vector<std::string> folders{""};
    while (!folders.empty()) {
      const auto folder = std::move(folders.back());
      folders.pop_back();
      const auto prefix = folder.empty() ? folder : folder + "/";
      std::vector<std::string> inside;
      for (const auto& node : image_.index->entries(folder)) {
        if (node.kind == Index::Kind::folder) {
          if (!node.link) inside.push_back(fmt::format("{}{}", prefix, node.name));
        } else if (auto listed = list_file(prefix, node); !listed) {
          return listed;
        }
      }
      folders.insert(folders.end(), inside.rbegin(), inside.rend());
    }
    return {};
  }

 private:
  Expected<void> list_file(const std::string& prefix, const Index::Node& file) {
    std::string hash;
    if (hashes_) {
      roms::Sha256 sum;
      const auto add = [&](wire::Bytes bytes) { sum.add(bytes); };
      if (auto read = read_file(image_.source, file, add); !read) return read;
      hash = sum.finish() + " ";
    }
    out_ << fmt::format("{:>12} {}{}{}\n", file.size, hash, prefix, file.name);
    return {};
  }

  const OpenImage& image_;
  bool hashes_;
  std::ostream& out_;
};

}  // namespace

Expected<void> list_image_files(const ImageFileArguments& arguments, std::ostream& out,
                                std::ostream& notes) {
  const auto image = open_image(arguments.file);
  if (!image) return std::unexpected(image.error());
  const auto& index = *image->index;
  notes << fmt::format("{}: {}, {} files, volume '{}'\n", arguments.file, index.format(),
                       index.files(), index.volume_id());
  for (const auto& boot : index.boot_images()) {
    notes << fmt::format("boot image for platform {:#04x}: {} bytes at {}\n", boot.platform,
                         boot.extent.length, boot.extent.offset);
  }
  if (auto listed = Lister(*image, arguments.hashes, out).list(); !listed) return listed;
  return finish_output(out);
}

Expected<void> print_image_file(const ImageFileArguments& arguments, std::ostream& out) {
  const auto image = open_image(arguments.file);
  if (!image) return std::unexpected(image.error());
  std::string_view path = arguments.path;
  while (path.starts_with('/')) path.remove_prefix(1);
  const auto found = image->index->find(path);
  if (!found) return fail(fmt::format("{}: there is no /{} in it", arguments.file, path));
  if (found->kind == Index::Kind::folder) {
    return fail(fmt::format("{}: /{} is a folder", arguments.file, path));
  }
  const auto write = [&](wire::Bytes bytes) { out << wire::as_text(bytes); };
  if (auto read = read_file(image->source, *found, write); !read) return read;
  return finish_output(out);
}

}  // namespace pixie::app
