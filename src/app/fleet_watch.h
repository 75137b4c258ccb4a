// Keeps the fleet as it stands in the scripts folder: loads it anew when something there changes, on a thread of its
// own. A fleet with a mistake never replaces a good one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "events/stream.h"
#include "machines/fleet.h"
#include "net/folder_watch.h"
#include "wire/diagnostic.h"

namespace pixie::app {

class FleetWatch {
 public:
  using Fleet = std::shared_ptr<const machines::Fleet>;
  /// Called with each new fleet, and with nothing when there are mistakes (mistakes() has them).
  using Loaded = std::function<void(const Fleet& fleet)>;

  /// `folder` may be empty: then the fleet is, too.
  FleetWatch(std::string folder, events::Stream& events);
  ~FleetWatch();

  /// Loads what is there, if it is not what is loaded already.
  void load();
  /// Begins to watch. `loaded` is called by the watching thread, and by follow().
  void start(Loaded loaded);
  /// Watches no more.
  void stop();

  /// From any thread. The fleet in force, and the mistakes of the one that is not.
  Fleet fleet() const;
  std::vector<wire::Diagnostic> mistakes() const;
  /// Loads it anew although nothing was seen to change.
  void reload();
  /// Watches another folder from now on. Not from the watching thread.
  void follow(std::string folder);

 private:
  void watch();

  std::string folder_;
  events::Stream& events_;
  Loaded loaded_;
  mutable std::mutex mutex_;
  Fleet fleet_ = std::make_shared<const machines::Fleet>();
  std::vector<wire::Diagnostic> mistakes_;
  std::size_t fingerprint_ = 0;
  std::optional<net::FolderWatch> watch_;
  std::thread thread_;
};

}  // namespace pixie::app
