#include "events/log.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "events/catalogue.h"

namespace pixie::events {
namespace {

std::string line(Format format, std::initializer_list<Field> fields, std::uint64_t suppressed = 0) {
  std::string out;
  format_line(out, format, std::chrono::system_clock::time_point(std::chrono::milliseconds(1500)),
              tftp_done, fields, suppressed);
  return out;
}

TEST(FormatLine, WritesLogfmt) {
  EXPECT_EQ(
      line(Format::logfmt, {{"client", "192.0.2.7:1024"}, {"bytes", 3}, {"seconds", 0.5}}),
      "time=1970-01-01T00:00:01.500Z level=info event=tftp.done client=192.0.2.7:1024 bytes=3 "
      "seconds=0.500");
}

TEST(FormatLine, WritesJson) {
  EXPECT_EQ(
      line(Format::json, {{"file", "a b"}}, 7),
      R"({"time":"1970-01-01T00:00:01.500Z","level":"info","event":"tftp.done","file":"a b","suppressed":7})");
}

TEST(FormatLine, LetsNoFieldForgeAnother) {
  EXPECT_TRUE(line(Format::logfmt, {{"file", "a\nlevel=error \"x\\"}})
                  .ends_with(R"(file="a\u000alevel=error \"x\\")"));
  EXPECT_TRUE(line(Format::logfmt, {{"file", ""}}).ends_with(R"(file="")"));
}

/// What a log wrote to a pipe during `use`.
std::string written(Severity level, auto use) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  {
    Log log(ends[1], Format::logfmt, level);
    Stream stream;
    stream.add(log);
    use(stream);
  }
  close(ends[1]);
  std::string text;
  char buffer[65536];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  return text;
}

TEST(Log, LeavesOutWhatTheLevelExcludes) {
  const auto text = written(Severity::info, [](Stream& stream) {
    stream.emit(tftp_started, {});
    stream.emit(tftp_done, {});
  });
  EXPECT_FALSE(text.contains("tftp.started"));
  EXPECT_TRUE(text.contains("tftp.done"));
}

TEST(Log, LimitsTheKindsThatANetworkCanCause) {
  const auto text = written(Severity::debug, [](Stream& stream) {
    for (int i = 0; i < 400; ++i) stream.emit(tftp_malformed, {});
    for (int i = 0; i < 400; ++i) stream.emit(tftp_done, {});
  });
  const auto count = [&](std::string_view id) {
    std::size_t n = 0;
    for (auto at = text.find(id); at != std::string::npos; at = text.find(id, at + 1)) ++n;
    return n;
  };
  EXPECT_LT(count("tftp.malformed"), 100U);
  EXPECT_EQ(count("tftp.done"), 400U);
}

TEST(Log, KeepsLinesOfAStorm) {
  const auto text = written(Severity::info, [](Stream& stream) {
    for (int i = 0; i < 2000; ++i) stream.emit(dhcp_offered, {});
  });
  const auto lines = std::ranges::count(text, '\n');
  EXPECT_GE(lines, 500);
  EXPECT_LT(lines, 1000);
}

/// A file system without room: a line that is cut is not continued by another one.
TEST(Log, BeginsALineAfterOneThatWasCut) {
  const auto path = testing::TempDir() + "/log";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
  rlimit usual{};
  getrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, SIG_IGN);
  {
    Log log(file, Format::logfmt, Severity::info);
    Stream stream;
    stream.add(log);
    rlimit small{.rlim_cur = 100, .rlim_max = usual.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 3; ++i) stream.emit(tftp_done, {{"file", std::string(40, 'x')}});
    while (lseek(file, 0, SEEK_END) < 100) std::this_thread::yield();
    stream.drain();
    setrlimit(RLIMIT_FSIZE, &usual);
    stream.emit(tftp_done, {{"file", "last"}});
  }
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(pread(file, text.data(), text.size(), 0)));
  close(file);
  std::istringstream lines(text);
  std::string last;
  for (std::string each; std::getline(lines, each); last = each)
    EXPECT_TRUE(each.starts_with("time=")) << text;
  EXPECT_TRUE(last.ends_with("file=last")) << text;
}

TEST(Catalogue, HasUniqueIdsAndASentenceEach) {
  std::set<std::string_view> ids;
  for (const auto* kind : all) {
    EXPECT_TRUE(ids.insert(kind->id).second) << kind->id;
    EXPECT_TRUE(kind->sentence.ends_with('.')) << kind->id;
  }
}

}  // namespace
}  // namespace pixie::events
