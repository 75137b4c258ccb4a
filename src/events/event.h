// What an event is: a kind from the catalogue, and the fields of this occurrence. Log lines, and
// later metrics, the timeline and the live stream, are views of the same events.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <variant>

namespace pixie::events {

enum class Severity : std::uint8_t { error, warning, info, debug };

/// One row of the catalogue. Kinds are compared by address: there is one object per kind.
struct Kind {
  std::string_view id;
  Severity severity;
  /// One sentence for the operator: what happened and, where it matters, what to do.
  std::string_view sentence;
  /// A kind that a hostile or broken network can cause without bound; the log then counts what it
  /// leaves out.
  bool limited = false;

  Kind(const Kind&) = delete;
  constexpr Kind(std::string_view id_, Severity severity_, std::string_view sentence_,
                 bool limited_ = false)
      : id(id_), severity(severity_), sentence(sentence_), limited(limited_) {}
};

/// A field's text is viewed, not kept: it must live until `Log::emit` returns.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::uint64_t, double> value;

  Field(std::string_view name_, std::string_view text) : name(name_), value(text) {}
  Field(std::string_view name_, const char* text) : name(name_), value(std::string_view(text)) {}
  Field(std::string_view name_, double number) : name(name_), value(number) {}
  template <std::integral T>
  Field(std::string_view name_, T number)
      : name(name_), value(static_cast<std::uint64_t>(number)) {}
};

}  // namespace pixie::events
