// Any body as the answer of a boot API: what becomes of it is a script without control characters, whose commands are
// those that pixie wrote, or the server's own script.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "upstream/boot_answer.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_own_command(std::string_view line) {
  for (const std::string_view begin :
       {"#", "echo ", "imgfree", "kernel --name kernel ", "initrd --name initrd",
        "boot || goto failed", ":failed", "prompt --timeout"}) {
    if (line.starts_with(begin)) return true;
  }
  return false;
}

void check_lines(std::string_view script) {
  while (!script.empty()) {
    const auto end = script.find('\n');
    check(end != std::string_view::npos);
    const auto line = script.substr(0, end);
    check(is_own_command(line) && !line.ends_with('\\'));
    check(std::ranges::none_of(
        line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }));
    script.remove_prefix(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pixie::http::Url base{.host = "api.example", .target = "/a?b"};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto script = pixie::upstream::read_boot_answer(base, 200, body);
  if (!script) {
    check(!script.error().text.empty());
    return 0;
  }
  check(script->has_value() && (*script)->starts_with("#!ipxe"));
  if (!body.contains("ipxe-script") && !body.contains("\\u")) check_lines(**script);
  return 0;
}
