// The live feed: what happens, as the texts of Server-Sent Events, each made once and shared by all who listen.
//
//   message = "event: " ( "log" / "machine" / "forgotten" / "problems" / "images" ) LF "data: " JSON LF LF
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/filter.h"
#include "api/json.h"
#include "api/office.h"
#include "events/stream.h"
#include "images/image.h"
#include "registry/registry.h"

namespace pixie::api {

/// May be used from any thread.
class Feed final : public events::View {
 public:
  using Text = std::shared_ptr<const std::string>;
  /// Must return soon, and may not call the feed. False: it listens no more.
  using Take = std::function<bool(const Text&)>;

  explicit Feed(const Office& office) : office_(office) {}

  /// `take` gets what the filter lets through, one message at a time and from whichever thread publishes, as long as
  /// `listener` lives. The stream is to be told afterwards that what this view wants has changed.
  void subscribe(const Filter& filter, std::weak_ptr<const void> listener, Take take);
  std::size_t listeners() const;

  bool wants(const events::Kind& kind) const override;
  void take(const events::Record& record) override;
  /// For Registry::on_change.
  void publish_machine(const registry::MachineView& view);
  /// For Registry::on_forget; whoever wants machines hears of it.
  void publish_forgotten(const wire::Mac& mac);
  /// The mistakes of the files were found, or mended.
  void publish_problems();
  /// The images changed: how many there are, and of how many it is not yet known what is in them.
  void publish_images(const images::Images& images);

 private:
  struct Listener {
    Filter filter;
    std::weak_ptr<const void> life;
    Take take;
  };
  void publish(std::string_view event, const std::function<bool(const Filter&)>& is_wanted,
               const std::function<Json()>& data);
  void drop_the_gone();

  static constexpr int nobody = -1;

  const Office& office_;
  mutable std::mutex mutex_;
  std::vector<Listener> listeners_;
  /// The highest level that anybody wants of the log, as a number; `nobody` if nobody wants any.
  std::atomic<int> level_ = nobody;
};

}  // namespace pixie::api
