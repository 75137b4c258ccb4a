// Keeps the fleet as it stands in the scripts folder, with what the recipes make of the images: loads it anew when one
// of them changes, on a thread of its own. A fleet with a mistake never replaces a good one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "events/stream.h"
#include "images/image.h"
#include "machines/fleet.h"
#include "net/folder_watch.h"
#include "recipes/recogniser.h"
#include "roms/catalogue.h"
#include "wire/diagnostic.h"

namespace pixie::app {

class FleetWatch {
 public:
  using Fleet = std::shared_ptr<const machines::Fleet>;
  /// Called with each new fleet, and with nothing when there are mistakes (mistakes() has them). Calls follow each other.
  using Loaded = std::function<void(const Fleet& fleet)>;

  /// `folder` may be empty: then the fleet is, too.
  FleetWatch(std::string folder, events::Stream& events);
  ~FleetWatch();

  /// Loads what is there, if it is not what is loaded already.
  void load();
  /// Begins to watch. `loaded` is called with the fleet in force at once, and later by the watching thread, and by what
  /// else loads here.
  void start(Loaded loaded);
  /// Watches no more.
  void stop();

  /// From any thread. The fleet in force, and the mistakes of the one that is not.
  Fleet fleet() const;
  std::vector<wire::Diagnostic> mistakes() const;
  /// Loads it anew although nothing was seen to change.
  void reload();
  /// What is in the ROM folder for images; counts from the next load on. From any thread.
  void set_roms(const roms::Catalogue& catalogue);
  /// The images whose profiles are a part of the fleet. From any thread; the fleet is loaded before it returns, if this
  /// is news. Reads small files of images that are new.
  void set_images(std::shared_ptr<const images::Images> images);
  /// From any thread: the images, with what the recipes say of each.
  std::shared_ptr<const images::Images> images() const;
  /// Watches another folder from now on. Not from the watching thread.
  void follow(std::string folder);

 private:
  void watch();
  machines::Sources gather();
  void tell_of(const images::Images& images, const std::vector<std::string>& fresh);

  /// Held while the fleet is loaded, and told of.
  std::mutex loading_;
  std::string folder_;
  std::shared_ptr<const images::Images> given_ = std::make_shared<const images::Images>();
  std::vector<std::string> rom_names_;
  recipes::Recogniser recogniser_;
  events::Stream& events_;
  Loaded loaded_;
  mutable std::mutex mutex_;
  Fleet fleet_ = std::make_shared<const machines::Fleet>();
  std::vector<wire::Diagnostic> mistakes_;
  std::shared_ptr<const images::Images> images_ = given_;
  std::size_t fingerprint_ = 0;
  std::optional<net::FolderWatch> watch_;
  std::thread thread_;
};

}  // namespace pixie::app
