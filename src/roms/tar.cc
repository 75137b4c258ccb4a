#include "roms/tar.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#define ZLIB_CONST  // zlib.h: its input pointers are to const
#include <zlib.h>

namespace pixie::roms {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMostHeaders = 20'000;
constexpr std::size_t kLongestName = 4096;

/// A text field: up to its NUL, or all of it.
std::string_view field(std::string_view header, std::size_t offset, std::size_t size) {
  const auto text = header.substr(offset, size);
  return text.substr(0, text.find('\0'));
}

/// An octal field, which blanks may surround. GNU's base-256 numbers, for sizes from 8 GiB, don't
/// parse.
std::optional<std::uint64_t> octal(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value, 8);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  return value;
}

bool checksum_is_right(std::string_view header) {
  std::uint64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  }
  return octal(field(header, 148, 8)) == sum;
}

/// The path in its shortest form; nothing if it is absolute, leads out of the tree, or is no path
/// at all.
std::optional<std::string> inside(std::string_view base, std::string_view path) {
  if (path.starts_with('/') || path.empty() || path.size() > kLongestName) return std::nullopt;
  if (path.find_first_of(std::string_view("\\\0", 2)) != path.npos) return std::nullopt;
  std::vector<std::string_view> parts;
  for (auto text : {base, path}) {
    while (!text.empty()) {
      const auto part = text.substr(0, text.find('/'));
      text.remove_prefix(std::min(part.size() + 1, text.size()));
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return std::nullopt;
      } else {
        parts.pop_back();
      }
    }
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

bool has_parent_component(std::string_view path) {
  return fmt::format("/{}/", path).find("/../") != std::string::npos;
}

/// What the extended headers before a member say about it.
struct Extended {
  std::optional<std::string> path;
  std::optional<std::string> link;
  std::optional<std::uint64_t> size;
};

/// pax records: `LENGTH KEY=VALUE\n`, the length counting all of it.
bool read_pax(std::string_view records, Extended& extended) {
  while (!records.empty()) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(records.begin(), records.end(), length);
    const auto digits = static_cast<std::size_t>(end - records.begin());
    if (error != std::errc{} || length > records.size() || length < digits + 3) return false;
    const auto record = records.substr(digits, length - digits);
    const auto equals = record.find('=');
    if (!record.starts_with(' ') || !record.ends_with('\n') || equals == record.npos) return false;
    const auto key = record.substr(1, equals - 1);
    const auto value = record.substr(equals + 1, record.size() - equals - 2);
    if (key.starts_with("GNU.sparse.")) return false;
    if (key == "path") extended.path = value;
    if (key == "linkpath") extended.link = value;
    if (key == "size") {
      std::uint64_t size = 0;
      const auto [last, bad] = std::from_chars(value.begin(), value.end(), size);
      if (bad != std::errc{} || last != value.end()) return false;
      extended.size = size;
    }
    records.remove_prefix(length);
  }
  return true;
}

/// Walks the archive's blocks; one call of next() per header.
class TarReader {
 public:
  explicit TarReader(wire::Bytes archive) : reader_(archive) {}

  Expected<std::vector<TarMember>> read() {
    while (true) {
      const auto header = wire::as_text(reader_.bytes(kBlock));
      if (!reader_.ok()) return fail("the archive is cut off: its end is missing");
      if (header.find_first_not_of('\0') == header.npos) return std::move(members_);
      if (auto done = next(header); !done) return std::unexpected(done.error());
    }
  }

 private:
  Expected<void> next(std::string_view header) {
    if (!checksum_is_right(header))
      return fail("the archive is damaged: a header's checksum is wrong");
    if (++headers_ > kMostHeaders) return fail("the archive has too many members for a ROM bundle");
    const char type = header[156];
    const bool is_extension = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    auto size = octal(field(header, 124, 12));
    if (!is_extension && extended_.size) size = extended_.size;
    if (!size || *size > reader_.remaining()) {
      return fail("the archive is cut off, or damaged: a member is longer than what follows it");
    }
    const auto data = reader_.bytes(static_cast<std::size_t>(*size));
    reader_.bytes(std::min((kBlock - *size % kBlock) % kBlock, reader_.remaining()));
    return is_extension ? extend(type, wire::as_text(data)) : add(type, header, data);
  }

  Expected<void> extend(char type, std::string_view data) {
    const auto text = data.substr(0, data.find('\0'));
    if (type == 'L') extended_.path = text;
    if (type == 'K') extended_.link = text;
    if (type == 'x' && !read_pax(data, extended_)) {
      return fail("the archive has an extended header that can't be read, or a sparse file");
    }
    return {};
  }

  Expected<void> add(char type, std::string_view header, wire::Bytes data) {
    const auto extended = std::exchange(extended_, {});
    auto name = std::string(field(header, 0, 100));
    const auto prefix = field(header, 345, 155);
    if (header.substr(257, 6) == std::string_view("ustar\0", 6) && !prefix.empty()) {
      name = fmt::format("{}/{}", prefix, name);
    }
    if (extended.path) name = *extended.path;
    const auto path = inside({}, name);
    if (!path || has_parent_component(name)) {
      return fail(fmt::format("the archive has a member that would be written elsewhere: {:?}",
                              name.substr(0, 200)));
    }
    switch (type) {
      case '0':
      case '\0':
        members_.push_back({*path, TarMember::Kind::kFile, data});
        return {};
      case '1':
      case '2':
        return add_link(type, *path, extended.link.value_or(std::string(field(header, 157, 100))));
      case '5':
        return {};
      default:
        return fail(
            fmt::format("the archive has a member that is no file, folder or link: {:?}", *path));
    }
  }

  // A symbolic link counts from its own folder, a hard link from the archive's root.
  Expected<void> add_link(char type, const std::string& path, const std::string& target) {
    const auto folder =
        path.substr(0, path.find_last_of('/') == path.npos ? 0 : path.find_last_of('/'));
    if (!inside(type == '2' ? folder : std::string_view(), target)) {
      return fail(fmt::format("the archive has a link that leads out of it: {:?} to {:?}", path,
                              target.substr(0, 200)));
    }
    members_.push_back({path, TarMember::Kind::kLink, {}});
    return {};
  }

  wire::Reader reader_;
  std::vector<TarMember> members_;
  Extended extended_;
  std::size_t headers_ = 0;
};

/// zlib's stream with its clean-up.
class Inflater {
 public:
  explicit Inflater(wire::Bytes input) {
    stream_.next_in = reinterpret_cast<const Bytef*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    constexpr int kGzipOnly = 16;
    ready_ = inflateInit2(&stream_, kGzipOnly + MAX_WBITS) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

Expected<std::vector<TarMember>> read_tar(wire::Bytes archive) { return TarReader(archive).read(); }

bool is_gzip(wire::Bytes bytes) { return wire::as_text(bytes).starts_with("\x1f\x8b"); }

Expected<std::vector<std::byte>> gunzip(wire::Bytes bytes, std::size_t limit) {
  Inflater inflater(bytes);
  if (!inflater.ready()) return fail("zlib can't be started: is there memory left?");
  auto& stream = inflater.stream();
  std::vector<std::byte> result;
  while (true) {
    constexpr std::size_t kStep = 1 << 20;
    const auto used = result.size();
    if (used > limit) {
      return fail(
          fmt::format("it unpacks to more than {} MiB, too much for a ROM bundle", limit >> 20));
    }
    result.resize(used + kStep);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + used);
    stream.avail_out = kStep;
    const int status = inflate(&stream, Z_NO_FLUSH);
    result.resize(used + kStep - stream.avail_out);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) == Z_OK) continue;
    }
    if (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0)) continue;
    return fail("it is damaged or cut off: gzip can't unpack it");
  }
  if (result.size() > limit) {
    return fail(
        fmt::format("it unpacks to more than {} MiB, too much for a ROM bundle", limit >> 20));
  }
  return result;
}

}  // namespace pixie::roms
