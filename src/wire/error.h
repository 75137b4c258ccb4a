// The error that every parser of the project returns: one sentence that says what was expected,
// where, and what to do about it.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace pixie {

struct Error {
  std::string text;
};

template <class T>
using Expected = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string text) {
  return std::unexpected(Error{std::move(text)});
}

}  // namespace pixie
