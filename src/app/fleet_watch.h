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
  /// Called with each new fleet, and with nothing when there are mistakes (mistakes() has them); first by the
  /// constructor's thread, then by the watching one.
  using Loaded = std::function<void(const Fleet& fleet)>;

  /// `folder` may be empty: then the fleet is, too. Loads it before it returns.
  FleetWatch(std::string folder, events::Stream& events, Loaded loaded);
  ~FleetWatch();

  /// From any thread. The fleet in force, and the mistakes of the one that is not.
  Fleet fleet() const;
  std::vector<wire::Diagnostic> mistakes() const;
  /// Loads it anew although nothing was seen to change.
  void reload();
  /// Watches another folder from now on. Not from the watching thread.
  void follow(std::string folder);

 private:
  void start();
  void stop();
  void load(bool at_start);

  std::string folder_;
  events::Stream& events_;
  const Loaded loaded_;
  mutable std::mutex mutex_;
  Fleet fleet_ = std::make_shared<const machines::Fleet>();
  std::vector<wire::Diagnostic> mistakes_;
  std::optional<net::FolderWatch> watch_;
  std::thread thread_;
};

}  // namespace pixie::app
