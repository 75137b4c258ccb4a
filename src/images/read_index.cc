#include "images/read_index.h"

#include "images/builder.h"
#include "images/el_torito.h"
#include "images/iso9660.h"
#include "images/iso_volume.h"
#include "images/metadata.h"

namespace pixie::images {
namespace {

/// Returns how the file system is called.
Expected<std::string> read_files(Metadata& image, const DiscVolumes& volumes, Builder& builder) {
  if (!volumes.primary) return fail("there is no ISO 9660 file system in it");
  const auto extensions = find_extensions(image, *volumes.primary);
  if (!extensions) return std::unexpected(extensions.error());
  const bool joliet = !extensions->rock_ridge && volumes.joliet;
  const auto read =
      joliet ? read_iso9660(image, *volumes.joliet, {.joliet = true, .rock_ridge = {}}, builder)
             : read_iso9660(image, *volumes.primary, *extensions, builder);
  if (!read) return std::unexpected(read.error());
  return joliet ? "ISO 9660, Joliet" : extensions->rock_ridge ? "ISO 9660, Rock Ridge" : "ISO 9660";
}

}  // namespace

Expected<std::shared_ptr<const Index>> read_index(const Source& source) {
  Metadata image(source);
  const auto volumes = read_volumes(image);
  if (!volumes) return std::unexpected(volumes.error());
  Builder builder(image.size());
  auto format = read_files(image, *volumes, builder);
  if (!format) return std::unexpected(format.error());
  auto storage = builder.finish();
  if (!storage) return std::unexpected(storage.error());
  storage->volume_id = volumes->primary->volume_id;
  storage->format = std::move(*format);
  if (volumes->boot_catalogue) {
    auto boot = read_boot_images(image, *volumes->boot_catalogue, *storage);
    if (!boot) return std::unexpected(boot.error());
    storage->boot_images = std::move(*boot);
  }
  return std::make_shared<const Index>(std::move(*storage));
}

}  // namespace pixie::images
