#include "upstream/boot_answer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "upstream/script_text.h"

namespace pixie::upstream {
namespace {

using nlohmann::json;

constexpr std::string_view api_version = "v1";
constexpr int ok = 200;
constexpr int not_found = 404;

/// The path of the base and, from `?` on, its query.
std::pair<std::string_view, std::string_view> split(const http::Url& base) {
  const std::string_view target = base.target;
  auto path = target.substr(0, target.find('?'));
  const auto query = target.substr(path.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  return {path, query};
}

/// One answer on its way to a script. References are resolved as Pixiecore does it: against <base>/v1.
class Reader {
 public:
  Reader(const http::Url& base, const json& answer) : answer_(answer), base_(base) {
    base_.target = fmt::format("{}/{}", split(base).first, api_version);
  }

  Expected<std::string> script() const {
    if (const auto own = text_of("ipxe-script"); !own || !own->empty())
      return own ? check_script(*own) : std::unexpected(own.error());
    Boot boot;
    const auto kernel = text_of("kernel");
    if (!kernel) return std::unexpected(kernel.error());
    if (kernel->empty()) return fail("its answer has neither kernel nor ipxe-script");
    auto location = absolute(*kernel);
    if (!location) return std::unexpected(location.error());
    boot.kernel = std::move(*location);
    const auto message = text_of("message");
    if (!message) return std::unexpected(message.error());
    boot.message = *message;
    if (auto added = add_initrds(boot.initrds); !added) return std::unexpected(added.error());
    auto command_line = read_command_line();
    if (!command_line) return std::unexpected(command_line.error());
    boot.command_line = std::move(*command_line);
    return boot_script(boot);
  }

 private:
  static std::unexpected<Error> wrong(std::string_view member, std::string_view expected) {
    return fail(fmt::format("{} of its answer is expected to be {}", member, expected));
  }

  /// Empty if it is not there or null.
  Expected<std::string> text_of(const char* member) const {
    const auto found = answer_.find(member);
    if (found == answer_.end() || found->is_null()) return std::string();
    if (!found->is_string()) return wrong(member, "a text");
    return found->get<std::string>();
  }

  Expected<std::string> absolute(std::string_view reference) const {
    if (reference.starts_with("file:"))
      return fail("its answer names a file: URL, which a machine can't fetch");
    if (!is_word(reference))
      return fail("a URL of its answer holds a space or a control character, or is empty");
    // What iPXE speaks and pixie does not, tftp: say, goes through as it is.
    if (http::has_scheme(reference)) return std::string(reference);
    auto resolved = base_.resolve(reference);
    if (!resolved) return std::unexpected(resolved.error());
    return resolved->text();
  }

  Expected<void> add_initrds(std::vector<std::string>& initrds) const {
    const auto found = answer_.find("initrd");
    if (found == answer_.end() || found->is_null()) return {};
    if (!found->is_array()) return wrong("initrd", "a list of texts");
    for (const auto& element : *found) {
      if (!element.is_string()) return wrong("initrd", "a list of texts");
      auto location = absolute(element.get_ref<const std::string&>());
      if (!location) return std::unexpected(location.error());
      initrds.push_back(std::move(*location));
    }
    return {};
  }

  Expected<std::string> read_command_line() const {
    const auto found = answer_.find("cmdline");
    if (found == answer_.end() || found->is_null()) return std::string();
    if (found->is_string()) return expand(found->get_ref<const std::string&>());
    if (!found->is_object()) return wrong("cmdline", "a text or an object");
    std::string line;
    for (const auto& [name, value] : found->items()) {
      auto parameter = read_parameter(name, value);
      if (!parameter) return parameter;
      if (!line.empty() && !parameter->empty()) line += ' ';
      line += *parameter;
    }
    return line;
  }

  Expected<std::string> read_parameter(const std::string& name, const json& value) const {
    if (value.is_boolean()) return value.get<bool>() ? name : std::string();
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      // The kernel takes spaces between quotes as part of the value.
      const auto* quote = text.contains(' ') ? "\"" : "";
      return fmt::format("{}={}{}{}", name, quote, text, quote);
    }
    const auto url = value.is_object() ? value.find("url") : value.end();
    if (url == value.end() || !url->is_string())
      return wrong("cmdline", R"(an object of texts, true, and {"url": "…"})");
    auto location = absolute(url->get_ref<const std::string&>());
    if (!location) return location;
    return fmt::format("{}={}", name, *location);
  }

  /// With each `{{ URL "…" }}` replaced; it is all that is understood of Go's templates.
  Expected<std::string> expand(std::string_view text) const {
    std::string expanded;
    for (auto begin = text.find("{{"); begin != std::string_view::npos; begin = text.find("{{")) {
      expanded += text.substr(0, begin);
      text.remove_prefix(begin + 2);
      const auto end = text.find("}}");
      const auto reference = url_argument(text.substr(0, end));
      if (end == std::string_view::npos || !reference)
        return fail(R"(its cmdline holds {{ }} with something else than URL "…" in it)");
      auto location = absolute(*reference);
      if (!location) return location;
      expanded += *location;
      text.remove_prefix(end + 2);
    }
    expanded += text;
    return expanded;
  }

  /// What stands between the quotes of ` URL "…" `.
  static std::optional<std::string_view> url_argument(std::string_view action) {
    const auto trim = [&action] {
      action.remove_prefix(std::min(action.find_first_not_of(' '), action.size()));
      action = action.substr(0, action.find_last_not_of(' ') + 1);
    };
    trim();
    if (!action.starts_with("URL")) return std::nullopt;
    action.remove_prefix(3);
    trim();
    const bool quoted = action.size() > 2 && action.front() == action.back() &&
                        (action.front() == '"' || action.front() == '`');
    if (!quoted) return std::nullopt;
    action = action.substr(1, action.size() - 2);
    if (action.find_first_of("\"`\\") != std::string_view::npos) return std::nullopt;
    return action;
  }

  const json& answer_;
  http::Url base_;
};

}  // namespace

http::Url boot_url(const http::Url& base, const wire::Mac& mac) {
  const auto [path, query] = split(base);
  auto url = base;
  url.target = fmt::format("{}/{}/boot/{}{}", path, api_version, mac.colons(), query);
  return url;
}

Expected<std::optional<std::string>> read_boot_answer(const http::Url& base, int status,
                                                      std::string_view body) {
  if (status == not_found) return std::nullopt;
  if (status != ok) return fail(fmt::format("it answers with HTTP status {}", status));
  const auto answer = json::parse(body, nullptr, false);
  if (!answer.is_object()) return fail("its answer is no JSON object");
  auto script = Reader(base, answer).script();
  if (!script) return std::unexpected(script.error());
  return std::optional(std::move(*script));
}

}  // namespace pixie::upstream
