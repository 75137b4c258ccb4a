#include "images/read_index.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "images/builder.h"
#include "images/el_torito.h"
#include "images/iso9660.h"
#include "images/iso_volume.h"
#include "images/metadata.h"
#include "images/udf.h"
#include "images/udf_volume.h"

namespace pixie::images {
namespace {

/// Which of a disc's file systems is read, and what is known of it.
struct Choice {
  std::string format;
  std::string volume_id;
  Expected<void> read;
};

Choice read_udf_files(Metadata& image, const UdfVolume& volume, Builder& builder) {
  return {fmt::format("UDF {:x}.{:02x}", volume.revision >> 8, volume.revision & 0xff),
          volume.volume_id, read_udf(image, volume, builder)};
}

Choice read_iso_files(Metadata& image, const DiscVolumes& volumes, const IsoExtensions& extensions,
                      Builder& builder) {
  const auto& primary = *volumes.primary;
  if (extensions.rock_ridge) {
    return {"ISO 9660, Rock Ridge", volumes.volume_id,
            read_iso9660(image, primary, extensions, builder)};
  }
  if (volumes.joliet) {
    return {"ISO 9660, Joliet", volumes.volume_id,
            read_iso9660(image, *volumes.joliet, {.joliet = true, .rock_ridge = {}}, builder)};
  }
  return {"ISO 9660", volumes.volume_id, read_iso9660(image, primary, extensions, builder)};
}

Expected<Choice> read_files(Metadata& image, const DiscVolumes& volumes, Builder& builder) {
  IsoExtensions extensions;
  if (volumes.primary) {
    const auto found = find_extensions(image, *volumes.primary);
    if (!found) return std::unexpected(found.error());
    extensions = *found;
  }
  // Without NSR02 and NSR03 there may be UDF, too: mkudffs puts none on a hard disk with its own boot sectors.
  if (!extensions.rock_ridge && (volumes.udf || !volumes.primary)) {
    const auto udf = find_udf(image);
    if (!udf) return std::unexpected(udf.error());
    if (*udf) return read_udf_files(image, **udf, builder);
  }
  if (!volumes.primary) return fail("there is neither ISO 9660 nor UDF in it");
  return read_iso_files(image, volumes, extensions, builder);
}

}  // namespace

Expected<std::shared_ptr<const Index>> read_index(const Source& source) {
  Metadata image(source);
  const auto volumes = read_volumes(image);
  if (!volumes) return std::unexpected(volumes.error());
  Builder builder(image.size());
  auto choice = read_files(image, *volumes, builder);
  if (!choice) return std::unexpected(choice.error());
  if (!choice->read) return std::unexpected(choice->read.error());
  auto storage = builder.finish();
  if (!storage) return std::unexpected(storage.error());
  storage->volume_id = std::move(choice->volume_id);
  storage->format = std::move(choice->format);
  if (volumes->boot_catalogue) {
    auto boot = read_boot_images(image, *volumes->boot_catalogue, *storage);
    if (!boot) return std::unexpected(boot.error());
    storage->boot_images = std::move(*boot);
  }
  return std::make_shared<const Index>(std::move(*storage));
}

}  // namespace pixie::images
