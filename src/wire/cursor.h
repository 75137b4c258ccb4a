// A bounds-checked reader and writer for network bytes (big endian; the reader also takes little endian, which disks
// have). Both have a sticky error: after the first access out of bounds every further call does nothing and reads
// zero, so that a codec checks `ok()` once, at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace pixie::wire {

using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Reads from bytes that must remain valid while the reader, and what it returned, is used.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  /// Little endian.
  std::uint16_t le16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t le32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t le64() { return little_endian(8); }

  /// The next `count` bytes; empty, with the error set, if there are fewer.
  Bytes bytes(std::size_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  Bytes rest() { return bytes(rest_.size()); }

  /// The text up to the next NUL, which is consumed and not returned; the error is set if there is
  /// none.
  std::string_view zero_terminated() {
    const auto text = as_text(rest_);
    const auto end = text.find('\0');
    if (!ok_ || end == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    rest_ = rest_.subspan(end + 1);
    return text.substr(0, end);
  }

 private:
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const auto byte : bytes(width)) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
  }

  std::uint64_t little_endian(std::size_t width) {
    std::uint64_t value = 0;
    const auto taken = bytes(width);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      value |= std::to_integer<std::uint64_t>(taken[i]) << 8 * i;
    }
    return value;
  }

  Bytes rest_;
  bool ok_ = true;
};

/// Writes into a buffer that must remain valid while the writer is used.
class Writer {
 public:
  explicit Writer(std::span<std::byte> buffer) : buffer_(buffer) {}

  bool ok() const { return ok_; }
  /// What was written; empty after an error.
  Bytes written() const { return ok_ ? Bytes(buffer_.first(used_)) : Bytes(); }

  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }

  void bytes(Bytes source) {
    if (!ok_ || source.size() > buffer_.size() - used_) {
      ok_ = false;
      return;
    }
    if (!source.empty()) std::memcpy(buffer_.data() + used_, source.data(), source.size());
    used_ += source.size();
  }

  void zero_terminated(std::string_view text) {
    bytes(as_bytes(text));
    u8(0);
  }

 private:
  void number(std::uint64_t value, std::size_t width) {
    std::byte big_endian[8];
    for (std::size_t i = 0; i < width; ++i) {
      big_endian[i] = static_cast<std::byte>(value >> 8 * (width - 1 - i));
    }
    bytes(Bytes(big_endian, width));
  }

  std::span<std::byte> buffer_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace pixie::wire
