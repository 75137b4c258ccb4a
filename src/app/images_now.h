// The images folder and the fleet as they are at this moment, for commands that need no running pixie.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "images/image.h"
#include "machines/fleet.h"
#include "recipes/recogniser.h"
#include "roms/catalogue.h"
#include "wire/diagnostic.h"
#include "wire/error.h"

namespace pixie::app {

/// Reads every image of the folder; what can't be read has a fault. An empty name: there are none.
Expected<images::Images> images_now(const std::string& folder);

/// One image, wherever it lies: a file or a folder.
Expected<images::Images> image_now(const std::string& path);

struct FleetNow {
  machines::Sources sources;
  /// Of the recipes.
  std::vector<wire::Diagnostic> mistakes;
};

/// What the scripts folder holds, with the profiles of the images.
FleetNow fleet_now(const std::string& scripts, const images::Images& images,
                   const roms::Catalogue& catalogue);

}  // namespace pixie::app
