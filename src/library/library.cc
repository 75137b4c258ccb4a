#include "library/library.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "images/file_source.h"
#include "images/read_index.h"
#include "library/partial.h"
#include "library/scan.h"
#include "tree/answer.h"

namespace pixie::library {
namespace {

using images::Image;
using images::ImageKind;
using std::chrono::steady_clock;

/// Changes on a network file system bring no event: they are found by looking.
constexpr auto look_time = std::chrono::seconds(30);
/// Of many images that are indexed one after the other, new ones are told this often.
constexpr auto publish_time = std::chrono::milliseconds(200);
constexpr std::time_t expiry_seconds = 24 * 60 * 60;

}  // namespace

Library::Library(std::string folder, std::string kept_folder, events::Stream& events)
    : folder_name_(std::move(folder)), kept_folder_(std::move(kept_folder)), events_(events) {
  open_folder();
}

Library::~Library() { stop(); }

void Library::open_folder() {
  folder_.reset();
  kept_.reset();
  watch_.reset();
  current_ = {};
  current_.folder = folder_name_;
  seen_.clear();
  if (folder_name_.empty()) return;
  folder_.emplace(folder_name_);
  kept_.emplace(kept_folder_, folder_name_);
  // First watched, then looked at: what changes meanwhile is looked at again. An unpacked image is one thing.
  watch_.emplace(folder_name_, [this](std::string_view path) {
    const auto place = current_.find(path);
    return !place || place->image.kind != ImageKind::folder;
  });
}

void Library::load() {
  loading_ = true;
  if (folder_) look();
  loading_ = false;
  publish();
  if (!folder_) return;
  kept_->clean(current_);
  const auto pending =
      std::ranges::count_if(current_.all, [](const auto& each) { return each.second.pending; });
  events_.emit(events::images_loaded,
               {{"folder", folder_name_}, {"images", current_.all.size()}, {"to_index", pending}});
}

void Library::start(Changed changed) {
  changed_ = std::move(changed);
  watch();
}

void Library::watch() {
  if (!watch_) return;
  thread_ = std::thread([this] {
    auto news = study();
    // When the watch was made it could not know yet which folders it should not enter.
    watch_->poke();
    while (news != News::stopped && watch_->wait(next_look()) != News::stopped) {
      look();
      publish();
      news = study();
    }
  });
}

void Library::stop() {
  if (!thread_.joinable()) return;
  watch_->stop();
  thread_.join();
}

Library::Snapshot Library::images() const {
  const std::lock_guard lock(mutex_);
  return images_;
}

void Library::follow(std::string folder) {
  if (folder == folder_name_) {
    if (watch_) watch_->poke();
    return;
  }
  stop();
  folder_name_ = std::move(folder);
  open_folder();
  load();
  watch();
}

/// Compares what is on disk with what is known.
void Library::look() {
  auto scanned = scan(*folder_);
  if (!scanned) {
    if (std::exchange(trouble_, scanned.error().text) != scanned.error().text)
      events_.emit(events::images_unreadable, {{"reason", scanned.error().text}});
    return;
  }
  trouble_.clear();
  remove_expired(*scanned);
  for (auto& [name, image] : scanned->all) {
    if (!carry_over(image)) take_new(image);
  }
  const bool removed = tell_removed(*scanned);
  const bool crowded = scanned->all.size() >= most_images && current_.all.size() < most_images;
  if (crowded) events_.emit(events::images_crowded, {});
  current_ = std::move(*scanned);
  if (removed) kept_->clean(current_);
}

/// False: this version of the image was not known before.
bool Library::carry_over(Image& image) {
  const auto found = current_.all.find(image.name);
  if (found == current_.all.end()) return false;
  const auto& known = found->second;
  if (known.file != image.file || known.kind != image.kind || known.stamp != image.stamp)
    return false;
  image.index = known.index;
  image.fault = known.fault;
  image.pending = known.pending;
  auto& seen = seen_[image.file];
  seen.retry = seen.unreadable;
  return true;
}

void Library::take_new(Image& image) {
  auto& seen = seen_[image.file];
  if (seen.stamp != image.stamp) seen.since = steady_clock::now();
  seen.stamp = image.stamp;
  seen.unreadable = seen.retry = false;
  if (image.kind == ImageKind::iso) image.index = kept_->find(image);
  const bool growing = !is_settled(image);
  image.pending = image.kind == ImageKind::iso ? image.index == nullptr : growing;
  if (image.pending && growing && !current_.all.contains(image.name))
    events_.emit(events::images_growing, {{"file", image.file}});
  if (!image.pending && image.kind != ImageKind::iso && !loading_) settle(image, nullptr, {}, 0);
}

/// Whether something is gone.
bool Library::tell_removed(const images::Images& now) {
  std::set<std::string_view> files;
  for (const auto& [name, image] : now.all) files.insert(image.file);
  bool any = false;
  for (const auto& [name, image] : current_.all) {
    if (files.contains(image.file)) continue;
    events_.emit(events::images_removed, {{"file", image.file}});
    seen_.erase(image.file);
    any = true;
  }
  return any;
}

/// Of an upload that nobody went on with.
void Library::remove_expired(images::Images& now) {
  const auto oldest = std::time(nullptr) - expiry_seconds;
  std::erase_if(now.uploads, [&](const images::PartialUpload& upload) {
    if (upload.modified >= oldest) return false;
    const auto slash = upload.file.rfind('/');
    const auto group = slash == std::string::npos ? "" : upload.file.substr(0, slash);
    const auto name = slash == std::string::npos ? upload.file : upload.file.substr(slash + 1);
    const auto opened = folder_->open(group);
    if (!opened || unlinkat(opened->file.number(), partial_name(name, upload.size).c_str(), 0) != 0)
      return false;
    events_.emit(events::images_upload_expired, {{"file", upload.file}});
    return true;
  });
}

/// Whether nobody seems to be writing it any more.
bool Library::is_settled(const Image& image) const {
  const auto& seen = seen_.find(image.file)->second;
  const auto age = std::chrono::seconds(std::time(nullptr) - image.modified);
  // Seen for long enough: a clock that was set back must not make it wait for ever.
  return steady_clock::now() - seen.since >= settle_time || (age > settle_time && !seen.restless);
}

Image* Library::next_due() {
  for (auto& [name, image] : current_.all) {
    const bool again = std::exchange(seen_.find(image.file)->second.retry, false);
    if (again || (image.pending && is_settled(image))) return &image;
  }
  return nullptr;
}

Library::TimePoint Library::next_look() const {
  auto when = steady_clock::now() + look_time;
  for (const auto& [name, image] : current_.all) {
    if (image.pending) when = std::min(when, seen_.find(image.file)->second.since + settle_time);
  }
  return when;
}

/// Indexes all that is due, one after the other.
Library::News Library::study() {
  auto published = steady_clock::now();
  while (auto* image = next_due()) {
    if (!index(*image)) look();
    if (steady_clock::now() - published > publish_time) {
      publish();
      published = steady_clock::now();
    }
    const auto news = watch_->wait(TimePoint());
    if (news == News::stopped) return news;
    if (news == News::changed) look();
  }
  publish();
  return News::nothing;
}

/// False: it is not the file any more that was looked at.
bool Library::index(Image& image) {
  if (image.kind != ImageKind::iso) {
    settle(image, nullptr, {}, 0);
    return true;
  }
  const auto opened = folder_->open(image.file);
  auto& seen = seen_.find(image.file)->second;
  seen.unreadable = !opened;
  if (!opened) {
    settle(image, nullptr, tree::refusal(opened.error(), image.file).text, 0);
    return true;
  }
  const auto began = steady_clock::now();
  const int number = opened->file.number();
  const auto source = images::FileSource::open(number);
  auto index = source ? images::read_index(*source) : std::unexpected(source.error());
  const std::chrono::duration<double> took = steady_clock::now() - began;
  struct stat after{};
  const bool same = fstat(number, &after) == 0 && images::Stamp::of(after) == image.stamp &&
                    images::Stamp::of(opened->status) == image.stamp;
  if (!same) {
    seen.restless = true;
    seen.since = steady_clock::now();
    return false;
  }
  settle(image, index ? std::move(*index) : nullptr, index ? "" : index.error().text, took.count());
  return true;
}

/// What became of the image is known: an index (of an ISO), a fault, or that it is served as it is.
void Library::settle(Image& image, std::shared_ptr<const images::Index> index, std::string fault,
                     double seconds) {
  image.pending = false;
  image.index = std::move(index);
  image.fault = std::move(fault);
  auto& told = seen_.find(image.file)->second.told;
  const bool news = std::exchange(told, image.fault) != image.fault;
  if (news || image.fault.empty()) tidings_.emplace_back(image, seconds);
  if (!image.index) return;
  if (const auto kept = kept_->keep(image); !kept)
    events_.emit(events::images_not_kept, {{"file", image.file}, {"reason", kept.error().text}});
}

void Library::tell(const Image& image, double seconds) {
  if (!image.fault.empty()) {
    events_.emit(events::images_failed, {{"file", image.file}, {"reason", image.fault}});
  } else if (!image.index) {
    events_.emit(
        events::images_found,
        {{"file", image.file}, {"kind", images::kind_name(image.kind)}, {"size", image.size}});
  } else {
    events_.emit(events::images_indexed, {{"file", image.file},
                                          {"name", image.name},
                                          {"format", image.index->format()},
                                          {"volume", image.index->volume_id()},
                                          {"files", image.index->files()},
                                          {"size", image.size},
                                          {"seconds", seconds}});
  }
}

/// What came about is told once it is so for everybody.
void Library::publish() {
  share();
  for (const auto& [image, seconds] : std::exchange(tidings_, {})) tell(image, seconds);
}

void Library::share() {
  const auto is_same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.file == b.second.file &&
           a.second.stamp == b.second.stamp && a.second.index == b.second.index &&
           a.second.fault == b.second.fault && a.second.pending == b.second.pending;
  };
  const auto before = images();
  if (before->folder == current_.folder && before->uploads == current_.uploads &&
      std::ranges::equal(before->all, current_.all, is_same))
    return;
  auto snapshot = std::make_shared<const images::Images>(current_);
  {
    const std::lock_guard lock(mutex_);
    images_ = snapshot;
  }
  if (changed_) changed_(snapshot);
}

}  // namespace pixie::library
