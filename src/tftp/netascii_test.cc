#include "tftp/netascii.h"

#include <gtest/gtest.h>

namespace pixie::tftp {
namespace {

using std::literals::operator""sv;

TEST(Netascii, WidensLineEnds) {
  EXPECT_EQ(to_netascii(""), "");
  EXPECT_EQ(to_netascii("#!ipxe\nshell\n"), "#!ipxe\r\nshell\r\n");
  EXPECT_EQ(to_netascii("a\rb"), "a\r\0b"sv);
  EXPECT_EQ(to_netascii("a\r\nb"), "a\r\0\r\nb"sv);
  EXPECT_EQ(to_netascii("\n\n\r"), "\r\n\r\n\r\0"sv);
  EXPECT_EQ(to_netascii("\0\xff"sv), "\0\xff"sv);
}

}  // namespace
}  // namespace pixie::tftp
