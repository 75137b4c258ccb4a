#include "net/process_usage.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <fmt/format.h>

namespace pixie::net {
namespace {

struct Process {
  int parent = 0;
  double cpu_seconds = 0;
};

/// /proc/<pid>/stat: the name, which may hold anything, ends with the last parenthesis.
std::optional<Process> read_process(int number) {
  std::string line;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", number)), line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream words(line.substr(name_end + 1));
  std::string state;
  Process process;
  words >> state >> process.parent;
  constexpr int between = 9;
  std::string skipped;
  for (int i = 0; i < between; ++i) words >> skipped;
  double ticks = 0;
  for (int i = 0; i < 4; ++i) {
    // utime, stime, cutime, cstime
    double part = 0;
    words >> part;
    ticks += part;
  }
  process.cpu_seconds = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  return process;
}

std::map<int, Process> all_processes() {
  std::map<int, Process> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto name = entry.path().filename().string();
    int number = 0;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (wrong != std::errc{} || end != name.data() + name.size()) continue;
    if (const auto process = read_process(number)) found.emplace(number, *process);
  }
  return found;
}

void add_memory(int number, ProcessUsage& usage) {
  std::ifstream lines(fmt::format("/proc/{}/status", number));
  std::string word;
  while (lines >> word) {
    std::uint64_t kilobytes = 0;
    if (word == "VmRSS:" && lines >> kilobytes) usage.resident_bytes += kilobytes * 1024;
    if (word == "VmHWM:" && lines >> kilobytes) usage.peak_bytes += kilobytes * 1024;
  }
}

}  // namespace

std::optional<ProcessUsage> process_usage(std::span<const int> processes) {
  const auto all = all_processes();
  std::set<int> counted(processes.begin(), processes.end());
  for (std::size_t before = 0; before != counted.size();) {
    before = counted.size();
    for (const auto& [number, process] : all) {
      if (counted.contains(process.parent)) counted.insert(number);
    }
  }
  ProcessUsage usage;
  for (const int number : counted) {
    const auto found = all.find(number);
    if (found == all.end()) return std::nullopt;
    usage.cpu_seconds += found->second.cpu_seconds;
    add_memory(number, usage);
  }
  return usage;
}

}  // namespace pixie::net
