#include "app/doctor.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "app/doctor_text.h"
#include "app/exit_code.h"
#include "doctor/diagnosis.h"
#include "doctor/timeline.h"
#include "net/frames.h"
#include "net/packet_socket.h"

namespace pixie::app {
namespace {

using doctor::TimePoint;
using Clock = std::chrono::steady_clock;

/// So long nothing new happens until a machine counts as stuck: firmware and iPXE repeat their
/// questions for longer.
constexpr auto quiet = std::chrono::seconds(10);

volatile std::sig_atomic_t stopped = 0;

void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stopped = 1; };
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

class Watch {
 public:
  Watch(net::PacketSocket socket, std::chrono::seconds duration)
      : socket_(std::move(socket)),
        begin_(Clock::now()),
        end_(duration == std::chrono::seconds(0) ? TimePoint::max() : begin_ + duration) {
    // A burst of downloads must not push the few packets out that tell something.
    constexpr int room = 8 << 20;
    setsockopt(socket_.number(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }

  int run() {
    while (stopped == 0 && Clock::now() < end_) {
      pollfd waiting{socket_.number(), POLLIN, 0};
      constexpr int tick_ms = 250;
      if (poll(&waiting, 1, tick_ms) > 0) read();
      tell_news();
      tell_stuck();
    }
    return conclude();
  }

 private:
  void read() {
    constexpr int batch = 256;
    for (int i = 0; i < batch; ++i) {
      const auto frame = socket_.receive(buffer_);
      if (!frame) return;
      if (frame->ethertype == net::ethertype::arp) {
        if (const auto arp = net::parse_arp(frame->payload)) {
          timeline_.arp(Clock::now(), arp->sender_mac, arp->sender, arp->target,
                        arp->operation == net::Arp::reply);
        }
      } else if (frame->ethertype == net::ethertype::ipv4) {
        read_ipv4(*frame);
      }
    }
  }

  void read_ipv4(const net::Frame& frame) {
    const auto packet = net::parse_ipv4(frame.payload);
    if (!packet) return;
    if (packet->protocol == net::ip_protocol::udp) {
      const auto datagram = net::parse_udp4(frame.payload);
      if (!datagram) return;
      timeline_.udp(Clock::now(), {frame.source, datagram->from, datagram->to}, datagram->payload);
    } else if (packet->protocol == net::ip_protocol::tcp) {
      const auto segment = doctor::parse_tcp(packet->payload);
      if (!segment) return;
      timeline_.tcp(
          Clock::now(),
          {frame.source, {packet->from, segment->from_port}, {packet->to, segment->to_port}},
          *segment);
    }
  }

  void tell_news() {
    for (const auto& news : timeline_.take_news()) {
      const std::chrono::duration<double> after = news.event.at - begin_;
      fmt::print("{:9.3f} s  {}  {}\n", after.count(), news.mac.colons(),
                 doctor::describe(news.event));
    }
    std::fflush(stdout);
  }

  /// Once for each state in which a machine is stuck.
  void tell_stuck() {
    for (const auto& [mac, machine] : timeline_.machines()) {
      if (Clock::now() - machine.progress_at < quiet) continue;
      auto& told = told_[mac];
      if (told == machine.progress_at) continue;
      told = machine.progress_at;
      tell(machine);
    }
  }

  void tell(const doctor::Machine& machine) const {
    const auto findings = doctor::diagnose(machine, timeline_);
    const auto verdict = doctor::any_stops_boot(findings) ? "does not boot"
                         : machine.got_script             ? "got its script"
                                                          : "is on its way";
    fmt::print("\n{} ({}) {}\n{}\n", machine.mac.colons(), client_title(machine.client), verdict,
               findings_text(findings));
    std::fflush(stdout);
  }

  int conclude() const {
    bool all_boot = true;
    for (const auto& [mac, machine] : timeline_.machines()) {
      tell(machine);
      const auto findings = doctor::diagnose(machine, timeline_);
      all_boot = all_boot && machine.got_script && !doctor::any_stops_boot(findings);
    }
    if (timeline_.machines().empty()) fmt::print("No machine tried to boot from the network.\n");
    return all_boot ? success : failure;
  }

  net::PacketSocket socket_;
  TimePoint begin_;
  TimePoint end_;
  doctor::Timeline timeline_;
  std::map<wire::Mac, TimePoint> told_;
  std::array<std::byte, 65536> buffer_;
};

}  // namespace

int doctor_watch(const DoctorArguments& arguments) {
  const auto interface = choose_interface(arguments.interface);
  if (!interface) return complain(usage, interface.error());
  auto socket = net::PacketSocket::open(
      *interface, {.ethertype = net::Capture::everything, .outgoing = true, .promiscuous = true});
  if (!socket) return complain(usage, socket.error());
  stop_on_signals();
  fmt::print("Watching {} for machines that boot from the network. Ctrl-C ends it.\n",
             interface->name);
  std::fflush(stdout);
  return Watch(std::move(*socket), std::chrono::seconds(arguments.seconds)).run();
}

}  // namespace pixie::app
