#include "app/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "app/banner.h"
#include "app/manual.h"
#include "app/notify.h"
#include "app/privileges.h"
#include "app/service.h"
#include "events/catalogue.h"

namespace pixie::app {
namespace {

constexpr auto grace = std::chrono::seconds(2);

std::string names_of(const std::vector<net::Interface>& interfaces) {
  std::string names;
  for (const auto& interface : interfaces) names += (names.empty() ? "" : ",") + interface.name;
  return names;
}

bool serves_ipv6(const net::Sockets& sockets) {
  const auto is_ipv6 = [](const net::Listening& listening) { return listening.ipv6_socket; };
  return std::ranges::any_of(sockets.tftp, is_ipv6) && std::ranges::any_of(sockets.http, is_ipv6);
}

/// The user that pixie becomes goes on writing leases.
void give_to_user(const Settings& settings, const net::DhcpSockets& dhcp) {
  const auto user = user_to_become(settings);
  if (!user) return;
  for (const auto* file : {&dhcp.lease_file, &dhcp.lease_file6}) {
    if (*file) (*file)->give_to(user->uid, user->gid);
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// The menu names the ports that are really listened on, whoever opened them.
void note_ports(tree::Layout& layout, const net::Sockets& sockets) {
  layout.http_port = sockets.http.front().endpoint.port;
  layout.tftp_port = sockets.tftp.front().endpoint.port;
}

/// The settings as they are now, but those that can't change while serving as they were.
Expected<Settings> read_again(const CommandLine& line, const Values& running) {
  auto values = gather_values(line);
  if (!values) return std::unexpected(values.error());
  for (const auto& setting : settings_table()) {
    if (!setting.reloadable)
      (*values)[std::string(setting.name)] = running.find(setting.name)->second;
  }
  return interpret(*values);
}

void reload(const CommandLine& line, const Values& running, const tree::Layout& layout,
            Service& service, const ServiceManager& manager) {
  manager.notify("RELOADING=1\n" + monotonic_now());
  auto settings = read_again(line, running);
  auto tokens = settings ? read_tokens(*settings) : std::unexpected(settings.error());
  if (tokens) {
    settings->layout.http_port = layout.http_port;
    settings->layout.tftp_port = layout.tftp_port;
    service.replace(*settings, std::move(*tokens));
    service.events().emit(events::reloaded, {{"scripts", settings->layout.scripts},
                                             {"extra", settings->layout.extra}});
  } else {
    service.events().emit(events::reload_failed, {{"reason", tokens.error().text}});
  }
  manager.notify("READY=1");
}

/// Collects the signals that steer pixie, from its making on; made before any other thread, so that no thread
/// is interrupted by them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }

  /// The next one; waits for it.
  int next() const {
    int received = 0;
    sigwait(&set_, &received);
    return received;
  }

 private:
  sigset_t set_;
};

}  // namespace

Expected<Values> gather_values(const CommandLine& line) {
  const char* from_environment = std::getenv("PIXIE_CONFIG");
  const auto path = !line.config_file.empty() ? line.config_file
                    : from_environment        ? from_environment
                                              : "";
  Values file;
  if (!path.empty()) {
    auto read = values_from_file(path);
    if (!read) return std::unexpected(read.error());
    file = std::move(*read);
  }
  const auto environment =
      values_from_environment([](const char* name) -> const char* { return std::getenv(name); });
  return merge(file, environment, line.values);
}

int serve(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  const Signals signals;
  auto sockets = net::open_sockets(settings->server);
  if (!sockets) return complain(cannot_listen, sockets.error());
  note_ports(settings->layout, *sockets);
  std::optional<net::DhcpSockets> dhcp;
  if (settings->dhcp.mode != net::DhcpSettings::Mode::off) {
    auto opened = net::open_dhcp_sockets(settings->dhcp, serves_ipv6(*sockets));
    if (!opened) return complain(cannot_listen, opened.error());
    dhcp = std::move(*opened);
    give_to_user(*settings, *dhcp);
  }
  make_state_folders(*settings);
  const ServiceManager manager;
  const auto advice = drop_privileges(*settings);
  if (!advice) return complain(usage, advice.error());
  auto tokens = read_tokens(*settings);
  if (!tokens) return complain(usage, tokens.error());
  auto state = open_state(*settings);
  if (!state) return complain(failure, state.error());
  auto mirror = open_mirror(*settings);
  if (!mirror) return complain(failure, mirror.error());
  const auto interfaces = dhcp ? names_of(dhcp->interfaces) : "-";
  if (settings->log_format == events::Format::logfmt) {
    fmt::print("{}\n", banner(*settings, *sockets, interfaces));
    std::fflush(stdout);
  }

  const auto tftp = places(sockets->tftp, ",");
  const auto http = places(sockets->http, ",");
  auto texts = dhcp ? dhcp->advice : std::vector<std::string>();
  for (const auto& text : {*advice, state->trouble}) {
    if (!text.empty()) texts.push_back(text);
  }
  const auto address = address_for_clients(*settings, *sockets).text();
  Service service(*settings, {.sockets = std::move(*sockets),
                              .dhcp = std::move(dhcp),
                              .state = std::move(*state),
                              .mirror = std::move(*mirror),
                              .tokens = std::move(*tokens),
                              .address = address});
  auto& events = service.events();
  service.start();
  for (const auto& text : texts) events.emit(events::advice, {{"text", text}});
  events.emit(events::ready, {{"version", PIXIE_VERSION},
                              {"tftp", tftp},
                              {"http", http},
                              {"dhcp", dhcp_mode_name(settings->dhcp.mode)},
                              {"interfaces", interfaces},
                              {"threads", settings->server.loops},
                              {"uid", geteuid()}});
  manager.notify("READY=1");

  while (signals.next() == SIGHUP) reload(line, *values, settings->layout, service, manager);

  manager.notify("STOPPING=1");
  events.emit(events::stopping, {});
  service.finish(grace);
  return success;
}

}  // namespace pixie::app
