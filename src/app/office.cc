#include "app/office.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "app/owner_script.h"

namespace pixie::app {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

}  // namespace

Office::Office(const tree::Layout& layout, const machines::Roster& roster, const FleetWatch& fleet,
               std::string address, std::vector<std::string> troubles)
    : roster_(roster),
      fleet_(fleet),
      address_(std::move(address)),
      troubles_(std::move(troubles)),
      tree_(layout) {}

void Office::use(std::shared_ptr<const api::Tokens> tokens) {
  const std::lock_guard lock(mutex_);
  tokens_ = std::move(tokens);
}

void Office::use(const net::UpstreamClient& upstream) {
  const std::lock_guard lock(mutex_);
  upstream_ = &upstream;
}

void Office::replace_tree(const tree::Layout& layout) {
  const std::lock_guard lock(mutex_);
  tree_.set_layout(layout);
}

void Office::renew_images() {
  // Read with the lock held: whoever comes last has the newest.
  const std::lock_guard lock(mutex_);
  tree_.set_images(fleet_.images());
}

std::shared_ptr<const images::Images> Office::images() const { return fleet_.images(); }

api::ImageRoom Office::image_room() const {
  const auto folder = images()->folder;
  struct statvfs disk{};
  if (folder.empty() || statvfs(folder.c_str(), &disk) != 0) return {};
  return {.writable = faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0,
          .free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize};
}

std::shared_ptr<const machines::Fleet> Office::fleet() const { return fleet_.fleet(); }

std::vector<wire::Diagnostic> Office::mistakes() const { return fleet_.mistakes(); }

bool Office::has_own_script(const wire::Mac& mac) const {
  const std::lock_guard lock(mutex_);
  return tree_.own_script(mac).has_value();
}

std::shared_ptr<const api::Tokens> Office::tokens() const {
  const std::lock_guard lock(mutex_);
  return tokens_;
}

std::shared_ptr<const roms::Catalogue> Office::catalogue() const {
  const std::lock_guard lock(mutex_);
  return tree_.layout().catalogue;
}

std::optional<Expected<std::string>> Office::own_script(const wire::Mac& mac) const {
  const std::lock_guard lock(mutex_);
  return text_of(tree_.own_script(mac));
}

std::optional<Expected<std::string>> Office::default_script() const {
  const std::lock_guard lock(mutex_);
  return text_of(tree_.default_script());
}

api::UpstreamAnswer Office::upstream(const wire::Mac& mac) const {
  using enum machines::Upstream;
  const std::lock_guard lock(mutex_);
  if (!upstream_) return {};
  auto heard = upstream_->last_heard(mac);
  if (!heard) return {.what = not_asked};
  if (!*heard) return {.what = nothing};
  return {.what = script, .script = std::move(**heard)};
}

machines::Here Office::here(const machines::Identity&) const {
  const std::lock_guard lock(mutex_);
  const auto address = wire::IpAddress::parse(address_).value_or(wire::IpAddress());
  return {.server = tree_.url({address}), .host = tree_.host({address}), .callback = {}};
}

bool Office::has(const http::Target& target) const {
  const auto fleet = fleet_.fleet();
  const std::lock_guard lock(mutex_);
  const auto found = tree_.resolve(target.path);
  if (const auto* wanted = std::get_if<tree::Wanted>(&found))
    return wanted->what != tree::Wanted::What::text || fleet->text(wanted->name) != nullptr;
  return std::holds_alternative<tree::Body>(found);
}

std::optional<mirror::View> Office::mirror() const {
  constexpr std::size_t shown = 1000;
  if (!mirror_) return std::nullopt;
  const auto counts = mirror_->counts();
  const auto usage = mirror_->cache().usage();
  return mirror::View{.hits = counts.hits,
                      .misses = counts.misses,
                      .stale = counts.stale,
                      .fetched_bytes = counts.fetched,
                      .fetching = counts.fetching,
                      .files = usage.files,
                      .bytes = usage.bytes,
                      .limit_bytes = usage.limit_bytes,
                      .entries = mirror_->cache().list(shown)};
}

std::string Office::version() const { return PIXIE_VERSION; }

std::vector<std::string> Office::health_problems() const {
  auto problems = troubles_;
  if (const auto mistakes = fleet_.mistakes(); !mistakes.empty()) {
    problems.push_back(fmt::format("{} in pixie.toml or what it names; the first: {}",
                                   mistakes.size() == 1 ? "A mistake" : "Mistakes",
                                   mistakes.front().one_line()));
  }
  return problems;
}

bool Office::is_own_name(std::string_view host) const {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return false;
  const auto own = lower(name.data());
  const auto asked = lower(host);
  return asked == "localhost" || asked == own;
}

}  // namespace pixie::app
