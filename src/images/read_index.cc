#include "images/read_index.h"

#include "images/builder.h"
#include "images/iso9660.h"
#include "images/iso_volume.h"
#include "images/metadata.h"

namespace pixie::images {

Expected<std::shared_ptr<const Index>> read_index(const Source& source) {
  Metadata image(source);
  const auto volumes = read_volumes(image);
  if (!volumes) return std::unexpected(volumes.error());
  if (!volumes->primary) return fail("there is no ISO 9660 file system in it");
  Builder builder(image.size());
  const bool joliet = volumes->joliet.has_value();
  const auto& volume = joliet ? *volumes->joliet : *volumes->primary;
  const auto read =
      read_iso9660(image, volume, joliet ? IsoNames::joliet : IsoNames::plain, builder);
  if (!read) return std::unexpected(read.error());
  auto storage = builder.finish();
  if (!storage) return std::unexpected(storage.error());
  storage->volume_id = volumes->primary->volume_id;
  storage->format = joliet ? "ISO 9660, Joliet" : "ISO 9660";
  return std::make_shared<const Index>(std::move(*storage));
}

}  // namespace pixie::images
