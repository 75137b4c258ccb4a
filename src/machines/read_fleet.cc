#include "machines/read_fleet.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "wire/error.h"

namespace pixie::machines {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t settings_limit_bytes = 64U << 20;
constexpr std::size_t text_limit_bytes = 1U << 20;
constexpr std::size_t file_count_limit = 10'000;
constexpr std::string_view not_there = "is not in the scripts folder";

bool is_beneath(const fs::path& file, const fs::path& folder) {
  return std::ranges::mismatch(folder, file).in1 == folder.end();
}

/// The names that stand after `script =`, in remarks too: they are looked for before anything is parsed, so that a
/// change of a script is a change of the sources.
std::set<std::string> script_names(std::string_view toml) {
  constexpr std::string_view key = "script";
  constexpr auto none = std::string_view::npos;
  std::set<std::string> names;
  for (auto at = toml.find(key); at != none; at = toml.find(key, at)) {
    at += key.size();
    auto rest = toml.substr(at, std::min(toml.find('\n', at), toml.size()) - at);
    const auto equals = rest.find('=');
    if (equals == none || rest.substr(0, equals).find_first_not_of(" \t\"'") != none) continue;
    rest.remove_prefix(equals + 1);
    const auto begin = rest.find_first_not_of(" \t\"'");
    const auto quote = rest.find_first_of("\"'");
    if (begin == none || quote == none || quote > begin) continue;
    rest.remove_prefix(begin);
    names.emplace(rest.substr(0, rest.find_first_of("\"'")));
  }
  return names;
}

class FolderReader {
 public:
  explicit FolderReader(const std::string& folder) {
    std::error_code error;
    folder_ = fs::canonical(folder, error);
    if (error) add_unread(folder, "can't be read: " + error.message());
  }

  Sources sources() && {
    if (folder_.empty()) return std::move(sources_);
    take("pixie.toml", settings_limit_bytes, sources_.settings, true);
    for (const auto& name : names_below("pixie.d", false)) {
      if (name.ends_with(".toml")) take(name, settings_limit_bytes, sources_.settings);
    }
    for (const auto& name : names_below("templates", true))
      take(name, text_limit_bytes, sources_.texts);
    take_scripts();
    for (const auto& name : names_below("recipes", false)) {
      if (name.ends_with(".toml")) take(name, text_limit_bytes, sources_.recipes);
    }
    return std::move(sources_);
  }

 private:
  void take(const std::string& name, std::size_t limit, std::vector<SourceFile>& files,
            bool optional = false) {
    auto content = read(name, limit);
    if (content) {
      files.push_back({name, std::move(*content)});
    } else if (!optional || content.error().text != not_there) {
      add_unread(name, std::move(content.error().text));
    }
  }

  void take_scripts() {
    std::set<std::string> names;
    for (const auto& file : sources_.settings) names.merge(script_names(file.content));
    for (const auto& name : names) {
      auto content = read(name, text_limit_bytes);
      if (content) sources_.texts.push_back({name, std::move(*content)});
      if (!content)
        sources_.unread.push_back({name, std::move(content.error().text), /*script=*/true});
    }
  }

  /// The error is the end of a sentence that begins with the file's name.
  Expected<std::string> read(const std::string& name, std::size_t limit) const {
    std::error_code error;
    const auto file = fs::canonical(folder_ / name, error);
    if (error == std::errc::no_such_file_or_directory) return fail(std::string(not_there));
    if (error) return fail("can't be read: " + error.message());
    if (!is_beneath(file, folder_)) return fail("is a link that leads out of the scripts folder");
    // A pipe would wait for its writer.
    if (!fs::is_regular_file(file, error)) return fail("is no file");
    const auto size = fs::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) return fail(fmt::format("can't be read: {}", std::strerror(errno)));
    std::string content(std::min<std::uintmax_t>(size, limit) + 1, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (in.bad()) return fail("can't be read");
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (content.size() > limit) return fail(fmt::format("is larger than {} MiB", limit >> 20));
    return content;
  }

  /// The names of the files below `sub`, sorted.
  std::vector<std::string> names_below(const std::string& sub, bool deep) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder_ / sub, error), end; !error && at != end;
         at.increment(error)) {
      const auto name = at->path().filename().string();
      std::error_code gone;
      const bool is_folder = at->is_directory(gone);
      if (is_folder && (!deep || name.starts_with('.'))) at.disable_recursion_pending();
      if (is_folder || name.starts_with('.') || name.ends_with('~')) continue;
      if (names.size() == file_count_limit) {
        add_unread(sub, fmt::format("holds more than {} files", file_count_limit));
        break;
      }
      names.push_back(at->path().lexically_relative(folder_).string());
    }
    if (error && error != std::errc::no_such_file_or_directory)
      add_unread(sub, "can't be read: " + error.message());
    std::ranges::sort(names);
    return names;
  }

  void add_unread(const std::string& name, std::string why) {
    sources_.unread.push_back({name, std::move(why)});
  }

  fs::path folder_;
  Sources sources_;
};

}  // namespace

Sources read_sources(const std::string& folder) { return FolderReader(folder).sources(); }

std::size_t fingerprint(const Sources& sources) {
  std::size_t result = 0;
  const auto add = [&result](std::string_view text) {
    constexpr std::size_t odd = 0x9e3779b97f4a7c15U;  // Fibonacci hashing
    result = (result ^ std::hash<std::string_view>{}(text)) * odd + text.size();
  };
  for (const auto* files : {&sources.settings, &sources.texts, &sources.recipes,
                            &sources.generated.settings, &sources.generated.texts}) {
    for (const auto& [name, content] : *files) add(name), add(content);
    add("");
  }
  for (const auto& [name, why, script] : sources.unread) add(name), add(why);
  return result;
}

std::expected<std::shared_ptr<const Fleet>, std::vector<wire::Diagnostic>> read_fleet(
    const std::string& folder) {
  return Fleet::load(read_sources(folder));
}

}  // namespace pixie::machines
