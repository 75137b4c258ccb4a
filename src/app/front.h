// What is answered over HTTP beside the tree: the page, the API with its live feed, metrics, whether all is well, and
// the mirror.
#pragma once

#include <functional>
#include <string>

#include "api/api.h"
#include "api/feed.h"
#include "library/uploads.h"
#include "net/backend.h"
#include "net/mirror.h"

namespace pixie::app {

class Front final : public net::Backend {
 public:
  /// What the answers are made from; all outlive it.
  struct Parts {
    registry::Registry& registry;
    const api::Api& api;
    const api::Office& office;
    api::Feed& feed;
    library::Uploads& uploads;
    /// Null: there is none.
    net::Mirror* mirror;
    /// Called when somebody began to listen to the feed.
    std::function<void()> listened;
    /// The text of /metrics; called from the registry's thread.
    std::function<std::string()> metrics;
  };
  explicit Front(Parts parts) : parts_(std::move(parts)) {}

  bool answers(std::string_view path) const override;
  bool takes_body(const http::Request& request) const override;
  void answer(const Call& call, std::function<void(Answer)> done) override;

 private:
  void ask_api(const Call& call, std::function<void(Answer)> done);
  Answer follow(api::Answer answer) const;
  void carry_out(const api::ImageOrder& order, const std::function<void(Answer)>& done) const;
  Answer health() const;

  const Parts parts_;
};

}  // namespace pixie::app
