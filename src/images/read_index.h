// Reads what is in an image. Which file system: Rock Ridge if there is one, else UDF, else Joliet, else plain ISO 9660.
// A disc can have all of them (a bridge disc): the names of the first two are complete, and Windows' media have in
// their ISO 9660 nothing but a note that they want UDF.
#pragma once

#include <memory>

#include "images/index.h"
#include "images/source.h"
#include "wire/error.h"

namespace pixie::images {

/// Reads only metadata, within the limits of limits.h. Blocks for as long as the source does. The error says where in
/// the image something is wrong, and what.
Expected<std::shared_ptr<const Index>> read_index(const Source& source);

}  // namespace pixie::images
