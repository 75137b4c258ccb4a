#include "mirror/location.h"

#include <algorithm>

#include <fmt/format.h>

namespace pixie::mirror {

Expected<http::Url> url_of(const http::Target& target) {
  std::string_view rest = target.path;
  rest.remove_prefix(std::min(base_path.size(), rest.size()));
  const auto scheme = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(scheme.size() + 1, rest.size()));
  const auto host = rest.substr(0, rest.find('/'));
  rest.remove_prefix(host.size());
  if ((scheme != "http" && scheme != "https") || host.empty())
    return fail("A path of the mirror is /mirror/https/HOST/PATH, or with http.");
  auto text = fmt::format("{}://{}", scheme, host);
  http::append_encoded_path(text, rest);
  if (target.trailing_slash) text += '/';
  if (!target.raw_query.empty()) text += fmt::format("?{}", target.raw_query);
  return http::Url::parse(text);
}

std::string path_of(const http::Url& url) {
  return fmt::format("/{}{}/{}{}", base_path, url.secure ? "https" : "http", url.authority(),
                     url.target);
}

Expected<http::Url> url_named(std::string_view text) {
  std::string path(text);
  if (!text.starts_with('/')) {
    const auto url = http::Url::parse(text);
    if (!url) return std::unexpected(url.error());
    path = path_of(*url);
  }
  const auto target = http::parse_target(path);
  if (!target) return fail(fmt::format("{}: {}", text, target.error().text));
  if (!target->path.starts_with(base_path))
    return fail(fmt::format("{} is no path of the mirror: /mirror/https/HOST/PATH", text));
  return url_of(*target);
}

}  // namespace pixie::mirror
