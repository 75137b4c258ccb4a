#include "app/owner_script.h"

#include <cstddef>
#include <span>

#include <fmt/format.h>

namespace pixie::app {
namespace {

constexpr std::size_t limit_bytes = 1 << 20;

Expected<std::string> whole(const tree::Body& body) {
  if (body.size() > limit_bytes)
    return fail(fmt::format("{} is too large to be shown ({} bytes).", body.name, body.size()));
  std::string text(body.size(), '\0');
  const auto count = body.read(0, std::as_writable_bytes(std::span(text)));
  if (count == static_cast<std::ptrdiff_t>(text.size())) return text;
  return fail(fmt::format("{} can't be read.", body.name));
}

}  // namespace

std::optional<Expected<std::string>> text_of(const std::optional<tree::OwnerScript>& script) {
  if (!script) return std::nullopt;
  if (!*script) return fail(script->error().text);
  return whole(**script);
}

}  // namespace pixie::app
