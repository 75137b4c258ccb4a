#include "library/partial.h"

#include <gtest/gtest.h>

namespace pixie::library {
namespace {

TEST(Partial, SaysWhatItWillBe) {
  EXPECT_EQ(partial_name("debian-12.iso", 660602880), ".debian-12.iso.660602880.part");
  const std::string text = partial_name("debian-12.iso", 660602880);
  const auto partial = parse_partial(text);
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->name, "debian-12.iso");
  EXPECT_EQ(partial->size, 660602880U);
}

TEST(Partial, IsNoOtherName) {
  for (const auto* name :
       {"", ".part", "..part", ".5.part", ".a.part", ".a.iso.x.part", ".a.iso.-1.part",
        "a.iso.5.part", ".a.iso.5", ".a.iso.99999999999999999999.part"})
    EXPECT_FALSE(parse_partial(name)) << name;
}

}  // namespace
}  // namespace pixie::library
