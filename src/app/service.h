// The running server with all that belongs to it, made in an order in which each part finds the others, and ended in
// the reverse.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/feed.h"
#include "app/certificate_watch.h"
#include "app/file_reader.h"
#include "app/fleet_watch.h"
#include "app/front.h"
#include "app/office.h"
#include "app/settings.h"
#include "app/state.h"
#include "events/log.h"
#include "events/metrics.h"
#include "events/stream.h"
#include "library/library.h"
#include "library/uploads.h"
#include "machines/roster.h"
#include "net/mirror.h"
#include "net/server.h"
#include "net/upstream_client.h"
#include "net/web_hook.h"
#include "registry/registry.h"

namespace pixie::app {

/// Its functions are called by one thread.
class Service {
 public:
  /// What was opened before privileges were dropped, and since.
  struct Opened {
    net::Sockets sockets;
    std::optional<net::DhcpSockets> dhcp;
    State state;
    std::unique_ptr<mirror::Cache> mirror;
    std::shared_ptr<const api::Tokens> tokens;
    /// Null: there is no HTTPS. What it was loaded with.
    std::unique_ptr<net::TlsServer> tls;
    net::TlsServer::Contents tls_contents;
    /// The address that people and machines are told.
    std::string address;
  };
  Service(const Settings& settings, Opened opened);
  /// Ends at once what is still under way.
  ~Service();

  events::Stream& events() { return events_; }
  void start();
  /// The settings were read again.
  void replace(const Settings& settings, std::shared_ptr<const api::Tokens> tokens);
  /// Takes nothing new; waits until what is under way has ended, for `grace`, or until `hurried()`. What comes to
  /// sockets that a supervisor holds as well waits there for the next pixie.
  void finish(std::chrono::milliseconds grace, const std::function<bool()>& hurried);
  /// Until every loop has taken a turn.
  void await_turns() { server_->await_turns(); }

 private:
  std::string metrics_text() const;
  void pin(const machines::Fleet& fleet);

  // The log outlives the stream that it is a view of; the other views are taken out of it.
  events::Log log_;
  events::Metrics metrics_;
  events::Stream events_;
  machines::Roster roster_;
  FleetWatch fleet_;
  library::Library library_;
  std::unique_ptr<net::TlsServer> tls_;
  std::optional<CertificateWatch> certificates_;
  std::optional<library::Uploads> uploads_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<net::UpstreamClient> upstream_;
  std::unique_ptr<net::WebHook> web_hook_;
  std::unique_ptr<net::Mirror> mirror_;
  std::optional<desk::Services> services_;
  Office office_;
  std::optional<api::Api> api_;
  api::Feed feed_;
  std::optional<Front> front_;
  std::unique_ptr<net::Server> server_;
};

/// The tokens of --api-tokens; null if there is no such setting.
Expected<std::shared_ptr<const api::Tokens>> read_tokens(const Settings& settings,
                                                         const FileReader& files);

}  // namespace pixie::app
