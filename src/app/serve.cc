#include "app/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "app/banner.h"
#include "app/exit_code.h"
#include "app/notify.h"
#include "app/privileges.h"
#include "app/sandbox.h"
#include "app/service.h"
#include "events/catalogue.h"

namespace pixie::app {
namespace {

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
  if (!sockets.https.empty()) layout.https_port = sockets.https.front().endpoint.port;
}

/// Empty: there is none.
std::string config_file(const CommandLine& line) {
  const char* from_environment = std::getenv("PIXIE_CONFIG");
  if (line.config_file.empty() && from_environment) return from_environment;
  return line.config_file;
}

Expected<Values> gather_values(const CommandLine& line, const FileReader& files) {
  Values file;
  if (const auto path = config_file(line); !path.empty()) {
    const auto text = files.read(path);
    if (!text) {
      return fail(fmt::format("--config: {} can't be read: {}", path, why_unread(text.error())));
    }
    auto read = values_from_toml(*text, path);
    if (!read) return std::unexpected(read.error());
    file = std::move(*read);
  }
  const auto environment =
      values_from_environment([](const char* name) -> const char* { return std::getenv(name); });
  return merge(file, environment, line.values);
}

/// The settings as they are now, but those that can't change while serving as they were: these are added to `kept`.
Expected<Settings> read_again(const CommandLine& line, const Values& running,
                              const FileReader& files, std::vector<std::string_view>& kept) {
  auto values = gather_values(line, files);
  if (!values) return std::unexpected(values.error());
  for (const auto& setting : settings_table()) {
    if (setting.reloadable) continue;
    auto& value = (*values)[std::string(setting.name)];
    const auto& former = running.find(setting.name)->second;
    if (value.text != former.text) kept.push_back(setting.name);
    value = former;
  }
  if (auto reached = within_sandbox(*values); !reached) return std::unexpected(reached.error());
  return interpret(*values);
}

/// What HTTPS is served with; nothing if there is none. Read by the user who started pixie: a key is often root's alone.
struct Https {
  std::unique_ptr<net::TlsServer> server;
  net::TlsServer::Contents contents;
};

Expected<Https> open_https(const Settings& settings) {
  if (settings.server.https_endpoints.empty()) return Https{};
  auto contents = net::TlsServer::read(settings.tls);
  if (!contents) return std::unexpected(contents.error());
  auto server = std::make_unique<net::TlsServer>();
  if (auto loaded = server->load(*contents, settings.tls); !loaded)
    return std::unexpected(loaded.error());
  return Https{std::move(server), std::move(*contents)};
}

/// What the operator should know of it once privileges are dropped.
std::string advice_on(const Https& https, const net::TlsFiles& files) {
  const auto unreadable = https.server ? unreadable_of(files) : std::string();
  if (unreadable.empty()) return {};
  return fmt::format(
      "The user that pixie has become can't read {}: when it is renewed, pixie must be "
      "started anew. Make it readable for that user, or its group, or choose with --user.",
      unreadable);
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

  /// The next one; waits for it, or for so long, when it is 0.
  int next(std::optional<std::chrono::microseconds> wait) const {
    if (!wait) {
      int received = 0;
      sigwait(&set_, &received);
      return received;
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*wait);
    const timespec time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(*wait - seconds).count()};
    return std::max(sigtimedwait(&set_, nullptr, &time), 0);
  }

  /// Whether another order to stop has come.
  static bool stop_repeated() {
    sigset_t waiting;
    sigpending(&waiting);
    return sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1;
  }

 private:
  sigset_t set_;
};

/// How long transfers may go on after the order to stop.
std::chrono::seconds drain_time(const Values& values) {
  return std::chrono::seconds(std::stoi(values.find("drain")->second.text));
}

/// What a running pixie is steered with.
struct Helm {
  const CommandLine& line;
  const Values& values;
  const tree::Layout& layout;
  const FileReader& files;
  const ServiceManager& manager;
};

void reload(const Helm& helm, Service& service) {
  helm.manager.notify("RELOADING=1\n" + monotonic_now());
  std::vector<std::string_view> kept;
  auto settings = read_again(helm.line, helm.values, helm.files, kept);
  auto tokens = settings ? read_tokens(*settings, helm.files) : std::unexpected(settings.error());
  if (tokens) {
    settings->layout.http_port = helm.layout.http_port;
    settings->layout.https_port = helm.layout.https_port;
    settings->layout.tftp_port = helm.layout.tftp_port;
    service.replace(*settings, std::move(*tokens));
    service.events().emit(events::reloaded, {{"scripts", settings->layout.scripts},
                                             {"extra", settings->layout.extra}});
    if (!kept.empty()) {
      const auto text = fmt::format("Changed, but in force only once pixie is started anew: {}.",
                                    fmt::join(kept, ", "));
      service.events().emit(events::advice, {{"text", text}});
    }
  } else {
    service.events().emit(events::reload_failed, {{"reason", tokens.error().text}});
  }
  helm.manager.notify("READY=1");
}

/// Until a signal ends it. As long as all loops turn, the service manager hears it.
void steer(const Helm& helm, const Signals& signals, Service& service) {
  const auto watchdog = helm.manager.watchdog();
  for (;;) {
    const int signal = signals.next(watchdog);
    if (signal == SIGHUP) reload(helm, service);
    if (signal != SIGHUP && signal != 0) return;
    if (!watchdog) continue;
    service.await_turns();
    helm.manager.notify("WATCHDOG=1");
  }
}

}  // namespace

Expected<Values> gather_values(const CommandLine& line) {
  return gather_values(line, FileReader());
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
  auto https = open_https(*settings);
  if (!https) return complain(usage, https.error());
  make_state_folders(*settings);
  const ServiceManager manager;
  const auto advice = drop_privileges(*settings);
  if (!advice) return complain(usage, advice.error());
  const auto sandbox =
      enter_sandbox(sandbox_mode(*values), *settings, {config_file(line), settings->api_tokens});
  if (!sandbox) return complain(failure, sandbox.error());
  auto tokens = read_tokens(*settings, sandbox->files);
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
  const auto secure = places(sockets->https, ",");
  auto texts = dhcp ? dhcp->advice : std::vector<std::string>();
  for (const auto& text : {*advice, state->trouble, advice_on(*https, settings->tls)}) {
    if (!text.empty()) texts.push_back(text);
  }
  const auto address = address_for_clients(*settings, *sockets).text();
  Service service(*settings, {.sockets = std::move(*sockets),
                              .dhcp = std::move(dhcp),
                              .state = std::move(*state),
                              .mirror = std::move(*mirror),
                              .tokens = std::move(*tokens),
                              .tls = std::move(https->server),
                              .tls_contents = std::move(https->contents),
                              .address = address});
  auto& events = service.events();
  service.start();
  for (const auto& text : texts) events.emit(events::advice, {{"text", text}});
  events.emit(events::sandboxed, {{"user", geteuid()},
                                  {"capabilities", sandbox->capabilities},
                                  {"landlock", sandbox->landlock},
                                  {"seccomp", sandbox->seccomp}});
  events.emit(events::ready, {{"version", PIXIE_VERSION},
                              {"tftp", tftp},
                              {"http", http},
                              {"https", secure.empty() ? "-" : secure},
                              {"dhcp", dhcp_mode_name(settings->dhcp.mode)},
                              {"interfaces", interfaces},
                              {"threads", settings->server.loops},
                              {"uid", geteuid()}});
  manager.notify("READY=1");

  steer({line, *values, settings->layout, sandbox->files, manager}, signals, service);

  manager.notify("STOPPING=1");
  events.emit(events::stopping, {});
  service.finish(drain_time(*values), Signals::stop_repeated);
  return success;
}

}  // namespace pixie::app
