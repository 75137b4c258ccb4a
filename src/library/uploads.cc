#include "library/uploads.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "library/partial.h"
#include "tree/answer.h"

namespace pixie::library {
namespace {

using images::UploadFailure;
using images::UploadPart;
using images::UploadState;
using Why = UploadFailure::Why;

/// The path of the group, and the name in it.
std::pair<std::string, std::string> split(std::string_view file) {
  const auto slash = file.rfind('/');
  if (slash == std::string_view::npos) return {"", std::string(file)};
  return {std::string(file.substr(0, slash)), std::string(file.substr(slash + 1))};
}

std::string name_of(const UploadPart& part) {
  return partial_name(split(part.file).second, part.size);
}

/// Of a partial file; 0 if there is none.
std::uint64_t size_of(int group, const std::string& name) {
  struct stat status{};
  const bool there = fstatat(group, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  return there && S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// Of a partial file, with its group.
std::string place_of(std::string_view file, std::string_view partial) {
  return fmt::format("{}/{}", split(file).first, partial);
}

/// Whether there is a file that the part must not take the place of.
bool is_kept_out(int group, const UploadPart& part) {
  struct stat status{};
  return part.only_new &&
         fstatat(group, split(part.file).second.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/// What the user that pixie runs as may still write; a lot if that is not known.
std::uint64_t room_in(int group) {
  struct statvfs status{};
  if (fstatvfs(group, &status) != 0) return std::uint64_t{1} << 62;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

UploadFailure no_room(const UploadPart& part, std::uint64_t received) {
  return {
      Why::no_room,
      fmt::format("There is no room for {} on the disk of the images folder: {} of its {} bytes "
                  "are here. Make room, then send the rest.",
                  part.file, received, part.size),
      received};
}

UploadFailure exists(const UploadPart& part, std::uint64_t received) {
  return {Why::exists, fmt::format("{} is there already.", part.file), received};
}

/// Why nothing can be put into a group; without a name: into the images folder itself.
std::string group_fault(const std::string& images_folder, const std::string& group, int error) {
  if (group.empty()) {
    return fmt::format("The images folder {} can't be used: {}.", images_folder,
                       std::strerror(error));
  }
  if (error == ENOENT || error == ENOTDIR)
    return fmt::format("There is no folder {} in the images folder: make it first.", group);
  return tree::refusal(error, group).text;
}

}  // namespace

void Upload::write(std::string_view bytes, std::function<void(bool)> done) {
  uploads_.worker_.post([this, bytes, done = std::move(done)] {
    write_now(bytes);
    done(!failed_);
  });
}

void Upload::end(std::function<void(Result)> done) {
  uploads_.worker_.post([this, done = std::move(done)] {
    if (!failed_ && received_ == part_.size) failed_ = land();
    const auto& file = part_.file;
    const auto size = part_.size;
    const bool whole = !failed_ && received_ == size;
    if (whole) {
      uploads_.events_.emit(events::images_uploaded, {{"file", file}, {"size", size}});
    } else if (failed_ || received_ < part_.offset + part_.length) {
      const auto reason = failed_ ? failed_->text : "the connection ended";
      uploads_.events_.emit(
          events::images_upload_ended,
          {{"file", file}, {"received", received_}, {"size", size}, {"reason", reason}});
    }
    file_ = {};
    if (failed_) return done(std::unexpected(*failed_));
    done(UploadState{.file = file, .received = received_, .size = size, .whole = whole});
  });
}

UploadFailure Upload::failure(int error) const {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return no_room(part_, received_);
  if (error == EEXIST) return exists(part_, received_);
  const bool forbidden = error == EACCES || error == EPERM || error == EROFS;
  return {
      forbidden ? Why::forbidden : Why::failed,
      fmt::format("{} can't be written: {}{}", part_.file, std::strerror(error),
                  forbidden ? ". The user that pixie runs as must be able to write to the images "
                              "folder."
                            : "."),
      received_};
}

std::optional<UploadFailure> Upload::open() {
  const auto name = name_of(part_);
  const int group = group_.file.number();
  received_ = size_of(group, name);
  if (is_kept_out(group, part_)) return exists(part_, received_);
  if (part_.offset != 0 && part_.offset != received_) {
    return UploadFailure{
        Why::offset,
        fmt::format("Of {} the first {} bytes are here: go on from there.", part_.file, received_),
        received_};
  }
  const auto room = room_in(group) + received_;
  if (room < part_.size) return no_room(part_, received_);
  const int begin_anew = part_.offset == 0 ? O_TRUNC : 0;
  file_ = tree::Descriptor(openat(
      group, name.c_str(),
      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | begin_anew, 0644));
  if (!file_) return failure(errno);
  received_ = part_.offset;
  return std::nullopt;
}

void Upload::write_now(std::string_view bytes) {
  while (!failed_ && !bytes.empty()) {
    const auto count = ::write(file_.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      failed_ = failure(errno);
      return;
    }
    received_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// On disk first, then in its place: no power failure leaves half an image there.
std::optional<UploadFailure> Upload::land() {
  if (fdatasync(file_.number()) != 0) return failure(errno);
  if (const int error = take_place()) return failure(error);
  fsync(group_.file.number());
  return std::nullopt;
}

/// The errno, or 0.
int Upload::take_place() const {
  const int group = group_.file.number();
  const auto partial = name_of(part_);
  const auto name = split(part_.file).second;
  if (part_.only_new) {
    if (renameat2(group, partial.c_str(), group, name.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL) return errno;
    // Not every file system can (renameat2(2); NFS can't): there a look must do.
    if (is_kept_out(group, part_)) return EEXIST;
  }
  return renameat(group, partial.c_str(), group, name.c_str()) == 0 ? 0 : errno;
}

Uploads::Uploads(std::string folder, events::Stream& events) : events_(events) {
  follow(std::move(folder));
}

void Uploads::follow(std::string folder) {
  worker_.post([this, folder = std::move(folder)] {
    folder_.reset();
    if (!folder.empty()) folder_.emplace(folder);
  });
}

void Uploads::begin(UploadPart part, std::function<void(Begun)> done) {
  worker_.post([this, part = std::move(part), done = std::move(done)] { done(begin_now(part)); });
}

std::expected<tree::Opened, UploadFailure> Uploads::open_group(std::string_view file) {
  if (!folder_) {
    return std::unexpected(
        UploadFailure{Why::forbidden, "There is no images folder: name one by --images.", 0});
  }
  const auto group = split(file).first;
  auto opened = folder_->open(group);
  if (opened && opened->is_folder()) return std::move(*opened);
  const int error = opened ? ENOTDIR : opened.error();
  return std::unexpected(
      UploadFailure{Why::forbidden, group_fault(folder_->path(), group, error), 0});
}

std::shared_ptr<Upload> Uploads::sender(std::string_view file, std::string_view partial) const {
  const auto found = active_.find(place_of(file, partial));
  auto upload = found == active_.end() ? nullptr : found->second.lock();
  return upload && upload->file_ && !upload->failed_ ? upload : nullptr;
}

Uploads::Begun Uploads::begin_now(const UploadPart& part) {
  auto group = open_group(part.file);
  if (!group) return std::unexpected(group.error());
  std::shared_ptr<Upload> upload(new Upload(*this, part, std::move(*group)));
  if (const auto failed = upload->open()) return std::unexpected(*failed);
  if (const auto before = sender(part.file, name_of(part))) {
    before->failed_ = UploadFailure{
        Why::superseded, fmt::format("Another connection sends {}.", part.file), before->received_};
  }
  std::erase_if(active_, [](const auto& each) { return each.second.expired(); });
  active_[place_of(part.file, name_of(part))] = upload;
  return upload;
}

void Uploads::look_up(UploadPart part, std::function<void(Result)> done) {
  worker_.post([this, part = std::move(part), done = std::move(done)] { done(look_up_now(part)); });
}

Uploads::Result Uploads::look_up_now(const UploadPart& part) {
  const auto group = open_group(part.file);
  if (!group) return std::unexpected(group.error());
  const int folder = group->file.number();
  const auto received = size_of(folder, name_of(part));
  if (is_kept_out(folder, part)) return std::unexpected(exists(part, received));
  if (room_in(folder) + received < part.size) return std::unexpected(no_room(part, received));
  UploadState state{.file = part.file, .received = received, .size = part.size};
  if (received < part.size || sender(part.file, name_of(part))) return state;
  // It came whole, and something kept it from taking its place.
  auto upload = begin_now({.file = part.file,
                           .offset = received,
                           .length = 0,
                           .size = part.size,
                           .only_new = part.only_new});
  if (!upload) return std::unexpected(upload.error());
  if (const auto failed = (*upload)->land()) return std::unexpected(*failed);
  events_.emit(events::images_uploaded, {{"file", part.file}, {"size", part.size}});
  state.whole = true;
  return state;
}

void Uploads::remove(std::string file, std::function<void(std::optional<UploadFailure>)> done) {
  worker_.post([this, file = std::move(file), done = std::move(done)] { done(remove_now(file)); });
}

std::optional<UploadFailure> Uploads::remove_now(const std::string& file) {
  const auto group = open_group(file);
  if (!group) return group.error();
  const int folder = group->file.number();
  const auto name = split(file).second;
  int error = unlinkat(folder, name.c_str(), 0) == 0 ? 0 : errno;
  if (error == ENOENT) {
    const std::unique_ptr<DIR, decltype([](DIR* stream) { closedir(stream); })> stream(
        fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    while (const dirent* each = stream ? readdir(stream.get()) : nullptr) {
      const auto partial = parse_partial(each->d_name);
      if (!partial || partial->name != name) continue;
      error = unlinkat(folder, each->d_name, 0) == 0 ? 0 : errno;
      if (const auto upload = sender(file, each->d_name); upload && error == 0) {
        upload->failed_ =
            UploadFailure{Why::superseded, fmt::format("{} was removed while it came.", file), 0};
      }
    }
  }
  if (error == ENOENT)
    return UploadFailure{Why::not_found, fmt::format("There is no {}.", file), 0};
  if (error != 0) {
    const auto why =
        error == EACCES || error == EPERM || error == EROFS ? Why::forbidden : Why::failed;
    return UploadFailure{why, fmt::format("{} can't be removed: {}.", file, std::strerror(error)),
                         0};
  }
  events_.emit(events::images_deleted, {{"file", file}});
  return std::nullopt;
}

}  // namespace pixie::library
