// The journal's lines, and what a damaged file leads to.
#include "dhcp/lease_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/leases_testing.h"

namespace pixie::dhcp {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view example =
    "pixie leases 1\n"
    "lease 10.0.0.5 52:54:00:12:34:56 01525400123456 1795400000 node5\n"
    "lease 10.0.0.6 00:00:00:00:00:00 ff 0 -\n"
    "release 10.0.0.5 1795399000\n"
    "decline 10.0.0.6 1795399600\n";

TEST(LeaseJournal, ReadsBackWhatItWrites) {
  const auto journal = parse_lease_journal(example);
  ASSERT_TRUE(journal) << journal.error().text;
  EXPECT_EQ(journal->complete, example.size());
  ASSERT_EQ(journal->records.size(), 4U);
  EXPECT_EQ(journal->records[0].client, std::string("\1RT\0\x12\x34\x56", 7));
  EXPECT_EQ(journal->records[0].host_name, "node5");
  EXPECT_EQ(journal->records[1].host_name, "");
  EXPECT_EQ(journal->records[3].time.time_since_epoch().count(), 1795399600);
  std::string text(lease_journal_header());
  for (const auto& record : journal->records) append_line(text, record);
  EXPECT_EQ(text, example);
}

TEST(LeaseJournal, IgnoresALineThatWasCutOff) {
  for (std::size_t size = 0; size < example.size(); ++size) {
    const auto journal = parse_lease_journal(example.substr(0, size));
    ASSERT_TRUE(journal) << size;
    const auto complete = example.substr(0, size).rfind('\n') + 1;
    EXPECT_EQ(journal->complete, complete);
    const auto lines = std::ranges::count(example.substr(0, size), '\n');
    EXPECT_EQ(journal->records.size(), lines ? lines - 1 : 0);
  }
}

TEST(LeaseJournal, NamesTheBrokenLine) {
  for (const auto* line : {"",
                           "lease",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 1795400000",
                           "release 10.0.0.5 1 ",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 1795400000 node5 more",
                           "lease 10.0.0.5 52:54:00:12:34:56  1795400000 node5",
                           "lease 10.0.0.5 52:54:00:12:34 01 1795400000 node5",
                           "lease 10.0.0.5 52:54:00:12:34:56 012 1795400000 node5",
                           "lease 10.0.0.5 52:54:00:12:34:56 0x 1795400000 node5",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 -1 node5",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 99999999999999999999 node5",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 1000000000001 node5",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 1795400000 ",
                           "lease 10.0.0.5 52:54:00:12:34:56 01 1795400000 no/de",
                           "lease fe80::1 52:54:00:12:34:56 01 1795400000 node5",
                           "release 10.0.0.5",
                           "Release 10.0.0.5 1",
                           "decline 10.0.0.256 1",
                           "decline 10.0.0.5 1\r",
                           "pixie leases 1"}) {
    const auto text = std::string(example) + line + "\n" + "release 10.0.0.6 1\n";
    const auto journal = parse_lease_journal(text);
    ASSERT_FALSE(journal) << line;
    EXPECT_THAT(journal.error().text, AllOf(StartsWith("line 6: expected "), HasSubstr("remove")));
  }
  const auto long_client = "lease 10.0.0.5 52:54:00:12:34:56 " + std::string(512, 'a') + " 1 -\n";
  EXPECT_FALSE(parse_lease_journal(std::string(example) + long_client));
}

TEST(LeaseJournal, RefusesAnotherVersionAndOtherFiles) {
  const auto error = [](std::string_view text) { return parse_lease_journal(text).error().text; };
  EXPECT_THAT(error("pixie leases 2\nlease x\n"), HasSubstr("another version of pixie"));
  EXPECT_THAT(error("pixie leases 10\n"), HasSubstr("another version of pixie"));
  EXPECT_THAT(error("lease 10.0.0.5\n"), HasSubstr("no lease file of pixie"));
  EXPECT_THAT(error("\x1b[2J\n"), AllOf(HasSubstr("`?[2J`"), HasSubstr("no lease file")));
}

TEST(LeaseJournal, CleansHostNames) {
  for (const auto* name : {"a", "node-5.example_org", "5"}) EXPECT_EQ(clean_host_name(name), name);
  for (const auto* name : {"", "-", ".a", "a b", "a\n", "\xc3\xa4"}) {
    EXPECT_EQ(clean_host_name(name), "") << name;
  }
  EXPECT_EQ(clean_host_name(std::string(253, 'a')).size(), 253U);
  EXPECT_EQ(clean_host_name(std::string(254, 'a')).size(), 0U);
}

}  // namespace
}  // namespace pixie::dhcp
