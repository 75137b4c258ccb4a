#include "dhcp/packet.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "dhcp/ipv4.h"
#include "dhcp/option.h"

namespace pixie::dhcp {
namespace {

constexpr std::uint32_t magic_cookie = 0x63825363;
constexpr std::size_t sname_offset = 44;
constexpr std::size_t sname_size = 64;
constexpr std::size_t file_offset = sname_offset + sname_size;
constexpr std::size_t file_size = 128;
constexpr std::size_t options_offset = file_offset + file_size + 4;
/// IPv4 header without options, and UDP header.
constexpr std::size_t headers_size = 28;

enum Overload : std::uint8_t { overload_file = 1, overload_sname = 2 };
constexpr std::size_t overload_option_size = 3;
/// The code and the size of an option.
constexpr std::size_t option_head_size = 2;

std::string field_text(wire::Bytes field) {
  const auto text = wire::as_text(field.first(field.size() - 1));
  return std::string(text.substr(0, text.find('\0')));
}

Expected<std::uint8_t> overload_of(const Options& options) {
  if (!options.contains(option::overload)) return 0;
  const auto overload = options.u8(option::overload);
  if (!overload || *overload < 1 || *overload > 3) {
    return fail("DHCP option 52 (overload): expected one byte, 1, 2 or 3");
  }
  return *overload;
}

/// Takes sname, file and options from their fields.
Expected<void> parse_fields(Packet& packet, wire::Bytes sname, wire::Bytes file,
                            wire::Bytes options) {
  auto parsed = parse_encapsulated(options);
  if (!parsed) return std::unexpected(parsed.error());
  const auto overload = overload_of(*parsed);
  if (!overload) return std::unexpected(overload.error());
  if (*overload != 0) {
    std::vector<wire::Bytes> fields{options};
    if (*overload & overload_file) fields.push_back(file);
    if (*overload & overload_sname) fields.push_back(sname);
    parsed = Options::parse(fields);
    if (!parsed) return std::unexpected(parsed.error());
    parsed->erase(option::overload);
  }
  if (!(*overload & overload_file)) packet.file = field_text(file);
  if (!(*overload & overload_sname)) packet.sname = field_text(sname);
  packet.options = std::move(*parsed);
  return {};
}

Expected<void> check(const Packet& packet) {
  if (packet.hlen > packet.chaddr.size()) return fail("DHCP hlen: expected at most 16");
  const auto fits = [](const std::string& text, std::size_t size) {
    return text.size() < size && !text.contains('\0');
  };
  if (!fits(packet.sname, sname_size)) return fail("DHCP sname: expected at most 63 bytes, no NUL");
  if (!fits(packet.file, file_size)) return fail("DHCP file: expected at most 127 bytes, no NUL");
  for (const auto& address : {packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr}) {
    if (!address.is_v4()) return fail("DHCP header: expected IPv4 addresses");
  }
  return {};
}

void write_text(wire::Writer& out, std::string_view text, std::size_t size) {
  constexpr std::array<std::byte, file_size> zeros{};
  out.bytes(wire::as_bytes(text));
  out.bytes(wire::Bytes(zeros).first(size - text.size()));
}

void write_header(std::span<std::byte> buffer, const Packet& packet) {
  wire::Writer out(buffer);
  out.u8(packet.op);
  out.u8(packet.htype);
  out.u8(packet.hlen);
  out.u8(packet.hops);
  out.u32(packet.xid);
  out.u16(packet.secs);
  out.u16(packet.flags);
  for (const auto& address : {packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr}) {
    out.u32(ipv4_number(address));
  }
  out.bytes(std::as_bytes(std::span(packet.chaddr)));
  write_text(out, packet.sname, sname_size);
  write_text(out, packet.file, file_size);
  out.u32(magic_cookie);
}

/// A field that takes options; one byte for its end option is kept back.
class Field {
 public:
  explicit Field(std::span<std::byte> bytes) : rest_(bytes.first(bytes.size() - 1)), all_(bytes) {}

  std::size_t room() const { return rest_.size(); }
  bool used() const { return rest_.size() + 1 < all_.size(); }

  /// An option of which encoded_size() is at most room().
  void put(const Option& option) {
    wire::Writer out(rest_);
    write_option(out, option);
    rest_ = rest_.subspan(out.written().size());
  }

  /// Ends the options and pads the field up to its size; returns the size without padding.
  std::size_t close() {
    const auto size = all_.size() - rest_.size();
    std::ranges::fill(all_.subspan(size - 1), std::byte{option::pad});
    all_[size - 1] = std::byte{option::end};
    return size;
  }

 private:
  std::span<std::byte> rest_;
  std::span<std::byte> all_;
};

/// Puts `option` into the first field that has room for it, or, if none has, parts of it into one
/// after another; whether it fits.
bool place(std::span<Field> fields, Option option) {
  const auto needed = encoded_size(option.value.size());
  for (auto& field : fields) {
    if (field.room() < needed) continue;
    field.put(option);
    return true;
  }
  for (auto& field : fields) {
    while (field.room() > option_head_size && !option.value.empty()) {
      const auto part =
          std::min({option.value.size(), field.room() - option_head_size, std::size_t{255}});
      field.put({option.code, option.value.first(part)});
      option.value = option.value.subspan(part);
    }
  }
  return option.value.empty() && needed > option_head_size;
}

bool place_all(std::span<Field> fields, const Options& options) {
  return std::ranges::all_of(options.all(), [fields](const Option& option) {
    return option.code == option::overload || place(fields, option);
  });
}

std::size_t total_size(const Options& options) {
  std::size_t size = 0;
  for (const auto& option : options.all()) {
    if (option.code != option::overload) size += encoded_size(option.value.size());
  }
  return size;
}

/// Writes the options into their field, file and sname of `message`; the size of the message, or
/// nothing if they don't fit.
std::optional<std::size_t> write_overloaded(std::span<std::byte> message, const Packet& packet) {
  const auto own_field = message.subspan(options_offset);
  std::vector<Field> fields{Field(own_field.subspan(overload_option_size))};
  std::vector<std::uint8_t> marks{0};
  if (packet.file.empty()) {
    fields.emplace_back(message.subspan(file_offset, file_size));
    marks.push_back(overload_file);
  }
  if (packet.sname.empty()) {
    fields.emplace_back(message.subspan(sname_offset, sname_size));
    marks.push_back(overload_sname);
  }
  if (!place_all(fields, packet.options)) return std::nullopt;
  std::uint8_t overload = 0;
  for (std::size_t i = 1; i < fields.size(); ++i) {
    if (!fields[i].used()) continue;
    fields[i].close();
    overload |= marks[i];
  }
  Field(own_field).put({option::overload, std::as_bytes(std::span(&overload, 1))});
  return options_offset + overload_option_size + fields.front().close();
}

}  // namespace

std::optional<MessageType> Packet::message_type() const {
  const auto type = options.u8(option::message_type);
  if (!type || *type < 1 || *type > 8) return std::nullopt;
  return static_cast<MessageType>(*type);
}

void Packet::set_message_type(MessageType type) {
  options.set_u8(option::message_type, static_cast<std::uint8_t>(type));
}

std::optional<wire::Mac> Packet::mac() const {
  wire::Mac mac;
  if (htype != ethernet || hlen != mac.octets.size()) return std::nullopt;
  std::ranges::copy(std::span(chaddr).first(hlen), mac.octets.begin());
  return mac;
}

Expected<Packet> parse(wire::Bytes message) {
  wire::Reader in(message);
  Packet packet;
  const auto op = in.u8();
  packet.htype = in.u8();
  packet.hlen = in.u8();
  packet.hops = in.u8();
  packet.xid = in.u32();
  packet.secs = in.u16();
  packet.flags = in.u16();
  packet.ciaddr = ipv4_address(in.u32());
  packet.yiaddr = ipv4_address(in.u32());
  packet.siaddr = ipv4_address(in.u32());
  packet.giaddr = ipv4_address(in.u32());
  std::ranges::copy(in.bytes(packet.chaddr.size()),
                    std::as_writable_bytes(std::span(packet.chaddr)).begin());
  const auto sname = in.bytes(sname_size);
  const auto file = in.bytes(file_size);
  const auto cookie = in.u32();
  if (!in.ok()) {
    return fail(fmt::format("DHCP message: expected at least {} bytes, not {}", options_offset,
                            message.size()));
  }
  if (op != Packet::boot_request && op != Packet::boot_reply) {
    return fail(fmt::format("DHCP op: expected 1 or 2, not {}", op));
  }
  packet.op = static_cast<Packet::Op>(op);
  if (packet.hlen > packet.chaddr.size()) {
    return fail(fmt::format("DHCP hlen: expected at most 16, not {}", packet.hlen));
  }
  if (cookie != magic_cookie) return fail("DHCP message: expected the magic cookie 99.130.83.99");
  if (auto fields = parse_fields(packet, sname, file, in.rest()); !fields) {
    return std::unexpected(std::move(fields.error()));
  }
  return packet;
}

std::size_t reply_size_limit(const Packet& request) {
  const std::size_t asked = request.options.u16(option::max_message_size).value_or(0);
  return std::clamp(asked - std::min(asked, headers_size), default_message_size, max_message_size);
}

Expected<wire::Bytes> write(std::span<std::byte> buffer, const Packet& packet, std::size_t limit) {
  if (auto checked = check(packet); !checked) return std::unexpected(std::move(checked.error()));
  const auto message = buffer.first(std::min(buffer.size(), limit));
  if (message.size() < min_message_size) return fail("DHCP message: expected room for 300 bytes");
  write_header(message, packet);
  std::optional<std::size_t> size;
  if (Field field(message.subspan(options_offset)); total_size(packet.options) <= field.room()) {
    place_all(std::span(&field, 1), packet.options);
    size = options_offset + field.close();
  } else {
    size = write_overloaded(message, packet);
  }
  if (!size) {
    return fail(
        fmt::format("DHCP message: expected options that fit in {} bytes, not {} bytes of options",
                    message.size(), total_size(packet.options)));
  }
  return message.first(std::max(*size, min_message_size));
}

}  // namespace pixie::dhcp
