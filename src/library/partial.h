// The name of a file that is not yet whole, beside what it will be: `.debian-12.iso.660602880.part`, the number being
// the size of the whole. Two files of a name that differ in size don't get mixed up.
//
//   partial = "." name "." 1*DIGIT ".part"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pixie::library {

std::string partial_name(std::string_view name, std::uint64_t size);

struct Partial {
  std::string_view name;
  std::uint64_t size = 0;
};
/// Views `text`; nothing if it is no such name.
std::optional<Partial> parse_partial(std::string_view text);

}  // namespace pixie::library
