#include "dhcp/options.h"

#include <map>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dhcp/option.h"

namespace pixie::dhcp {
namespace {

using namespace std::string_literals;
using std::literals::operator""sv;

Options parse_text(std::string_view field) {
  auto options = parse_encapsulated(wire::as_bytes(field));
  EXPECT_TRUE(options) << options.error().text;
  return options ? *options : Options();
}

std::string written(const Options& options, EndOption end = EndOption::absent) {
  const auto bytes = write_encapsulated(options, end);
  return std::string(wire::as_text(bytes));
}

std::vector<int> codes(const Options& options) {
  std::vector<int> result;
  for (const auto& option : options.all()) result.push_back(option.code);
  return result;
}

TEST(DhcpOptions, ReadsAField) {
  const auto options = parse_text("\0\x35\1\1\0\0\x0c\4name\x37\0\xff\x0c\1x"sv);
  EXPECT_THAT(codes(options), testing::ElementsAre(53, 12, 55));
  EXPECT_EQ(options.u8(option::message_type), 1);
  EXPECT_EQ(options.text(option::host_name), "name");
  ASSERT_TRUE(options.find(option::parameter_list));
  EXPECT_TRUE(options.find(option::parameter_list)->empty());
  EXPECT_FALSE(options.contains(option::router));
}

TEST(DhcpOptions, JoinsThePartsOfAnOption) {
  const wire::Bytes fields[] = {wire::as_bytes("\x0c\2ab\1\4\1\2\3\4\x0c\1c"sv),
                                wire::as_bytes("\3\4\5\6\7\x08\x0c\2de\xff"sv)};
  const auto options = Options::parse(fields);
  ASSERT_TRUE(options);
  EXPECT_THAT(codes(*options), testing::ElementsAre(12, 1, 3));
  EXPECT_EQ(options->text(option::host_name), "abcde");
  EXPECT_EQ(options->address(option::subnet_mask), wire::IpAddress::v4(1, 2, 3, 4));
  EXPECT_EQ(options->address(option::router), wire::IpAddress::v4(5, 6, 7, 8));
}

TEST(DhcpOptions, RefusesMalformed) {
  struct {
    std::string_view field;
    std::string_view error;
  } const cases[] = {
      {"\x35"sv, "DHCP option 53: expected a length"},
      {"\x35\1"sv, "DHCP option 53: expected 1 bytes, but only 0 follow"},
      {"\x0c\5name"sv, "DHCP option 12: expected 5 bytes, but only 4 follow"},
      {"\0\x0c\4name\xfe\xff"sv, "DHCP option 254: expected 255 bytes, but only 0 follow"},
  };
  for (const auto& [field, error] : cases) {
    const auto options = parse_encapsulated(wire::as_bytes(field));
    ASSERT_FALSE(options) << testing::PrintToString(field);
    EXPECT_EQ(options.error().text, error);
  }
}

TEST(DhcpOptions, GettersWantTheirSize) {
  const auto options = parse_text("\1\3abc\2\2\1\2\3\4\1\2\3\4\4\0\5\1\7"sv);
  EXPECT_EQ(options.address(1), std::nullopt);
  EXPECT_EQ(options.u8(1), std::nullopt);
  EXPECT_EQ(options.u16(1), std::nullopt);
  EXPECT_EQ(options.u32(1), std::nullopt);
  EXPECT_EQ(options.u16(2), 0x0102);
  EXPECT_EQ(options.u32(3), 0x01020304U);
  EXPECT_EQ(options.address(4), std::nullopt);
  EXPECT_EQ(options.text(4), "");
  EXPECT_EQ(options.u8(5), 7);
  EXPECT_EQ(options.u8(6), std::nullopt);
  EXPECT_EQ(options.text(6), std::nullopt);
}

TEST(DhcpOptions, TextLosesTheNulsAtItsEnd) {
  const auto options = parse_text("\1\4ab\0\0\2\3a\0b\3\2\0\0"sv);
  EXPECT_EQ(options.text(1), "ab");
  EXPECT_EQ(options.text(2), "a\0b"sv);
  EXPECT_EQ(options.text(3), "");
}

TEST(DhcpOptions, SettersReplaceInPlace) {
  Options options;
  options.set_u8(53, 2);
  options.set_text(12, "first");
  options.set_address(54, wire::IpAddress::v4(10, 0, 0, 1));
  options.set_text(12, "a longer name");
  options.set_u8(53, 5);
  const wire::IpAddress dns[] = {wire::IpAddress::v4(1, 1, 1, 1), wire::IpAddress::v4(9, 9, 9, 9)};
  options.set_addresses(6, dns);
  options.set_u16(57, 1500);
  options.set_u32(51, 3600);
  options.set_terminated_text(67, "f");
  EXPECT_EQ(written(options),
            "\x35\1\5\x0c\x0d"
            "a longer name\x36\4\x0a\0\0\1\6\x08\1\1\1\1\x09\x09\x09\x09\x39\2\5\xdc"
            "\x33\4\0\0\x0e\x10\x43\2f\0"sv);
  options.erase(54);
  options.erase(12);
  options.erase(99);
  options.erase(6);
  EXPECT_EQ(written(options, EndOption::present),
            "\x35\1\5\x39\2\5\xdc\x33\4\0\0\x0e\x10\x43\2f\0\xff"sv);
}

TEST(DhcpOptions, SettersRefuseWhatIsNoOption) {
  Options options;
  EXPECT_THROW(options.set_u8(option::pad, 1), std::invalid_argument);
  EXPECT_THROW(options.set_u8(option::end, 1), std::invalid_argument);
  EXPECT_THROW(options.set_address(54, *wire::IpAddress::parse("2001:db8::1")),
               std::invalid_argument);
  EXPECT_TRUE(options.empty());
}

TEST(DhcpOptions, SplitsLongValues) {
  for (const std::size_t size : {0U, 1U, 255U, 256U, 510U, 511U, 1000U}) {
    Options options;
    options.set_text(67, std::string(size, 'x'));
    const auto bytes = written(options);
    EXPECT_EQ(bytes.size(), encoded_size(size));
    EXPECT_EQ(bytes.size(), size + 2 * std::max<std::size_t>(1, (size + 254) / 255));
    EXPECT_EQ(parse_text(bytes), options) << size;
  }
}

TEST(DhcpOptions, EqualityIgnoresTheOrder) {
  EXPECT_EQ(parse_text("\1\1a\2\1b"sv), parse_text("\2\1b\1\1a"sv));
  EXPECT_NE(parse_text("\1\1a\2\1b"sv), parse_text("\1\1a"sv));
  EXPECT_NE(parse_text("\1\1a"sv), parse_text("\1\1a\2\1b"sv));
  EXPECT_NE(parse_text("\1\1a"sv), parse_text("\1\1b"sv));
  EXPECT_NE(parse_text("\1\1a"sv), parse_text("\2\1a"sv));
}

RC_GTEST_PROP(DhcpOptions, AreAMapOfCodes,
              (const std::vector<std::pair<std::uint8_t, std::string>>& changes)) {
  Options options;
  std::map<std::uint8_t, std::string> model;
  for (const auto& [raw_code, value] : changes) {
    const auto code = static_cast<std::uint8_t>(raw_code % 12 + 1);
    if (raw_code > 200) {
      options.erase(code);
      model.erase(code);
    } else {
      options.set_text(code, value);
      model[code] = value;
    }
  }
  RC_ASSERT(options.size() == model.size());
  for (const auto& option : options.all()) {
    RC_ASSERT(wire::as_text(option.value) == model.at(option.code));
  }
  const auto bytes = write_encapsulated(options, EndOption::present);
  const auto again = parse_encapsulated(bytes);
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == options);
  RC_ASSERT(write_encapsulated(*again, EndOption::present) == bytes);
}

}  // namespace
}  // namespace pixie::dhcp
