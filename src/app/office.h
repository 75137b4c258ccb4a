// What the API asks of the running server beside the registry: the fleet, the scripts folder, the ROMs.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/office.h"
#include "app/fleet_watch.h"
#include "net/mirror.h"
#include "net/upstream_client.h"
#include "tree/tree.h"

namespace pixie::app {

/// May be used from any thread.
class Office final : public api::Office {
 public:
  /// The roster and the fleet outlive the office. `address`: what machines are told to come to, where nothing better is known. `troubles`: what is wrong from the
  /// start, a sentence each.
  Office(const tree::Layout& layout, const machines::Roster& roster, const FleetWatch& fleet,
         std::string address, std::vector<std::string> troubles);

  void use(std::shared_ptr<const api::Tokens> tokens);
  /// Before anything is asked; it outlives the office. Null: there is none.
  void show(const net::Mirror* mirror) { mirror_ = mirror; }
  /// The client of the other server (--api), which outlives the last call of the API.
  void use(const net::UpstreamClient& upstream);
  /// The settings were read again.
  void replace_tree(const tree::Layout& layout);
  /// The fleet watch has other images.
  void renew_images();

  std::shared_ptr<const machines::Fleet> fleet() const override;
  std::vector<wire::Diagnostic> mistakes() const override;
  std::shared_ptr<const images::Images> images() const override;
  bool has_own_script(const wire::Mac& mac) const override;
  std::shared_ptr<const api::Tokens> tokens() const override;
  const machines::Roster& roster() const override { return roster_; }
  std::shared_ptr<const roms::Catalogue> catalogue() const override;
  std::optional<Expected<std::string>> own_script(const wire::Mac& mac) const override;
  std::optional<Expected<std::string>> default_script() const override;
  api::UpstreamAnswer upstream(const wire::Mac& mac) const override;
  machines::Here here(const machines::Identity& machine) const override;
  bool has(const http::Target& target) const override;
  api::ImageRoom image_room() const override;
  std::optional<mirror::View> mirror() const override;
  std::string version() const override;
  std::vector<std::string> health_problems() const override;
  bool is_own_name(std::string_view host) const override;

 private:
  const machines::Roster& roster_;
  const FleetWatch& fleet_;
  const std::string address_;
  const std::vector<std::string> troubles_;
  const net::Mirror* mirror_ = nullptr;
  mutable std::mutex mutex_;
  std::shared_ptr<const api::Tokens> tokens_;
  const net::UpstreamClient* upstream_ = nullptr;
  mutable tree::Tree tree_;
};

}  // namespace pixie::app
