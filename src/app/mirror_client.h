// Brings files into the mirror for a command: through the pixie that runs and has its folder, else straight into the
// folder.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/settings.h"
#include "http/url.h"
#include "wire/error.h"

namespace pixie::app {

class MirrorClient {
 public:
  /// Takes the folder, if nobody has it. `hosts`: what may be asked beside what --mirror allows, a list as of --mirror;
  /// a running pixie allows what its own settings say.
  static Expected<std::unique_ptr<MirrorClient>> open(const Settings& settings,
                                                      const std::string& hosts);
  virtual ~MirrorClient() = default;

  struct Fetched {
    std::uint64_t size = 0;
    std::string sha256;
    /// It was here already.
    bool was_here = false;
  };
  /// Fetches one file, with a line of progress on standard error. `sha256`: what it must be, whatever the profiles say;
  /// empty: whatever comes; nothing: what the profiles of the pixie that runs say, if one does.
  virtual Expected<Fetched> fetch(const http::Url& url,
                                  const std::optional<std::string>& sha256) = 0;
  /// Whether what it fetches is in the folder of a pixie that runs.
  virtual bool is_running() const = 0;
};

}  // namespace pixie::app
