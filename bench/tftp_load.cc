// tftp_load: many TFTP clients at once, from one thread, each with its own address. Prints one line of JSON:
// what was transferred, how long it took, what was lost on the way, what failed.
//
// With --hold nobody acknowledges the first block: the line is printed once every client has it,
// and the transfers stay open until standard input ends.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tftp_client.h"

namespace pixie::bench {
namespace {

using std::chrono::milliseconds;

/// How often timeouts are looked for.
constexpr milliseconds scan_pause{50};

class Load {
 public:
  Load(const Task& task, std::size_t clients, std::uint64_t transfers)
      : task_(task),
        transfers_(transfers),
        clients_(clients),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    const auto packet_bytes = std::max<std::size_t>(task.blksize, 512) + 4;
    // All clients' windows must fit the ports, and a client goes from port to port; the kernel counts a packet at
    // twice its size, and a page.
    const auto needed = 2 * clients * task.windowsize * (2 * packet_bytes + 4096);
    while (ports_.size() < 2 || ports_.size() * ports_[0]->room() < needed) {
      ports_.push_back(std::make_unique<TftpPort>(packet_bytes));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = ports_.back().get()}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, ports_.back()->socket(), &event);
    }
  }
  ~Load() { close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Until all transfers are over or, with `hold`, all clients hold one.
  void run() {
    const auto began = Clock::now();
    for (std::size_t i = 0; i < clients_.size(); ++i) begin(i, began);
    flush();
    auto scanned = began;
    std::array<epoll_event, 64> events;
    while (counters.completed + counters.failed + counters.holding < transfers_) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(scan_pause.count()));
      const auto now = Clock::now();
      for (int i = 0; i < count; ++i)
        receive(*static_cast<TftpPort*>(events[static_cast<std::size_t>(i)].data.ptr), now);
      flush();
      if (now - scanned < scan_pause) continue;
      scanned = now;
      for (std::size_t i = 0; i < clients_.size(); ++i) {
        auto& client = clients_[i].client;
        if (!client) continue;
        client->expire(now);
        if (client->over()) begin(i, now);
      }
      flush();
    }
    seconds = std::chrono::duration<double>(Clock::now() - began).count();
  }

  /// Ends what is held.
  void leave() {
    for (const auto& seat : clients_) {
      if (seat.client) seat.client->leave();
    }
    flush();
  }

  Counters counters;
  double seconds = 0;

 private:
  struct Seat {
    std::unique_ptr<TftpClient> client;
    std::size_t turn = 0;
  };

  /// The next transfer of a client, if any is left to do.
  void begin(std::size_t index, Clock::time_point now) {
    auto& [client, turn] = clients_[index];
    client.reset();
    if (begun_ == transfers_) return;
    ++begun_;
    // From another port than last time, where something may still be on its way.
    auto& port = *ports_[(index + turn++) % ports_.size()];
    client = std::make_unique<TftpClient>(task_, counters, port, index, now);
  }

  void receive(TftpPort& port, Clock::time_point now) {
    for (const auto& [index, datagram, from] : port.receive()) {
      if (index >= clients_.size()) continue;
      auto& [client, turn] = clients_[index];
      if (!client || &client->port() != &port) continue;
      client->receive(datagram, from, now);
      if (client->over()) begin(index, now);
    }
  }

  void flush() {
    for (const auto& port : ports_) port->flush();
  }

  const Task& task_;
  const std::uint64_t transfers_;
  std::uint64_t begun_ = 0;
  std::vector<std::unique_ptr<TftpPort>> ports_;
  std::vector<Seat> clients_;
  int epoll_;
};

std::string contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error(fmt::format("{}: can't be read", path));
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    out += plain ? c : '?';
  }
  return out + '"';
}

void print(const Load& load) {
  const auto& counters = load.counters;
  std::string failures;
  for (const auto& [reason, count] : counters.failures) {
    failures += fmt::format("{}{}:{}", failures.empty() ? "" : ",", json_text(reason), count);
  }
  fmt::print(R"({{"completed":{},"failed":{},"holding":{},"bytes":{},"blocks":{},"repeats":{},)"
             R"("duplicates":{},"blksize":{},"windowsize":{},"seconds":{:.6f},"failures":{{{}}}}})"
             "\n",
             counters.completed, counters.failed, counters.holding, counters.bytes, counters.blocks,
             counters.repeats, counters.duplicates, counters.blksize, counters.windowsize,
             load.seconds, failures);
  std::fflush(stdout);
}

void wait_for_end_of_input() {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

int run(int argc, char** argv) {
  Task task;
  std::string server = "127.0.0.1";
  std::uint16_t port = 69;
  std::string expected_path;
  std::size_t clients = 1;
  std::uint64_t transfers = 0;

  CLI::App app("Loads a TFTP server with many clients; prints the result as JSON.");
  app.add_option("--server", server, "IPv4 address, of the loopback interface")
      ->capture_default_str();
  app.add_option("--port", port)->capture_default_str();
  app.add_option("--file", task.file, "Name to ask for")->required();
  app.add_option("--expect", expected_path, "A file that holds what must come")->required();
  app.add_option("--clients", clients, "At once")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--transfers", transfers, "In all; 0: one for each client")->capture_default_str();
  app.add_option("--blksize", task.blksize)->capture_default_str()->check(CLI::Range(8, 65464));
  app.add_option("--windowsize", task.windowsize)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--hold", task.hold, "Hold one transfer open for each client");
  CLI11_PARSE(app, argc, argv);

  task.server.sin_family = AF_INET;
  task.server.sin_port = htons(port);
  if (inet_pton(AF_INET, server.c_str(), &task.server.sin_addr) != 1) {
    throw std::runtime_error(fmt::format("{}: not an IPv4 address", server));
  }
  if (ntohl(task.server.sin_addr.s_addr) >> 24 != 127)
    throw std::runtime_error(fmt::format("{}: clients have addresses in 127.0.0.0/8 only", server));
  const auto expected = contents(expected_path);
  task.expected = wire::as_bytes(expected);
  Load load(task, clients, transfers == 0 || task.hold ? clients : transfers);
  load.run();
  print(load);
  if (task.hold) {
    wait_for_end_of_input();
    load.leave();
  }
  return load.counters.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace pixie::bench

int main(int argc, char** argv) {
  try {
    return pixie::bench::run(argc, argv);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "tftp_load: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
