// `pixie check [DIR]`: is all sound that the owner wrote into the scripts folder?
#pragma once

#include <ostream>
#include <string>

#include "roms/catalogue.h"

namespace pixie::app {

/// Reads the folder as `pixie` does and prints every mistake with its place, or what is there. Beyond what loading finds:
/// scripts that are none, or whose name no machine asks for; and what can't be rendered for the machines whose entry
/// names a profile. True: there is no mistake.
/// `images`: the images folder, whose profiles count; may be empty.
bool check_folder(const std::string& folder, const std::string& images,
                  const roms::Catalogue& catalogue, std::ostream& out);

}  // namespace pixie::app
