#include "mirror/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "mirror/digest.h"

namespace pixie::mirror {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view lock_name = "lock";
constexpr mode_t file_mode = 0644;
constexpr std::string_view new_ending = ".new";
constexpr std::size_t key_digits = 32;
constexpr std::size_t data_digits = 16;

std::string key_of(const std::string& url) {
  Sha256 hash;
  hash.add(url);
  return hash.hex().substr(0, key_digits);
}

std::string data_name(const Entry& entry) {
  return fmt::format("{}.{}", key_of(entry.url), entry.data);
}

std::string description_name(const Entry& entry) {
  return fmt::format("{}.{}", key_of(entry.url), entry.whole() ? "whole" : "part");
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// Whether it is a name that is given here. Whatever has another one is somebody's own.
bool is_ours(std::string_view name) {
  if (name.ends_with(new_ending)) name.remove_suffix(new_ending.size());
  const auto key = name.substr(0, name.find('.'));
  if (key.size() == name.size() || !is_hex(key, key_digits)) return false;
  const auto ending = name.substr(key.size() + 1);
  return ending == "whole" || ending == "part" || is_hex(ending, data_digits);
}

std::unexpected<Error> failed(const std::string& what) {
  return fail(fmt::format("{}: {}", what, std::strerror(errno)));
}

/// Nothing if it is no description.
std::optional<Entry> read_description(const fs::path& path) {
  const tree::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text(entry_limit_bytes + 1, '\0');
  const auto count = file ? pread(file.number(), text.data(), text.size(), 0) : -1;
  if (count < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(count));
  auto entry = parse_entry(text);
  // A copy under another name is none of ours.
  if (!entry || description_name(*entry) != path.filename()) return std::nullopt;
  return std::move(*entry);
}

/// A crash can leave the part's description beside that of the whole which it became: both speak of the same bytes.
void pass_over_finished_parts(std::vector<Folder::Described>& found) {
  std::set<std::string> whole;
  for (const auto& [entry, used] : found) {
    if (entry.whole()) whole.insert(data_name(entry));
  }
  std::erase_if(found, [&](const Folder::Described& described) {
    return !described.entry.whole() && whole.contains(data_name(described.entry));
  });
}

/// A file that another user's pixie will use is that user's: the folder's owner.
void give_to_owner_of(const std::string& folder, const tree::Descriptor& file) {
  struct stat status;
  if (geteuid() != 0 || stat(folder.c_str(), &status) != 0) return;
  std::ignore = fchown(file.number(), status.st_uid, status.st_gid);
}

}  // namespace

Expected<std::optional<Folder>> Folder::take(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  Folder folder(path);
  const auto name = folder.file(lock_name);
  folder.lock_ =
      tree::Descriptor(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (!folder.lock_) return failed(name);
  give_to_owner_of(path, folder.lock_);
  if (flock(folder.lock_.number(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(folder));
  if (errno == EWOULDBLOCK) return std::optional<Folder>();
  return failed(name);
}

std::string Folder::file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

Expected<std::vector<Folder::Described>> Folder::read() const {
  std::vector<Described> found;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(path_, error)) {
    const auto ending = file.path().extension();
    if (ending != ".whole" && ending != ".part") continue;
    const auto entry = read_description(file.path());
    struct stat data;
    struct stat description;
    if (!entry || stat(this->file(data_name(*entry)).c_str(), &data) != 0 ||
        stat(file.path().c_str(), &description) != 0)
      continue;
    const auto size = static_cast<std::uint64_t>(data.st_size);
    if (entry->whole() ? size != entry->size : size < entry->have) continue;
    found.push_back({*entry, description.st_mtime});
  }
  if (error) return fail(fmt::format("{} can't be read: {}", path_, error.message()));
  pass_over_finished_parts(found);
  std::ranges::sort(found, std::greater(), &Described::used);
  return found;
}

void Folder::keep_only(const std::vector<Described>& known) const {
  std::set<std::string> names;
  for (const auto& [entry, used] : known) {
    names.insert(data_name(entry));
    names.insert(description_name(entry));
  }
  std::error_code error;
  for (const auto& file : fs::directory_iterator(path_, error)) {
    std::error_code ignored;
    const auto name = file.path().filename().string();
    if (is_ours(name) && !names.contains(name) && file.is_regular_file(ignored))
      fs::remove(file.path(), ignored);
  }
}

Expected<tree::Descriptor> Folder::make_data(Entry& entry) const {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return failed("getrandom");
  entry.data = fmt::format("{:016x}", number);
  const auto name = file(data_name(entry));
  tree::Descriptor made(open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, file_mode));
  if (!made) return failed(name);
  give_to_owner_of(path_, made);
  return made;
}

std::optional<tree::Descriptor> Folder::open_data(const Entry& entry, bool writable) const {
  const int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;
  tree::Descriptor opened(open(file(data_name(entry)).c_str(), flags));
  if (!opened) return std::nullopt;
  return opened;
}

void Folder::remove_data(const Entry& entry) const { unlink(file(data_name(entry)).c_str()); }

Expected<void> Folder::describe(const Entry& entry) const {
  return replace(description_name(entry), text_of(entry));
}

Expected<void> Folder::replace(const std::string& name, std::string_view content) const {
  const auto to = file(name);
  const auto from = fmt::format("{}{}", to, new_ending);
  const tree::Descriptor made(
      open(from.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (!made) return failed(from);
  give_to_owner_of(path_, made);
  const auto count = write(made.number(), content.data(), content.size());
  if (count != static_cast<ssize_t>(content.size()) || fsync(made.number()) != 0 ||
      rename(from.c_str(), to.c_str()) != 0)
    return failed(to);
  // The name, too, is to outlive a crash.
  const tree::Descriptor folder(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || fsync(folder.number()) != 0) return failed(path_);
  return {};
}

void Folder::remove_description(const Entry& entry) const {
  unlink(file(description_name(entry)).c_str());
}

void Folder::note_use(const Entry& entry, std::int64_t when) const {
  const std::array<timespec, 2> times{timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                                      timespec{.tv_sec = when, .tv_nsec = 0}};
  utimensat(AT_FDCWD, file(description_name(entry)).c_str(), times.data(), 0);
}

std::uint64_t Folder::free_bytes() const {
  struct statvfs status;
  if (statvfs(path_.c_str(), &status) != 0) return 0;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace pixie::mirror
