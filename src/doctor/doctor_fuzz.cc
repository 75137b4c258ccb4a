// What the doctor makes of arbitrary traffic and scripts: a byte for the kind, then the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "doctor/diagnosis.h"
#include "doctor/image.h"
#include "doctor/script.h"
#include "doctor/timeline.h"

namespace {

using namespace pixie;

constexpr wire::Mac machine_mac{{2, 0, 0, 0, 0, 1}};
constexpr wire::Mac server_mac{{2, 0, 0, 0, 0, 2}};

/// The bytes as datagrams or segments: two for the size, one for the way, then the payload.
void watch(wire::Bytes bytes) {
  doctor::Timeline timeline;
  wire::Reader in(bytes);
  doctor::TimePoint now{};
  const auto client = wire::IpAddress::v4(10, 0, 0, 9);
  const auto server = wire::IpAddress::v4(10, 0, 0, 1);
  while (!in.at_end()) {
    const auto size = in.u16();
    const auto way = in.u8();
    const auto payload = in.bytes(size);
    if (!in.ok()) break;
    constexpr std::uint16_t ports[] = {67, 68, 69, 4011, 2000, 80};
    const wire::Endpoint a{client, ports[way % 6]};
    const wire::Endpoint b{server, ports[way / 6 % 6]};
    const bool from_client = way < 128;
    const doctor::Path path{from_client ? machine_mac : server_mac, from_client ? a : b,
                            from_client ? b : a};
    now += std::chrono::milliseconds(1);
    if (const auto segment = doctor::parse_tcp(payload); segment && size % 2 == 1) {
      timeline.tcp(now, path, *segment);
    } else {
      timeline.udp(now, path, payload);
    }
  }
  for (const auto& [mac, machine] : timeline.machines()) {
    if (machine.events.empty()) std::abort();
    doctor::diagnose(machine, timeline);
    for (const auto& event : machine.events) doctor::describe(event);
  }
}

void read(std::string_view text) {
  auto settings = doctor::settings_of(machine_mac, 7, {}, {});
  if (doctor::read_script(text, "http://10.0.0.1/a", settings).size() > 64) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  if (data[0] % 2 == 0) {
    watch(bytes);
  } else {
    read(wire::as_text(bytes));
  }
  return 0;
}
