#include "app/service.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "mirror/location.h"

namespace pixie::app {
namespace {

std::vector<std::string> troubles_of(const State& state) {
  if (state.trouble.empty()) return {};
  return {state.trouble};
}

}  // namespace

Expected<std::shared_ptr<const api::Tokens>> read_tokens(const Settings& settings,
                                                         const FileReader& files) {
  if (settings.api_tokens.empty()) return nullptr;
  const auto text = files.read(settings.api_tokens);
  if (!text) {
    return fail(fmt::format("--api-tokens: {} can't be read: {}", settings.api_tokens,
                            why_unread(text.error())));
  }
  auto tokens = api::Tokens::parse(*text, settings.api_tokens);
  if (!tokens) return std::unexpected(tokens.error());
  return std::make_shared<const api::Tokens>(std::move(*tokens));
}

Service::Service(const Settings& settings, Opened opened)
    : log_(STDERR_FILENO, settings.log_format, settings.level),
      fleet_(settings.layout.scripts, events_),
      library_(settings.images, kept_indexes_folder(settings), events_),
      tls_(std::move(opened.tls)),
      office_(settings.layout, roster_, fleet_, opened.address, troubles_of(opened.state)),
      feed_(office_) {
  events_.add(log_);
  events_.add(metrics_);
  library_.load();
  // Rules may name the profiles of images: the images come first.
  fleet_.set_roms(*settings.layout.catalogue);
  fleet_.set_images(library_.images());
  office_.renew_images();
  office_.use(std::move(opened.tokens));
  registry_ = std::make_unique<registry::Registry>(std::move(opened.state.store), roster_, events_);
  registry_->on_change = [this](const auto& view) { feed_.publish_machine(view); };
  registry_->hears_changes = [this] { return feed_.listeners() > 0; };
  registry_->on_forget = [this](const auto& mac) { feed_.publish_forgotten(mac); };
  if (!settings.upstream.empty())
    upstream_ = std::make_unique<net::UpstreamClient>(settings.upstream, events_);
  if (!settings.web_hook.empty()) {
    web_hook_ = std::make_unique<net::WebHook>(settings.web_hook, events_);
    events_.add(*web_hook_);
  }
  if (opened.mirror) {
    mirror_ = std::make_unique<net::Mirror>(std::move(opened.mirror), settings.mirror, events_,
                                            net::MirrorTimes{}, net::Mirror::Waits{});
    pin(*fleet_.fleet());
    office_.show(mirror_.get());
  }
  services_.emplace(desk::Services{roster_, *registry_, {}});
  if (upstream_) {
    office_.use(*upstream_);
    services_->upstream = [this](const wire::Mac& mac, auto done) {
      upstream_->ask(mac, std::move(done));
    };
  }
  uploads_.emplace(settings.images, events_);
  api_.emplace(*registry_, office_);
  events_.add(feed_);
  front_.emplace(Front::Parts{.registry = *registry_,
                              .api = *api_,
                              .office = office_,
                              .feed = feed_,
                              .uploads = *uploads_,
                              .mirror = mirror_.get(),
                              .listened = [this] { events_.views_changed(); },
                              .metrics = [this] { return metrics_text(); }});
  server_ = std::make_unique<net::Server>(
      settings.server, settings.dhcp, std::move(opened.sockets), std::move(opened.dhcp),
      settings.layout, net::Surroundings{events_, *services_, *front_, tls_.get()});
  if (tls_) certificates_.emplace(*tls_, std::move(opened.tls_contents), settings.tls, events_);
}

void Service::start() {
  if (certificates_) certificates_->start();
  server_->start(fleet_.fleet(), library_.images());
  fleet_.start([this](const FleetWatch::Fleet& fleet) {
    // Before a machine is told of a file, it is known which one it must be.
    if (fleet) pin(*fleet);
    if (fleet) server_->replace_fleet(fleet);
    office_.renew_images();
    feed_.publish_problems();
    feed_.publish_images(*fleet_.images());
  });
  library_.start([this](const library::Library::Snapshot& images) {
    // What a profile names is served before it is in force.
    server_->replace_images(images);
    fleet_.set_images(images);
    office_.renew_images();
    feed_.publish_images(*images);
  });
}

Service::~Service() {
  certificates_.reset();
  library_.stop();
  fleet_.stop();
  server_->stop();
  // They call back into the loops, which live until the server goes.
  if (web_hook_) events_.remove(*web_hook_);
  events_.remove(feed_);
  web_hook_.reset();
  // The API's calls run in the registry, to its last moment: they give orders to the uploads, look at the mirror, and ask
  // what the other server said.
  registry_.reset();
  uploads_.reset();
  mirror_.reset();
  upstream_.reset();
}

void Service::finish(std::chrono::milliseconds grace, const std::function<bool()>& hurried) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  constexpr milliseconds step(100);
  const auto end = steady_clock::now() + grace;
  const auto left = [end] {
    return std::max(std::chrono::ceil<milliseconds>(end - steady_clock::now()), milliseconds(0));
  };
  const auto busy = [this] {
    const auto active = server_->active();
    return active.transfers + active.connections > 0;
  };
  do {
    server_->finish(std::min(left(), step));
  } while (busy() && left() > milliseconds(0) && !hurried());
  if (!web_hook_) return;
  events_.drain();
  web_hook_->finish(left());
}

void Service::replace(const Settings& settings, std::shared_ptr<const api::Tokens> tokens) {
  server_->replace_tree(settings.layout);
  office_.replace_tree(settings.layout);
  office_.use(std::move(tokens));
  fleet_.set_roms(*settings.layout.catalogue);
  fleet_.follow(settings.layout.scripts);
  library_.follow(settings.images);
  uploads_->follow(settings.images);
  if (certificates_) certificates_->follow(settings.tls);
  log_.set_level(settings.level);
  events_.views_changed();
}

/// What the profiles say of files that come through the mirror.
void Service::pin(const machines::Fleet& fleet) {
  if (!mirror_) return;
  auto pins = std::make_shared<net::Mirror::Pins>();
  for (const auto& [name, sha256] : fleet.pins()) {
    if (const auto url = mirror::url_named(name)) pins->emplace(url->text(), sha256);
  }
  mirror_->set_pins(std::move(pins));
}

std::string Service::metrics_text() const {
  const auto active = server_->active();
  std::optional<events::Metrics::Now::Mirror> mirror;
  if (mirror_) {
    const auto counts = mirror_->counts();
    const auto usage = mirror_->cache().usage();
    mirror = {.hits = counts.hits,
              .misses = counts.misses,
              .stale = counts.stale,
              .fetched_bytes = counts.fetched,
              .files = usage.files,
              .bytes = usage.bytes};
  }
  // (The registry answers while it goes, when its pointer is null already.)
  const auto [machines, installs] = services_->registry.tally();
  return metrics_.exposition({.version = PIXIE_VERSION,
                              .transfers = active.transfers,
                              .connections = active.connections,
                              .listeners = feed_.listeners(),
                              .machines = machines,
                              .installs = {{{"started", installs.started},
                                            {"done", installs.done},
                                            {"failed", installs.failed}}},
                              .dropped = events_.dropped(),
                              .mirror = mirror});
}

}  // namespace pixie::app
