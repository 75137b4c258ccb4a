#include "app/mirror_command.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/mirror_client.h"
#include "app/progress.h"
#include "mirror/location.h"
#include "mirror/verify.h"

namespace pixie::app {
namespace {

using mirror::Folder;

std::string age_text(std::int64_t seconds) {
  constexpr std::int64_t minute = 60;
  constexpr std::int64_t hour = 60 * minute;
  constexpr std::int64_t day = 24 * hour;
  if (seconds < 2 * minute) return fmt::format("{} s", std::max<std::int64_t>(seconds, 0));
  if (seconds < 2 * hour) return fmt::format("{} min", seconds / minute);
  if (seconds < 2 * day) return fmt::format("{} h", seconds / hour);
  return fmt::format("{} d", seconds / day);
}

Outcome<std::vector<Folder::Described>> entries_of(const Folder& folder, const Settings& settings) {
  std::error_code error;
  if (!std::filesystem::exists(settings.mirror_folder, error)) {
    return failed(usage,
                  fmt::format("there is no mirror in {}: name its folder by --mirror-dir, or "
                              "--state",
                              settings.mirror_folder));
  }
  auto entries = folder.read();
  if (!entries) return failed(failure, entries.error().text);
  return std::move(*entries);
}

int list(const Settings& settings) {
  const auto entries = entries_of(Folder(settings.mirror_folder), settings);
  if (!entries) return complain(entries.error());
  const auto now = std::time(nullptr);
  std::uint64_t total = 0;
  fmt::print("{:>9}  {:>7}  {:10}  URL\n", "SIZE", "USED", "STATE");
  for (const auto& [entry, used] : *entries) {
    const auto state =
        !entry.whole()
            ? fmt::format("{:.0f} %", entry.size == 0 ? 0.0
                                                      : 100.0 * static_cast<double>(entry.have) /
                                                            static_cast<double>(entry.size))
        : entry.is_fresh(now) ? "fresh"
                              : "validate";
    fmt::print("{:>9}  {:>7}  {:10}  {}\n", size_text(entry.size), age_text(now - used), state,
               entry.url);
    total += entry.have;
  }
  fmt::print("{} files, {}\n", entries->size(), size_text(total));
  return success;
}

int verify(const Settings& settings) {
  const Folder folder(settings.mirror_folder);
  const auto entries = entries_of(folder, settings);
  if (!entries) return complain(entries.error());
  std::size_t sound = 0;
  std::size_t damaged = 0;
  for (const auto& [entry, used] : *entries) {
    if (!entry.whole()) continue;
    switch (mirror::verify(folder, entry)) {
      case mirror::Soundness::sound:
        ++sound;
        break;
      case mirror::Soundness::damaged:
        ++damaged;
        fmt::print("damaged, removed: {}\n", entry.url);
        break;
      case mirror::Soundness::gone:
        break;
    }
  }
  fmt::print("{} sound, {} damaged\n", sound, damaged);
  return damaged == 0 ? success : failure;
}

int fetch(const std::vector<std::string>& texts, const Settings& settings) {
  std::vector<http::Url> urls;
  std::string hosts;
  for (const auto& text : texts) {
    auto url = mirror::url_named(text);
    if (!url) return complain(usage, url.error());
    hosts += fmt::format("{}{}", hosts.empty() ? "" : ",", url->authority());
    urls.push_back(std::move(*url));
  }
  const auto client = MirrorClient::open(settings, hosts);
  if (!client) return complain(failure, client.error());
  int result = success;
  for (const auto& url : urls) {
    const auto fetched = (*client)->fetch(url, {});
    if (fetched) {
      fmt::print("{}  {}\n", fetched->sha256, mirror::path_of(url));
    } else {
      result = complain(failure, fetched.error());
    }
  }
  return result;
}

}  // namespace

int mirror_command(const MirrorArguments& arguments, const Settings& settings) {
  switch (arguments.action) {
    case MirrorArguments::Action::fetch:
      return fetch(arguments.urls, settings);
    case MirrorArguments::Action::verify:
      return verify(settings);
    default:
      return list(settings);
  }
}

}  // namespace pixie::app
