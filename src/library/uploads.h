// Images that come by the API, written on a thread of their own. What is not yet whole lies beside its place under a
// name of its own (partial.h), so that the rest can be sent later; what is whole takes its place by a rename.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "events/stream.h"
#include "images/upload.h"
#include "library/worker.h"
#include "tree/descriptor.h"
#include "tree/folder.h"

namespace pixie::library {

class Uploads;

/// One connection's part of an upload. May be used from any thread, one call at a time; Uploads outlives it.
class Upload {
 public:
  using Result = std::expected<images::UploadState, images::UploadFailure>;

  /// Writes the next bytes, which must live until `done` is called, from the uploads' thread. False: it failed, or no
  /// more is wanted.
  void write(std::string_view bytes, std::function<void(bool)> done);
  /// Nothing more comes. What is here stays; if that is all of the image, it takes its place.
  void end(std::function<void(Result)> done);

 private:
  friend class Uploads;
  Upload(Uploads& uploads, const images::UploadPart& part, tree::Opened group)
      : uploads_(uploads), part_(part), group_(std::move(group)) {}

  // On the uploads' thread.
  std::optional<images::UploadFailure> open();
  void write_now(std::string_view bytes);
  std::optional<images::UploadFailure> land();
  int take_place() const;
  images::UploadFailure failure(int error) const;

  Uploads& uploads_;
  const images::UploadPart part_;
  const tree::Opened group_;
  tree::Descriptor file_;
  std::uint64_t received_ = 0;
  std::optional<images::UploadFailure> failed_;
};

/// May be used from any thread. Whatever is called back is called from its own.
class Uploads {
 public:
  using Result = Upload::Result;
  using Begun = std::expected<std::shared_ptr<Upload>, images::UploadFailure>;

  /// `folder` may be empty: then nothing is taken.
  Uploads(std::string folder, events::Stream& events);

  /// Into another folder from now on.
  void follow(std::string folder);
  /// Takes a part that goes on where the bytes that are here end; one with offset 0 begins anew. Who sent a part of the
  /// same file before, and has not ended, is stopped, unless the part can't be taken.
  void begin(images::UploadPart part, std::function<void(Begun)> done);
  /// How much is here of a file of that size. What is whole, and is not sent by anybody, takes its place.
  void look_up(images::UploadPart part, std::function<void(Result)> done);
  /// Removes an image's file, or if there is none, what is here of it; whoever sends that is stopped.
  void remove(std::string file, std::function<void(std::optional<images::UploadFailure>)> done);

 private:
  friend class Upload;
  using Failure = images::UploadFailure;

  std::expected<tree::Opened, Failure> open_group(std::string_view file);
  /// Who sends what goes into a partial file of that name, beside `file`; null if nobody does.
  std::shared_ptr<Upload> sender(std::string_view file, std::string_view partial) const;
  Begun begin_now(const images::UploadPart& part);
  Result look_up_now(const images::UploadPart& part);
  std::optional<Failure> remove_now(const std::string& file);

  events::Stream& events_;
  // On the thread alone.
  std::optional<tree::Folder> folder_;
  /// Who goes on with which file, by the names of the partial files with their groups.
  std::map<std::string, std::weak_ptr<Upload>> active_;
  Worker worker_;
};

}  // namespace pixie::library
