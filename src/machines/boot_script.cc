// The iPXE script of a profile, and the URLs in it.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "machines/decide.h"
#include "machines/phrase.h"

namespace pixie::machines {
namespace {

using Rendered = std::expected<std::string, wire::Diagnostic>;
using Urls = std::vector<std::string>;

/// Renders phrases; the first mistake stays, and what follows is empty.
class Renderer {
 public:
  Renderer(const script::Scope& scope, const Here& here) : scope_(scope), here_(here) {}

  std::string url(const Phrase& phrase) {
    auto text = render(phrase, Role::url);
    return text.starts_with('/') ? here_.server + text : text;
  }
  std::string words(const std::optional<Phrase>& phrase) {
    return phrase ? render(*phrase, Role::words) : "";
  }
  const std::optional<wire::Diagnostic>& mistake() const { return mistake_; }

 private:
  std::string render(const Phrase& phrase, Role role) {
    if (mistake_) return "";
    auto text = phrase.render(scope_);
    if (!text) {
      mistake_ = std::move(text.error());
    } else if (auto fault = fault_in(*text, role)) {
      mistake_ = phrase.at.diagnose(0, std::move(*fault));
    } else {
      return std::move(*text);
    }
    return "";
  }

  const script::Scope& scope_;
  const Here& here_;
  std::optional<wire::Diagnostic> mistake_;
};

std::string cause_of(const Decision& decision) {
  switch (decision.because) {
    case Because::menu:
      return ", because it was chosen in the menu";
    case Because::once:
      return ", because it is assigned for this boot";
    case Because::assigned:
      return ", because it is assigned";
    case Because::machine:
      return fmt::format(", because of its entry in {}", decision.machine->place.file);
    case Because::rule:
      return fmt::format(", because of rule \"{}\"", decision.rule->name);
    case Because::group:
      return ", because of its group";
    default:
      return "";
  }
}

std::string remark(const Profile& profile, const Decision& decision) {
  return fmt::format("# pixie: profile {}{}\n", profile.name, cause_of(decision));
}

/// Lets no machine on that can't boot it.
std::string guard(const Profile& profile) {
  if (profile.fit.any()) return "";
  return fmt::format(R"({}isset ${{pixie-fits}} && goto pixie-fits ||
echo
echo pixie: profile {} is for {}, and this machine is ${{platform}} ${{buildarch}}.
prompt --timeout 15000 Press a key for the menu ||
exit 0
:pixie-fits
)",
                     script::fit_commands(profile.fit, "pixie-fits"), profile.name,
                     script::fit_text(profile.fit));
}

/// What follows commands that lead here by `|| goto failed`, after `set pixie-step`.
std::string failure(const Profile& profile) {
  return fmt::format(R"(
:failed
echo
echo pixie: profile {} does not boot: ${{pixie-step}} failed. The lines above say why.
prompt --timeout 15000 Press a key for the menu ||
exit 0
)",
                     profile.name);
}

/// iPXE's name for an initrd: the last part of its URL, made unlike those before.
std::string image_name(std::string_view url, const std::vector<std::string>& taken) {
  url = url.substr(0, url.find_first_of("?#"));
  std::string name(url.substr(url.find_last_of('/') + 1));
  for (char& c : name) {
    const bool sound = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-';
    if (!sound) c = '_';
  }
  if (name.empty() || name.starts_with('-')) name.insert(0, "initrd");
  auto unique = name;
  for (int number = 2; std::ranges::find(taken, unique) != taken.end(); ++number)
    unique = fmt::format("{}-{}", name, number);
  return unique;
}

bool names_initrds(std::string_view cmdline) {
  return cmdline.starts_with("initrd=") || cmdline.contains(" initrd=");
}

class ScriptBody {
 public:
  ScriptBody(Renderer& renderer, const script::Scope& scope, const Profile& profile)
      : renderer_(renderer), scope_(scope), profile_(profile) {}

  Rendered operator()(const KernelTarget& target) {
    const auto kernel = renderer_.url(target.kernel);
    const auto cmdline = renderer_.words(target.cmdline);
    std::string arguments;
    std::string loads;
    std::vector<std::string> names;
    for (const auto& initrd : target.initrds) {
      const auto url = renderer_.url(initrd.url);
      names.push_back(initrd.name.empty() ? image_name(url, names) : initrd.name);
      const bool is_initramfs = initrd.name.empty() && initrd.path.empty();
      if (is_initramfs && !names_initrds(cmdline))
        arguments += fmt::format(" initrd={}", names.back());
      loads += step(url) + fmt::format("initrd --name {} {}{}{} || goto failed\n", names.back(),
                                       url, initrd.path.empty() ? "" : " ", initrd.path);
    }
    if (!cmdline.empty()) arguments += ' ' + cmdline;
    return fmt::format(
        "imgfree\n{}kernel {}{} || goto failed\n{}{}boot && exit 0 || goto failed\n{}",
        step(kernel), kernel, arguments, loads, step("starting the kernel"), failure(profile_));
  }

  Rendered operator()(const ScriptTarget& target) {
    return target.text.render(scope_, script::Reader::ipxe);
  }

  Rendered operator()(const SanbootTarget& target) {
    return one_command("sanboot --no-describe", renderer_.url(target.url));
  }

  Rendered operator()(const ChainTarget& target) {
    return one_command("chain --autofree", renderer_.url(target.url));
  }

  /// UEFI's boot manager goes on to the disk after `exit 1`, which the menu does when `next` says so.
  Rendered operator()(const LocalTarget&) {
    return R"(echo Booting the local disk
iseq ${platform} efi && goto leave ||
sanboot --no-describe --drive 0x80 ||
:leave
set next leave
exit 0
)";
  }

 private:
  Rendered one_command(std::string_view command, const std::string& url) {
    return fmt::format("imgfree\n{}{} {} && exit 0 || goto failed\n{}", step(url), command, url,
                       failure(profile_));
  }

  static std::string step(std::string_view what) {
    return fmt::format("set pixie-step {}\n", what);
  }

  Renderer& renderer_;
  const script::Scope& scope_;
  const Profile& profile_;
};

void add_url(Urls& urls, std::string url) {
  if (!url.empty() && std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
}

/// What looks like `scheme://…` in a text, up to a space or a quote.
void add_urls_in(Urls& urls, std::string_view text) {
  constexpr auto none = std::string_view::npos;
  constexpr std::string_view mark = "://";
  constexpr std::string_view scheme = "abcdefghijklmnopqrstuvwxyz";
  for (auto at = text.find(mark); at != none; at = text.find(mark, at)) {
    const auto before = text.substr(0, at).find_last_not_of(scheme);
    const auto begin = before == none ? 0 : before + 1;
    const auto end = std::min(text.find_first_of(" \t\r\n\"'", at), text.size());
    if (begin < at) add_url(urls, std::string(text.substr(begin, end - begin)));
    at = end;
  }
}

/// The lines that are neither remarks nor told on the screen.
void add_urls_of_script(Urls& urls, std::string_view script) {
  while (!script.empty()) {
    const auto end = std::min(script.find('\n'), script.size());
    const auto line = script.substr(0, end);
    if (!line.starts_with('#') && !line.starts_with("echo ")) add_urls_in(urls, line);
    script.remove_prefix(std::min(end + 1, script.size()));
  }
}

}  // namespace

std::expected<std::string, wire::Diagnostic> boot_script(const Profile& profile,
                                                         const Decision& decision,
                                                         const Variables& variables,
                                                         const Here& here) {
  Renderer renderer(variables.scope(), here);
  auto body = std::visit(ScriptBody(renderer, variables.scope(), profile), profile.target);
  if (renderer.mistake()) return std::unexpected(*renderer.mistake());
  if (!body) return body;
  const auto opening = "#!ipxe\n" + remark(profile, decision) + guard(profile);
  if (!std::holds_alternative<ScriptTarget>(profile.target)) return opening + *body;
  const auto first_line = body->find('\n');
  return opening + (first_line == std::string::npos ? "" : body->substr(first_line + 1));
}

std::expected<std::vector<std::string>, wire::Diagnostic> urls_of(const Profile& profile,
                                                                  const Variables& variables,
                                                                  const Here& here) {
  Renderer renderer(variables.scope(), here);
  Urls urls;
  if (const auto* target = std::get_if<KernelTarget>(&profile.target)) {
    add_url(urls, renderer.url(target->kernel));
    for (const auto& initrd : target->initrds) add_url(urls, renderer.url(initrd.url));
    add_urls_in(urls, renderer.words(target->cmdline));
  } else if (const auto* disk = std::get_if<SanbootTarget>(&profile.target)) {
    add_url(urls, renderer.url(disk->url));
  } else if (const auto* next = std::get_if<ChainTarget>(&profile.target)) {
    add_url(urls, renderer.url(next->url));
  } else if (const auto* script = std::get_if<ScriptTarget>(&profile.target)) {
    const auto text = script->text.render(variables.scope(), script::Reader::ipxe);
    if (!text) return std::unexpected(text.error());
    add_urls_of_script(urls, *text);
  }
  if (renderer.mistake()) return std::unexpected(*renderer.mistake());
  return urls;
}

}  // namespace pixie::machines
