#include "images/udf_tag.h"

#include <array>

namespace pixie::images {
namespace {

constexpr std::array<std::uint16_t, 256> crc_table = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

constexpr std::size_t sum_offset = 4;

}  // namespace

std::uint16_t udf_crc(wire::Bytes bytes) {
  unsigned crc = 0;
  for (const auto byte : bytes) {
    crc = (crc << 8 ^ crc_table[(crc >> 8 ^ std::to_integer<unsigned>(byte)) & 0xff]) & 0xffff;
  }
  return static_cast<std::uint16_t>(crc);
}

Expected<UdfTag> check_tag(wire::Bytes structure) {
  if (structure.size() < udf_tag_size) return fail("is too short for what it should be");
  const auto tag = structure.first(udf_tag_size);
  unsigned sum = 0;
  for (const auto byte : tag) sum += std::to_integer<unsigned>(byte);
  sum -= std::to_integer<unsigned>(tag[sum_offset]);
  wire::Reader reader(tag);
  const auto identifier = reader.le16();
  reader.u16();
  if (reader.u8() != (sum & 0xff)) return fail("is not what it should be: a wrong sum");
  reader.bytes(3);
  const auto crc = reader.le16();
  const std::size_t length = reader.le16();
  const auto content = structure.subspan(udf_tag_size);
  if (length > content.size() || udf_crc(content.first(length)) != crc) {
    return fail("is damaged: a wrong CRC");
  }
  return static_cast<UdfTag>(identifier);
}

std::uint32_t tag_location(wire::Bytes structure) {
  return wire::Reader(structure.subspan(12)).le32();
}

}  // namespace pixie::images
