// What an event is: a kind from the catalogue, and the fields of this occurrence. Log lines, metrics, the boots'
// history and the live stream are views of the same events.
#pragma once

#include <concepts>
#include <cstddef>
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
  /// Where this kind stands in a table of bits; follows from the id, and two kinds may share one.
  std::uint16_t slot;

  static constexpr std::size_t slot_count = 4096;

  Kind(const Kind&) = delete;
  constexpr Kind(std::string_view id_, Severity severity_, std::string_view sentence_,
                 bool limited_ = false)
      : id(id_), severity(severity_), sentence(sentence_), limited(limited_), slot(slot_of(id_)) {}

 private:
  /// FNV-1a, folded.
  static constexpr std::uint16_t slot_of(std::string_view id) {
    std::uint32_t hash = 2166136261U;
    for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return static_cast<std::uint16_t>((hash ^ (hash >> 16)) % slot_count);
  }
};

/// The name must be a literal. A field's text is viewed, not kept: it must live until `Stream::emit` returns.
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
