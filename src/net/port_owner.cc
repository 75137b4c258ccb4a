// Who holds a port: /proc/net tells the socket's inode, /proc/<pid>/fd tells whose it is.
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "net/process_usage.h"
#include "net/socket.h"

namespace pixie::net {
namespace {

namespace fs = std::filesystem;

/// The inodes of the sockets that are bound to `port` (proc(5): /proc/net/udp, /proc/net/tcp).
std::set<std::string> socket_inodes(std::uint16_t port, std::string_view table) {
  std::set<std::string> inodes;
  std::ifstream lines(fmt::format("/proc/net/{}", table));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    const auto colon = local.find(':');
    if (colon == std::string::npos) continue;
    unsigned bound = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), bound, 16);
    const bool serving = table.starts_with("udp") || state == "0A";
    if (bound == port && serving) inodes.insert(fmt::format("socket:[{}]", inode));
  }
  return inodes;
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (auto it = fs::directory_iterator(process / "fd", error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code unreadable;
    if (inodes.contains(fs::read_symlink(it->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::optional<int> port_owner_process(std::uint16_t port, Transport transport) {
  const std::string_view table = transport == Transport::udp ? "udp" : "tcp";
  auto inodes = socket_inodes(port, table);
  inodes.merge(socket_inodes(port, fmt::format("{}6", table)));
  if (inodes.empty()) return std::nullopt;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto process = entry.path().filename().string();
    if (process.find_first_not_of("0123456789") != std::string::npos) continue;
    if (holds_one_of(entry.path(), inodes)) return std::stoi(process);
  }
  return std::nullopt;
}

std::string port_owner(std::uint16_t port, Transport transport) {
  const auto process = port_owner_process(port, transport);
  if (!process) return "";
  std::string name;
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", *process)), name);
  return fmt::format("{} (process {})", name.empty() ? "a program" : name, *process);
}

}  // namespace pixie::net
