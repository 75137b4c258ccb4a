#include "http/content_type.h"

#include <cstddef>

#include "http/syntax.h"

namespace pixie::http {
namespace {

struct Rule {
  std::string_view key;
  std::string_view type;
};

constexpr std::string_view plain = "text/plain; charset=utf-8";
constexpr std::string_view unknown = "application/octet-stream";

constexpr Rule endings[] = {
    {"efi", "application/efi"},
    {"iso", "application/vnd.efi-iso"},
    {"img", "application/vnd.efi-img"},
    {"ipxe", plain},
    {"cfg", plain},
    {"conf", plain},
    {"ks", plain},
    {"log", plain},
    {"md", plain},
    {"preseed", plain},
    {"seed", plain},
    {"sh", plain},
    {"toml", plain},
    {"txt", plain},
    {"yaml", plain},
    {"yml", plain},
    {"css", "text/css; charset=utf-8"},
    {"gif", "image/gif"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"wasm", "application/wasm"},
    {"xml", "application/xml"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"xz", "application/x-xz"},
    {"zst", "application/zstd"},
};

// cloud-init's NoCloud files, and the checksum lists beside distributions' images.
constexpr Rule names[] = {
    {"meta-data", plain},   {"network-config", plain}, {"user-data", plain},
    {"vendor-data", plain}, {"md5sums", plain},        {"sha256sums", plain},
};

template <std::size_t count>
std::string_view look_up(const Rule (&rules)[count], std::string_view key) {
  for (const Rule& rule : rules) {
    if (equal_ignoring_case(rule.key, key)) return rule.type;
  }
  return unknown;
}

}  // namespace

std::string_view content_type(std::string_view path) {
  const auto name = path.substr(path.find_last_of('/') + 1);
  const auto dot = name.find_last_of('.');
  if (dot == std::string_view::npos) return look_up(names, name);
  return look_up(endings, name.substr(dot + 1));
}

}  // namespace pixie::http
