// Fuzz target: the input is a request target.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/target.h"

namespace {
void check(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  const std::string framed = "/" + std::string(path) + "/";
  check(path.empty() || !framed.contains("//"));
  check(!framed.contains("/./") && !framed.contains("/../"));
  for (const char c : path) check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\\');
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = pixie::http::parse_target(text);
  if (!target) return 0;
  check(target->path.size() <= size && target->raw_query.size() <= size);
  check_path(target->path);
  for (const std::string_view name : {"uuid", "a", ""}) {
    const auto value = target->query(name);
    check(!value || value->size() <= target->raw_query.size());
  }

  std::string encoded = "/";
  pixie::http::append_encoded_path(encoded, target->path);
  if (encoded.size() > pixie::http::max_target_size) return 0;
  const auto again = pixie::http::parse_target(encoded);
  check(again && again->path == target->path);
  return 0;
}
