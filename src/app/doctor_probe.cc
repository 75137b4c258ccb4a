// `pixie doctor probe`.
#include <chrono>
#include <cstdio>
#include <random>

#include <fmt/format.h>

#include "app/doctor.h"
#include "app/doctor_text.h"
#include "app/exit_code.h"
#include "dhcp/option.h"
#include "dhcp/printable.h"
#include "doctor/probe.h"
#include "net/probe_client.h"

namespace pixie::app {
namespace {

/// Locally administered, always the same, so that a server's leases don't fill with made-up machines.
constexpr wire::Mac own_mac{{0x02, 0x70, 0x69, 0x78, 0x69, 0x65}};

std::string_view outcome_name(doctor::Fetch::Outcome outcome) {
  using enum doctor::Fetch::Outcome;
  switch (outcome) {
    case done:
      return "is there";
    case silent:
      return "no answer";
    case closed:
      return "the port is closed";
    case unreachable:
      return "unreachable";
    case refused:
      return "refused";
    case stalled:
      return "incomplete";
    case unchecked:
      return "not checked";
  }
  return "";
}

std::string option_text(const dhcp::Packet& packet, std::uint8_t code) {
  const auto value = packet.options.find(code);
  if (!value) return "-";
  if (code == dhcp::option::vendor_specific) return dhcp::hex(*value);
  return dhcp::printable(wire::as_bytes(packet.options.text(code).value_or("")));
}

void print_answer(std::string_view kind, const doctor::Offer& offer) {
  const auto& packet = offer.packet;
  const auto address = offer.is_proxy() ? std::string("-") : packet.yiaddr.text();
  const auto file = packet.file.empty() ? "-" : dhcp::printable(wire::as_bytes(packet.file));
  fmt::print("  {:6} {:15}  {:17}  {:15}  {:15}  {:16} {:12} {:14} {:18} {:4} ms\n", kind,
             offer.server().text(), offer.from_mac.colons(), address, packet.siaddr.text(), file,
             option_text(packet, dhcp::option::vendor_class),
             option_text(packet, dhcp::option::vendor_specific),
             option_text(packet, dhcp::option::bootfile_name), offer.after.count());
}

void print_fetch(const doctor::Fetch& fetch) {
  fmt::print("  {}: {}", dhcp::printable(wire::as_bytes(fetch.url)), outcome_name(fetch.outcome));
  if (fetch.size > 0) fmt::print(", {} bytes", fetch.size);
  if (!fetch.detail.empty()) fmt::print(", {}", fetch.detail);
  fmt::print("\n");
}

void print_stage(std::string_view title, const doctor::Stage& stage) {
  fmt::print("{} ({}):\n", title, client_title(stage.client));
  if (stage.offers.empty()) fmt::print("  no answer\n");
  if (!stage.offers.empty()) {
    fmt::print("  {:6} {:15}  {:17}  {:15}  {:15}  {:16} {:12} {:14} {:18} {}\n", "", "server",
               "MAC", "address", "siaddr", "file", "option 60", "option 43", "option 67", "after");
  }
  for (const auto& offer : stage.offers) print_answer("offer", offer);
  for (const auto& answer : stage.boot_answers) print_answer("4011", answer);
  if (stage.loaded) print_fetch(*stage.loaded);
}

void print_report(const doctor::Report& report) {
  print_stage("Firmware", report.firmware);
  if (report.ipxe) print_stage("iPXE", *report.ipxe);
  if (!report.files.empty()) fmt::print("Scripts and their files:\n");
  for (const auto& file : report.files) print_fetch(file);
  const auto verdict = !report.boots()     ? "Such a machine would not boot."
                       : report.complete() ? "Such a machine would boot."
                                           : "As far as this can be tried, such a machine would "
                                             "boot; see what was not checked.";
  fmt::print("\n{}\n{}", verdict, findings_text(report.findings));
  std::fflush(stdout);
}

}  // namespace

int doctor_probe(const DoctorArguments& arguments) {
  const auto kind = doctor::find_client_kind(arguments.architecture);
  if (!kind) return complain(usage, kind.error());
  const auto mac = arguments.mac.empty() ? own_mac : wire::Mac::parse(arguments.mac);
  if (!mac) {
    return complain(usage, {fmt::format("--mac: expected an Ethernet address like "
                                        "52:54:00:12:34:56, not '{}'",
                                        arguments.mac)});
  }
  const auto interface = choose_interface(arguments.interface);
  if (!interface) return complain(usage, interface.error());
  auto client = net::ProbeClient::open(*interface, std::chrono::seconds(arguments.wait));
  if (!client) return complain(usage, client.error());
  fmt::print("Asking on {} as {}, a machine of kind {}.\n", interface->name, mac->colons(),
             kind->name);
  std::fflush(stdout);
  const auto report = doctor::probe(**client, *kind, *mac, std::random_device()());
  print_report(report);
  return report.boots() ? success : failure;
}

}  // namespace pixie::app
