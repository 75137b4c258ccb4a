#include "app/check.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/images_now.h"
#include "machines/decide.h"
#include "machines/fleet.h"
#include "tree/answer.h"
#include "tree/folder.h"
#include "wire/diagnostic.h"

namespace pixie::app {
namespace {

namespace fs = std::filesystem;
using wire::Diagnostic;

/// Only what it looks like matters.
const machines::Here some_here{.server = "http://192.0.2.1",
                               .host = "192.0.2.1",
                               .callback = "http://192.0.2.1/api/v1/machines/mac/done?token=0"};

class Check {
 public:
  Check(const std::string& folder, FleetNow now)
      : folder_(folder),
        fleet_(machines::Fleet::load(now.sources)),
        of_recipes_(std::move(now.mistakes)) {}

  std::vector<Diagnostic> mistakes() {
    auto all = of_recipes_;
    if (!fleet_) std::ranges::copy(fleet_.error(), std::back_inserter(all));
    scripts(all);
    if (fleet_) rules(all);
    if (fleet_) rendering(all);
    return all;
  }

  std::string summary() const {
    const auto& fleet = **fleet_;
    return fmt::format(
        "pixie.toml: {}, {}, {}; {}, {}: no mistakes\n",
        counted(fleet.profiles().size(), "profile"), counted(fleet.rules().size(), "rule"),
        counted(fleet.machines().size(), "machine"), counted(fleet.text_names().size(), "template"),
        counted(own_scripts_, "machine's own script", "machines' own scripts"));
  }

 private:
  static std::string counted(std::size_t count, std::string_view one, std::string_view many = "") {
    if (count == 1) return fmt::format("1 {}", one);
    return many.empty() ? fmt::format("{} {}s", count, one) : fmt::format("{} {}", count, many);
  }

  void scripts(std::vector<Diagnostic>& mistakes) {
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      auto name = entry.path().filename().string();
      if (name.ends_with(".ipxe") && entry.is_regular_file(error)) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    for (const auto& name : names) script(name, mistakes);
  }

  /// `52-54-00-12-34-5`: one or two hexadecimal digits at a time, as only MAC addresses are written (no UUID is).
  static bool is_like_mac(std::string_view name) {
    std::size_t marks = 0;
    std::size_t digits = 0;
    for (const char c : name) {
      if (c == '-' || c == ':') {
        ++marks;
        digits = 0;
      } else if (std::isxdigit(static_cast<unsigned char>(c)) == 0 || ++digits > 2) {
        return false;
      }
    }
    return marks >= 4;
  }

  /// One that pixie serves by itself: a machine's own, default.ipxe, chain.ipxe.
  void script(const std::string& name, std::vector<Diagnostic>& mistakes) {
    constexpr std::string_view ending = ".ipxe";
    const auto stem = name.substr(0, name.size() - ending.size());
    const auto mac = wire::Mac::parse(stem);
    if (!mac && is_like_mac(stem)) {
      mistakes.push_back({.file = name,
                          .text = fmt::format("no machine asks for it: {} is no MAC address such "
                                              "as 52-54-00-12-34-56",
                                              stem),
                          .excerpt = {}});
    }
    if (mac) {
      ++own_scripts_;
      if (const auto asked = mac->hyphens() + ".ipxe"; asked != name) {
        mistakes.push_back({.file = name,
                            .text = fmt::format("this machine asks for {}; rename the file", asked),
                            .excerpt = {}});
      }
    } else if (name != "default.ipxe" && name != "chain.ipxe") {
      return;
    }
    // As it is opened for a machine.
    const auto opened = served_.open(name);
    if (!opened) {
      auto why = tree::refusal(opened.error(), name).text;
      return mistakes.push_back({.file = name, .text = std::move(why), .excerpt = {}});
    }
    constexpr std::size_t excerpt_limit_bytes = 200;
    std::string line(excerpt_limit_bytes, '\0');
    const auto count = pread(opened->file.number(), line.data(), line.size(), 0);
    line.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (line.starts_with("#!ipxe")) return;
    mistakes.push_back({.file = name,
                        .line = 1,
                        .column = 1,
                        .text = "an iPXE script begins with a line #!ipxe",
                        .excerpt = line.substr(0, line.find_first_of("\r\n"))});
  }

  void rules(std::vector<Diagnostic>& mistakes) const {
    for (const auto& rule : (*fleet_)->rules()) {
      const auto& [file, line, column] = rule.place;
      if (auto why = machines::unfit(**fleet_, rule))
        mistakes.push_back({.file = file, .line = line, .column = column, .text = std::move(*why)});
    }
  }

  /// Mistakes that many machines share are told once.
  void rendering(std::vector<Diagnostic>& mistakes) {
    for (const auto& [mac, machine] : (*fleet_)->machines()) {
      if (!machine.profile.empty()) render(mac);
    }
    for (auto& [place, found] : found_) {
      auto& [mistake, first, others] = found;
      mistake.text +=
          fmt::format(" (for {}{})", first.colons(),
                      others == 0 ? "" : fmt::format(" and {}", counted(others, "other")));
      mistakes.push_back(std::move(mistake));
    }
  }

  void render(const wire::Mac& mac) {
    const auto& fleet = **fleet_;
    machines::Identity identity;
    identity.learn(machines::Fact::mac, mac.colons(), machines::Source::configured);
    const auto decision = machines::decide(fleet, {.identity = identity});
    const machines::Variables variables(identity, decision, nullptr, some_here);
    const auto script = machines::boot_script(*decision.profile, decision, variables, some_here);
    if (!script) note(mac, script.error());
    const auto urls = machines::urls_of(*decision.profile, variables, some_here);
    for (const auto& url : urls.value_or(std::vector<std::string>())) {
      const auto prefix = some_here.server + "/t/";
      if (!url.starts_with(prefix)) continue;
      const auto name = url.substr(prefix.size(), url.find('?') - prefix.size());
      const auto* text = fleet.text(name);
      if (!text) {
        note(mac, {.file = decision.profile->place.file,
                   .line = decision.profile->place.line,
                   .column = decision.profile->place.column,
                   .text = fmt::format("profile {} wants /t/{}, but there is no templates/{}",
                                       decision.profile->name, name, name),
                   .excerpt = {}});
      } else if (const auto rendered = text->render(variables.scope(), script::Reader::text);
                 !rendered) {
        note(mac, rendered.error());
      }
    }
  }

  void note(const wire::Mac& mac, const Diagnostic& mistake) {
    auto [found, added] =
        found_.try_emplace(std::tuple(mistake.file, mistake.line, mistake.column, mistake.text),
                           Found{.mistake = mistake, .first = mac});
    if (added) return;
    found->second.first = std::min(found->second.first, mac);
    ++found->second.others;
  }

  struct Found {
    Diagnostic mistake;
    wire::Mac first;
    std::size_t others = 0;
  };

  const std::string folder_;
  tree::Folder served_{folder_};
  const std::expected<std::shared_ptr<const machines::Fleet>, std::vector<Diagnostic>> fleet_;
  const std::vector<Diagnostic> of_recipes_;
  std::size_t own_scripts_ = 0;
  std::map<std::tuple<std::string, std::size_t, std::size_t, std::string>, Found> found_;
};

}  // namespace

bool check_folder(const std::string& folder, const std::string& images,
                  const roms::Catalogue& catalogue, std::ostream& out) {
  const auto there = images_now(images);
  if (!there) out << there.error().text << '\n';
  Check check(folder, fleet_now(folder, there.value_or(images::Images()), catalogue));
  const auto mistakes = check.mistakes();
  for (const auto& mistake : mistakes) out << mistake.with_caret();
  if (mistakes.empty()) {
    out << check.summary();
  } else {
    out << fmt::format("{} {}\n", mistakes.size(), mistakes.size() == 1 ? "mistake" : "mistakes");
  }
  return mistakes.empty();
}

}  // namespace pixie::app
