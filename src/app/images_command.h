// `pixie images show FILE`: what is this image, and what boots it?
#pragma once

#include <ostream>
#include <string>

#include "roms/catalogue.h"
#include "wire/error.h"

namespace pixie::app {

/// Prints what the recipes say of an image (a file or a folder), and the profiles that they make of it. The recipes in
/// the scripts folder count, if it is named.
Expected<void> show_image(const std::string& path, const std::string& scripts,
                          const roms::Catalogue& catalogue, std::ostream& out);

}  // namespace pixie::app
