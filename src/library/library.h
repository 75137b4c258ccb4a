// Keeps the images as they are in their folder: watches it, indexes what is new, and gives out what is known as one
// immutable snapshot after another. On a thread of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "events/stream.h"
#include "images/image.h"
#include "library/kept.h"
#include "net/folder_watch.h"
#include "tree/folder.h"

namespace pixie::library {

/// A file is read when it has not changed for so long: until then somebody may be copying it.
inline constexpr auto settle_time = std::chrono::seconds(2);

class Library {
 public:
  using Snapshot = std::shared_ptr<const images::Images>;
  /// Called with each new snapshot.
  using Changed = std::function<void(const Snapshot& images)>;

  /// `folder` may be empty: then there are no images. Indexes are kept in `kept_folder`, if it can be written to.
  Library(std::string folder, std::string kept_folder, events::Stream& events);
  ~Library();

  /// Looks at what is there; what was indexed before is usable at once.
  void load();
  /// Begins to index and to watch. `changed` is called by the watching thread, and by follow().
  void start(Changed changed);
  /// Watches no more.
  void stop();

  /// From any thread.
  Snapshot images() const;
  /// Watches another folder from now on, or looks anew at the same. Not from the watching thread.
  void follow(std::string folder);

 private:
  using TimePoint = net::FolderWatch::TimePoint;
  using News = net::FolderWatch::News;
  /// What is remembered of a file from one look to the next.
  struct Seen {
    images::Stamp stamp;
    /// Since when it is as it is.
    TimePoint since;
    /// It changed while it was read, whatever its time of change says.
    bool restless = false;
    /// The fault that was told last.
    std::string told;
    /// It could not be opened: it is tried again after each look, although it did not change.
    bool unreadable = false;
    bool retry = false;
  };

  void open_folder();
  void watch();
  void look();
  bool carry_over(images::Image& image);
  void take_new(images::Image& image);
  bool tell_removed(const images::Images& now);
  void remove_expired(images::Images& now);
  News study();
  images::Image* next_due();
  TimePoint next_look() const;
  bool is_settled(const images::Image& image) const;
  bool index(images::Image& image);
  void settle(images::Image& image, std::shared_ptr<const images::Index> index, std::string fault,
              double seconds);
  void tell(const images::Image& image, double seconds);
  void publish();
  void share();

  std::string folder_name_;
  const std::string kept_folder_;
  events::Stream& events_;
  Changed changed_;

  mutable std::mutex mutex_;
  Snapshot images_ = std::make_shared<const images::Images>();

  // The watching thread's own, once there is one.
  std::optional<tree::Folder> folder_;
  std::optional<Kept> kept_;
  std::optional<net::FolderWatch> watch_;
  images::Images current_;
  std::map<std::string, Seen, std::less<>> seen_;
  /// What became of images, with how long it took, and is not told yet.
  std::vector<std::pair<images::Image, double>> tidings_;
  std::string trouble_;
  /// Images that are there from the start are told of all together.
  bool loading_ = false;
  std::thread thread_;
};

}  // namespace pixie::library
