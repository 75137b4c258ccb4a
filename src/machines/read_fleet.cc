#include "machines/read_fleet.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace pixie::machines {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t settings_limit_bytes = 64U << 20;
constexpr std::size_t text_limit_bytes = 1U << 20;
constexpr std::size_t file_count_limit = 10'000;

bool is_beneath(const fs::path& file, const fs::path& folder) {
  return std::ranges::mismatch(folder, file).in1 == folder.end();
}

/// Reads one after the other what is beneath a folder. What can't be read is a mistake, and left out.
class FolderReader {
 public:
  explicit FolderReader(const fs::path& folder) : folder_(fs::canonical(folder, none_)) {}

  /// The error is the end of a sentence that begins with the file's name.
  Expected<std::string> read(const std::string& name, std::size_t limit) const {
    std::error_code error;
    const auto file = fs::canonical(folder_ / name, error);
    if (error == std::errc::no_such_file_or_directory) return fail("is not in the scripts folder");
    if (error) return fail("can't be read: " + error.message());
    if (!is_beneath(file, folder_)) return fail("is a link that leads out of the scripts folder");
    // A pipe would wait for its writer.
    if (!fs::is_regular_file(file, error)) return fail("is no file");
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(fmt::format("can't be read: {}", std::strerror(errno)));
    const auto size = fs::file_size(file, error);
    std::string content(std::min<std::uintmax_t>(error ? 0 : size, limit) + 1, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (in.bad()) return fail("can't be read");
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (content.size() > limit) return fail(fmt::format("is larger than {} MiB", limit >> 20));
    fingerprint_ = std::hash<std::string>{}(fmt::format("{} {} {} ", fingerprint_, name, size)) ^
                   std::hash<std::string>{}(content);
    return content;
  }

  /// Of all that was read.
  std::size_t fingerprint() const { return fingerprint_; }

  void add(const std::string& name, std::size_t limit, std::vector<SourceFile>& files) {
    if (auto content = read(name, limit)) {
      files.push_back({name, std::move(*content)});
    } else {
      add_mistake(name, fmt::format("{} {}", name, content.error().text));
    }
  }

  /// The names of the files below `sub`, sorted, without hidden ones and editors' copies (`x~`).
  std::vector<std::string> names_below(const std::string& sub, bool deep) {
    std::vector<std::string> names;
    std::error_code error;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(folder_ / sub, options, error), end; at != end;
         at.increment(error)) {
      const auto name = at->path().filename().string();
      const bool is_folder = at->is_directory(none_);
      if (is_folder && (!deep || name.starts_with('.'))) at.disable_recursion_pending();
      if (is_folder || name.starts_with('.') || name.ends_with('~')) continue;
      names.push_back(at->path().lexically_relative(folder_).string());
      if (names.size() == file_count_limit) {
        add_mistake(sub, fmt::format("{} holds more than {} files", sub, file_count_limit));
        break;
      }
    }
    if (error && error != std::errc::no_such_file_or_directory)
      add_mistake(sub, fmt::format("{} can't be read: {}", sub, error.message()));
    std::ranges::sort(names);
    return names;
  }

  bool has(const std::string& name) const {
    return fs::symlink_status(folder_ / name, none_).type() != fs::file_type::not_found;
  }
  std::vector<wire::Diagnostic>& mistakes() { return mistakes_; }

 private:
  void add_mistake(const std::string& file, std::string text) {
    mistakes_.push_back({.file = file, .text = std::move(text), .excerpt = {}});
  }

  mutable std::error_code none_;
  mutable std::size_t fingerprint_ = 0;
  fs::path folder_;
  std::vector<wire::Diagnostic> mistakes_;
};

Sources sources_of(FolderReader& reader) {
  Sources sources;
  if (reader.has("pixie.toml")) reader.add("pixie.toml", settings_limit_bytes, sources.settings);
  for (const auto& name : reader.names_below("pixie.d", false)) {
    if (name.ends_with(".toml")) reader.add(name, settings_limit_bytes, sources.settings);
  }
  for (const auto& name : reader.names_below("templates", true))
    reader.add(name, text_limit_bytes, sources.texts);
  sources.read_script = [&reader](const std::string& name) {
    return reader.read(name, text_limit_bytes);
  };
  return sources;
}

}  // namespace

std::expected<std::shared_ptr<const Fleet>, std::vector<wire::Diagnostic>> read_fleet(
    const std::string& folder, std::size_t* fingerprint) {
  FolderReader reader(folder);
  const auto sources = sources_of(reader);
  auto fleet = Fleet::load(sources);
  auto& mistakes = reader.mistakes();
  if (fingerprint) {
    *fingerprint = reader.fingerprint();
    for (const auto& mistake : mistakes) *fingerprint ^= std::hash<std::string>{}(mistake.text);
  }
  if (mistakes.empty()) return fleet;
  if (!fleet) std::ranges::move(fleet.error(), std::back_inserter(mistakes));
  return std::unexpected(std::move(mistakes));
}

}  // namespace pixie::machines
