#include "app/fetch_command.h"

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/mirror_client.h"
#include "app/progress.h"
#include "app/signature.h"
#include "mirror/digest.h"
#include "mirror/location.h"
#include "net/http_client.h"
#include "sources/apt.h"
#include "sources/source.h"
#include "sources/sums.h"

namespace pixie::app {
namespace {

namespace fs = std::filesystem;
using sources::Source;

constexpr std::size_t witness_limit_bytes = 32 << 20;
constexpr std::string_view profile_mark = "# Written by pixie fetch";

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// As apt's configuration says; empty if it says nothing of this distribution.
std::string mirror_of_apt(const Source& source) {
  std::set<std::string> suites;
  for (const auto& [version, codename] : source.versions) suites.insert(codename);
  auto found = sources::apt_mirror(content_of("/etc/apt/sources.list"), false, suites);
  std::error_code error;
  for (const auto& file : fs::directory_iterator("/etc/apt/sources.list.d", error)) {
    const auto ending = file.path().extension();
    if (!found.empty() || (ending != ".list" && ending != ".sources")) continue;
    found = sources::apt_mirror(content_of(file.path()), ending == ".sources", suites);
  }
  return found;
}

Expected<http::Url> mirror_for(const Source& source, const FetchArguments& arguments) {
  auto text = arguments.from;
  if (text.empty() && source.apt) text = mirror_of_apt(source);
  if (text.empty()) {
    return fail(
        fmt::format("name a mirror of {} by --from URL, such as "
                    "https://mirror.example.org/{}/",
                    arguments.request, source.name.substr(0, source.name.find('-'))));
  }
  if (!text.ends_with('/')) text += '/';
  return mirror::url_named(text);
}

/// A toml basic string.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// One distribution's files, from a witness of their sums to the profile.
class Fetching {
 public:
  Fetching(Source source, http::Url mirror, const FetchArguments& arguments,
           const Settings& settings)
      : source_(std::move(source)),
        mirror_(std::move(mirror)),
        arguments_(arguments),
        settings_(settings) {}

  Expected<void> run() {
    fmt::print("{}\nfrom {}\n", source_.title, mirror_.text());
    if (auto may = may_write(); !may) return may;
    if (auto heard = hear_witnesses(); !heard) return heard;
    auto client = MirrorClient::open(settings_, mirror_.authority());
    if (!client) return std::unexpected(client.error());
    for (const auto* name : {&source_.kernel, &source_.initrd}) {
      if (auto fetched = fetch(**client, source_.folder + *name); !fetched) return fetched;
    }
    if (auto fetched = fetch_iso(**client); !fetched) return fetched;
    if (auto written = write_profile(); !written) return written;
    advise(**client);
    return {};
  }

 private:
  std::string profile_file() const {
    return fmt::format("{}/pixie.d/{}.toml", settings_.layout.scripts, source_.name);
  }

  Expected<void> may_write() const {
    const auto file = profile_file();
    if (arguments_.force || !fs::exists(file) || content_of(file).starts_with(profile_mark))
      return {};
    return fail(fmt::format("{} is not from pixie fetch: move it away, or say --force", file));
  }

  Expected<std::string> read(const std::string& file) const {
    const auto url = http::Url::parse(mirror_.text() + file);
    if (!url) return std::unexpected(url.error());
    const auto answer = client_.ask(
        {.url = *url}, {.time = std::chrono::seconds(60), .body_bytes = witness_limit_bytes});
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200)
      return fail(fmt::format("{}: HTTP status {}", url->text(), answer->status));
    return answer->body;
  }

  /// Each witness vouches for the next; the last one's sums stay.
  Expected<void> hear_witnesses() {
    for (const auto& witness : source_.witnesses) {
      auto text = read(witness.file);
      if (!text) return std::unexpected(text.error());
      auto note = vouched_by_ ? vouched(witness, *text) : introduced(witness, *text);
      if (!note) return fail(fmt::format("{}: {}", witness.file, note.error().text));
      say(witness.file, *note);
      vouched_by_ = &witness;
      sums_ = std::move(*text);
    }
    return {};
  }

  /// The first one, by its signature.
  Expected<std::string> introduced(const sources::Witness& witness, std::string& text) {
    if (witness.signature.empty()) {
      return fmt::format("no signature is published for it: {}", way());
    }
    std::optional<std::string> detached;
    if (witness.signature != "inline") {
      auto signature = read(witness.signature);
      if (!signature) return std::unexpected(signature.error());
      detached = std::move(*signature);
    }
    const auto keyring = arguments_.keyring.empty() ? witness.keyring : arguments_.keyring;
    auto checked = check_signature(text, detached, keyring);
    if (!checked) return std::unexpected(checked.error());
    text = std::move(checked->text);
    if (!checked->checked) return fmt::format("{}; {}", checked->note, way());
    return std::move(checked->note);
  }

  /// By the one before.
  Expected<std::string> vouched(const sources::Witness& witness, const std::string& text) const {
    const auto wanted = listed_sum(witness.file);
    if (!wanted) return std::unexpected(wanted.error());
    if (!*wanted) return fail(fmt::format("{} does not list it", vouched_by_->file));
    mirror::Sha256 hash;
    hash.add(text);
    if (const auto found = hash.hex(); found != **wanted)
      return fail(fmt::format("its SHA-256 is {}, not {}", found, **wanted));
    return fmt::format("as {} says", fs::path(vouched_by_->file).filename().string());
  }

  /// What the last witness says of a file below the mirror.
  Expected<std::optional<std::string>> listed_sum(std::string_view file) const {
    if (!vouched_by_) return std::optional<std::string>();
    if (file.starts_with(vouched_by_->names)) file.remove_prefix(vouched_by_->names.size());
    return sources::sum_of(sums_, file);
  }

  Expected<void> fetch(MirrorClient& client, const std::string& file) {
    const auto url = mirror::url_named(mirror_.text() + file);
    if (!url) return std::unexpected(url.error());
    const auto wanted = listed_sum(file);
    if (!wanted) return std::unexpected(wanted.error());
    if (!*wanted && !source_.unlisted)
      return fail(fmt::format("{} is not listed in {}", file, vouched_by_->file));
    const auto fetched = client.fetch(*url, wanted->value_or(""));
    if (!fetched) return std::unexpected(fetched.error());
    say(file, *wanted ? "as listed" : fmt::format("its sum is published nowhere: {}", way()));
    files_.push_back({mirror::path_of(*url), fetched->sha256});
    return {};
  }

  /// What the installer itself loads, by its name in the command line.
  Expected<void> fetch_iso(MirrorClient& client) {
    if (source_.iso.empty()) return {};
    const auto iso = sources::name_like(sums_, source_.iso);
    if (iso.empty()) return fail(fmt::format("{} lists no {}", vouched_by_->file, source_.iso));
    source_.cmdline = sources::with(source_.cmdline, "iso", iso);
    return fetch(client, vouched_by_->names + iso);
  }

  std::string profile_text() const {
    const auto mirror = fmt::format("{{{{server}}}}{}", mirror::path_of(mirror_));
    const auto cmdline = sources::with(source_.cmdline, "mirror", mirror);
    std::string sums;
    for (const auto& [path, sha256] : files_)
      sums += fmt::format("{}{} = \"{}\"", sums.empty() ? "" : ", ", toml_string(path), sha256);
    return fmt::format(
        "{} {} on {:%F}, which writes it anew when it is said again.\n# From {}\n"
        "[profiles.{}]\ntitle = {}\nmenu = true\nmenu-group = \"Installers\"\n"
        "kernel = {}\ninitrd = {}\n{}sha256 = {{ {} }}\n",
        profile_mark, arguments_.request, fmt::gmtime(std::time(nullptr)), mirror_.text(),
        toml_string(source_.name), toml_string(source_.title), toml_string(files_[0].path),
        toml_string(files_[1].path),
        cmdline.empty() ? "" : fmt::format("cmdline = {}\n", toml_string(cmdline)), sums);
  }

  Expected<void> write_profile() const {
    const fs::path file = profile_file();
    // A name that does not end in .toml is not read.
    const auto fresh = fs::path(file).replace_extension(".new");
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << profile_text();
    out.close();
    if (out) fs::rename(fresh, file, error);
    if (out && !error) return {};
    return fail(fmt::format("{} can't be written", file.string()));
  }

  void advise(const MirrorClient& client) const {
    fmt::print("Wrote {}: the profile {}, in the menu.\n", profile_file(), source_.name);
    if (settings_.mirror.allows(mirror_) || client.is_running()) return;
    fmt::print("Machines get the files if pixie is started with --mirror {}\n",
               mirror_.authority());
  }

  /// What protects what nobody vouches for.
  std::string_view way() const {
    return mirror_.secure ? "only HTTPS protects it" : "NOTHING PROTECTS IT on its way";
  }

  static void say(std::string_view file, std::string_view note) {
    fmt::print("  {}: {}\n", file.substr(file.rfind('/') + 1), note);
  }

  struct File {
    std::string path;
    std::string sha256;
  };

  Source source_;
  const http::Url mirror_;
  const FetchArguments& arguments_;
  const Settings& settings_;
  const net::HttpClient client_;
  const sources::Witness* vouched_by_ = nullptr;
  std::string sums_;
  /// Kernel and initrd, then what else has a sum.
  std::vector<File> files_;
};

void list(const std::vector<Source>& known) {
  fmt::print("pixie fetch NAME/VERSION [--from URL] [--arch NAME] [--keyring FILE]\n\n");
  for (const auto& source : known) {
    std::string versions;
    for (const auto& [version, codename] : source.versions)
      versions += fmt::format("{}{} ({})", versions.empty() ? "" : ", ", version, codename);
    std::string arches;
    for (const auto& [arch, theirs] : source.arches) arches += (arches.empty() ? "" : ", ") + arch;
    fmt::print("{:14} {:50} {}\n", source.name, versions.empty() ? "any version" : versions,
               arches);
  }
}

Outcome<void> run(const FetchArguments& arguments, const Settings& settings) {
  const auto known = sources::parse_sources(sources::embedded_sources());
  if (!known) return failed(failure, known.error().text);
  if (arguments.request.empty()) {
    list(*known);
    return {};
  }
  auto chosen = sources::choose_source(*known, arguments.request, arguments.arch);
  if (!chosen) return failed(usage, chosen.error().text);
  auto mirror = mirror_for(*chosen, arguments);
  if (!mirror) return failed(usage, mirror.error().text);
  if (settings.layout.scripts.empty())
    return failed(usage, "fetch: name the scripts folder, where the profile will be: -d DIR");
  const auto done = Fetching(std::move(*chosen), std::move(*mirror), arguments, settings).run();
  if (!done) return failed(failure, done.error().text);
  return {};
}

}  // namespace

int fetch_command(const FetchArguments& arguments, const Settings& settings) {
  const auto done = run(arguments, settings);
  return done ? success : complain(done.error());
}

}  // namespace pixie::app
