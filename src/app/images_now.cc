#include "app/images_now.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "images/file_source.h"
#include "images/read_index.h"
#include "library/scan.h"
#include "machines/read_fleet.h"
#include "tree/answer.h"
#include "tree/folder.h"

namespace pixie::app {
namespace {

namespace fs = std::filesystem;

void read_image(tree::Folder& folder, images::Image& image) {
  image.pending = false;
  if (image.kind != images::ImageKind::iso) return;
  const auto opened = folder.open(image.file);
  if (!opened) {
    image.fault = tree::refusal(opened.error(), image.file).text;
    return;
  }
  const auto source = images::FileSource::open(opened->file.number());
  auto index = source ? images::read_index(*source) : std::unexpected(source.error());
  if (index) {
    image.index = std::move(*index);
  } else {
    image.fault = index.error().text;
  }
}

}  // namespace

Expected<images::Images> images_now(const std::string& folder) {
  if (folder.empty()) return images::Images();
  tree::Folder opened(folder);
  auto images = library::scan(opened);
  if (!images) return images;
  for (auto& [name, image] : images->all) read_image(opened, image);
  return images;
}

Expected<images::Images> image_now(const std::string& path) {
  std::error_code error;
  const auto file = fs::canonical(path, error);
  if (error) return fail(fmt::format("{} can't be read: {}", path, error.message()));
  const auto kind = fs::is_directory(file, error) ? std::optional(images::ImageKind::folder)
                                                  : images::kind_of_file(file.filename().string());
  if (!kind)
    return fail(
        fmt::format("{} is no image: its name ends in none of .iso, .img, .efi, .wim", path));
  images::Images images;
  images.folder = file.parent_path().string();
  images::Image image;
  image.file = file.filename().string();
  image.name = *kind == images::ImageKind::folder ? image.file : file.stem().string();
  image.kind = *kind;
  tree::Folder folder(images.folder);
  read_image(folder, image);
  images.all.emplace(image.name, std::move(image));
  return images;
}

FleetNow fleet_now(const std::string& scripts, const images::Images& images,
                   const roms::Catalogue& catalogue) {
  FleetNow now;
  if (!scripts.empty()) now.sources = machines::read_sources(scripts);
  recipes::Recogniser recogniser;
  const auto files = catalogue.overlay_files();
  recogniser.use(now.sources.recipes, {files.begin(), files.end()});
  recogniser.look_at(images);
  now.sources.generated = recogniser.generated();
  now.mistakes = recogniser.mistakes();
  return now;
}

}  // namespace pixie::app
