#include "images/rock_ridge.h"

#include <array>
#include <string_view>
#include <vector>

#include "images/iso_record.h"
#include "images/limits.h"

namespace pixie::images {
namespace {

constexpr std::size_t entry_header = 4;
/// Of POSIX's modes, as PX has them.
constexpr std::uint32_t type_mask = 0170000, type_folder = 0040000, type_file = 0100000,
                        type_link = 0120000;

struct Continuation {
  std::uint32_t block = 0, offset = 0, length = 0;
};

class Parser {
 public:
  /// The entries of one area; false at the list's end.
  bool parse(wire::Bytes area) {
    continuation_.reset();
    wire::Reader reader(area);
    while (reader.remaining() >= entry_header) {
      const auto signature = wire::as_text(reader.bytes(2));
      const std::size_t length = reader.u8();
      reader.u8();
      if (length < entry_header) return false;
      const auto content = reader.bytes(length - entry_header);
      if (!reader.ok() || signature == "ST") return false;
      take(signature, content);
    }
    return true;
  }

  const std::optional<Continuation>& continuation() const { return continuation_; }
  RockRidge result() { return std::move(found_); }

 private:
  void take(std::string_view signature, wire::Bytes content) {
    wire::Reader reader(content);
    if (signature == "CE") {
      take_continuation(reader);
    } else if (signature == "PX") {
      take_mode(reader);
    } else if (signature == "NM") {
      take_name(reader);
    } else if (signature == "SL") {
      take_link(reader);
    } else if (signature == "TF") {
      take_times(reader);
    } else if (signature == "CL") {
      found_.moved_to = reader.le32();
    } else if (signature == "RE") {
      found_.is_moved = true;
    } else if (signature == "ER") {
      take_extension(reader);
    } else if (signature == "RR") {
      found_.is_there = true;
    }
  }

  void take_continuation(wire::Reader& reader) {
    Continuation next;
    next.block = reader.le32();
    reader.u32();
    next.offset = reader.le32();
    reader.u32();
    next.length = reader.le32();
    if (reader.ok()) continuation_ = next;
  }

  void take_mode(wire::Reader& reader) {
    const auto type = reader.le32() & type_mask;
    if (!reader.ok()) return;
    found_.is_there = true;
    if (type == type_link && !found_.target) found_.target.emplace();
    found_.is_special = type != type_folder && type != type_file && type != type_link && type != 0;
  }

  void take_name(wire::Reader& reader) {
    constexpr std::uint8_t self_or_parent = 0x02 | 0x04;
    if (reader.u8() & self_or_parent) return;
    found_.name += wire::as_text(reader.rest());
  }

  void take_link(wire::Reader& reader) {
    constexpr std::uint8_t continued = 0x01, self = 0x02, parent = 0x04, root = 0x08;
    if (!found_.target) found_.target.emplace();
    auto& target = *found_.target;
    reader.u8();
    while (reader.ok() && reader.remaining() >= 2) {
      const auto flags = reader.u8();
      const auto text = wire::as_text(reader.bytes(reader.u8()));
      if (!within_name_ && !target.empty() && !target.ends_with('/')) target += '/';
      if (flags & root) {
        target = "/";
      } else {
        target += flags & parent ? ".." : flags & self ? "." : text;
      }
      within_name_ = (flags & continued) != 0;
    }
  }

  void take_times(wire::Reader& reader) {
    constexpr std::uint8_t created = 0x01, changed = 0x02, long_form = 0x80;
    const auto flags = reader.u8();
    const std::size_t width = flags & long_form ? 17 : 7;
    if (flags & created) reader.bytes(width);
    if (!(flags & changed)) return;
    const auto time = reader.bytes(width);
    if (reader.ok()) found_.modified = flags & long_form ? iso_long_time(time) : iso_time(time);
  }

  void take_extension(wire::Reader& reader) {
    const std::size_t length = reader.u8();
    reader.bytes(3);
    const auto identifier = wire::as_text(reader.bytes(length));
    found_.is_there = found_.is_there || identifier == "RRIP_1991A" || identifier == "IEEE_P1282" ||
                      identifier == "IEEE_1282";
  }

  RockRidge found_;
  std::optional<Continuation> continuation_;
  /// The last component of a link goes on in the next.
  bool within_name_ = false;
};

}  // namespace

Expected<RockRidge> parse_rock_ridge(Metadata& image, wire::Bytes field, std::uint32_t block_size) {
  Parser parser;
  std::vector<std::byte> area;
  std::uint64_t total = field.size();
  std::size_t areas = 0;
  while (parser.parse(field) && parser.continuation()) {
    const auto next = *parser.continuation();
    total += next.length;
    if (total > limits::system_use || ++areas > limits::continuation_areas) {
      return fail("has continuation areas without an end, or in a circle");
    }
    area.resize(next.length);
    const auto read = image.read(std::uint64_t{next.block} * block_size + next.offset, area);
    if (!read) return fail("has a continuation area that " + read.error().text);
    field = area;
  }
  return parser.result();
}

Expected<std::optional<std::size_t>> find_rock_ridge(Metadata& image, wire::Bytes root,
                                                     std::uint32_t block_size) {
  // CD-ROM XA has 14 bytes of its own before (SUSP 5.3).
  for (const std::size_t before : {0U, 14U}) {
    if (root.size() < before) break;
    wire::Reader reader(root.subspan(before));
    const auto signature = wire::as_text(reader.bytes(2));
    reader.u16();
    const auto check = reader.u16();
    const std::size_t skip = reader.u8();
    if (!reader.ok() || signature != "SP" || check != 0xbeef) continue;
    const auto fields = parse_rock_ridge(image, root.subspan(before), block_size);
    if (!fields) return std::unexpected(fields.error());
    return fields->is_there ? std::optional(skip) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace pixie::images
