#include "events/boots.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"

namespace pixie::events {
namespace {

constexpr std::size_t step_limit = 200;

/// A field that was left empty for people's eyes is written as a dash.
std::string_view text_of(const Record& record, std::string_view name) {
  const auto text = record.text(name);
  return text == "-" ? std::string_view() : text;
}

std::string_view path_of(const Record& record) {
  const auto file = text_of(record, "file");
  return file.empty() ? text_of(record, "path") : file;
}

std::uint64_t whole_number(const Record& record, std::string_view name) {
  return static_cast<std::uint64_t>(std::max(record.number(name), 0.0));
}

bool is_whole(const Kind& kind) {
  return &kind == &tftp_done || &kind == &tftp_done_unconfirmed || &kind == &http_done;
}

std::optional<Trouble::What> trouble_of(const Kind& kind) {
  using enum Trouble::What;
  if (&kind == &tftp_client_aborted || &kind == &http_aborted) return aborted;
  if (&kind == &tftp_timeout) return timed_out;
  if (&kind == &tftp_failed || &kind == &http_failed) return ours;
  const Kind* refusals[] = {&tftp_not_found, &tftp_refused, &http_refused, &rom_missing};
  if (std::ranges::find(refusals, &kind) != std::end(refusals)) return missing;
  return std::nullopt;
}

void advance(Boot& boot, Stage stage) { boot.stage = std::max(boot.stage, stage); }

Time began(const Record& record) {
  const std::chrono::duration<double> took(std::clamp(record.number("seconds"), 0.0, 86'400.0));
  return record.when - std::chrono::duration_cast<Time::duration>(took);
}

}  // namespace

std::span<const Boots::Row> Boots::rows() {
  static constexpr Row table[] = {
      {&dhcp_offered, &Boots::on_offer},
      {&dhcp_proxy_offered, &Boots::on_offer},
      {&dhcp_no_rom, &Boots::on_offer},
      {&dhcp_acknowledged, &Boots::on_dhcp},
      {&dhcp_boot_acknowledged, &Boots::on_dhcp},
      {&dhcp_held, &Boots::on_held},
      {&tftp_progress, &Boots::on_progress},
      {&http_progress, &Boots::on_progress},
      {&tftp_size_probe, &Boots::on_transfer},
      {&tftp_done, &Boots::on_transfer},
      {&tftp_done_unconfirmed, &Boots::on_transfer},
      {&tftp_client_aborted, &Boots::on_transfer},
      {&tftp_timeout, &Boots::on_transfer},
      {&tftp_failed, &Boots::on_transfer},
      {&tftp_not_found, &Boots::on_transfer},
      {&tftp_refused, &Boots::on_transfer},
      {&http_done, &Boots::on_transfer},
      {&http_aborted, &Boots::on_transfer},
      {&http_failed, &Boots::on_transfer},
      {&http_refused, &Boots::on_transfer},
      {&rom_missing, &Boots::on_transfer},
      {&boot_script, &Boots::on_script},
      {&script_mistake, &Boots::on_mistake},
      {&machine_done, &Boots::on_callback},
      {&machine_failed, &Boots::on_callback},
  };
  return table;
}

bool Boots::concerns(const Kind& kind) {
  return std::ranges::find(rows(), &kind, &Row::kind) != rows().end();
}

void Boots::take(const Record& record) {
  const auto row = std::ranges::find(rows(), &record.kind, &Row::kind);
  if (row == rows().end()) return;
  if (const auto mac = wire::Mac::parse(record.text("mac"))) (this->*row->handler)(record, *mac);
}

void Boots::forget(const wire::Mac& mac) {
  live_.erase(mac);
  changed_.erase(mac);
}

std::vector<Boots::News> Boots::take_news() { return std::exchange(news_, {}); }

std::unordered_set<wire::Mac> Boots::take_changed() { return std::exchange(changed_, {}); }

const Boot* Boots::live(const wire::Mac& mac) const {
  const auto found = live_.find(mac);
  return found == live_.end() ? nullptr : &found->second.boot;
}

std::vector<Boot> Boots::live() const {
  std::vector<Boot> boots;
  boots.reserve(live_.size());
  for (const auto& [mac, live] : live_) boots.push_back(live.boot);
  return boots;
}

Boots::Live* Boots::find(const wire::Mac& mac) {
  const auto found = live_.find(mac);
  return found == live_.end() ? nullptr : &found->second;
}

Boots::Live* Boots::begin(const wire::Mac& mac, Time when) {
  if (auto* former = find(mac)) end_superseded(*former, when);
  if (live_.size() >= limits_.max_machines) return nullptr;
  auto& live = live_[mac];
  live.boot.mac = mac;
  live.boot.started = live.boot.updated = live.trail.heard = when;
  news_.push_back({News::What::started, live.boot});
  return &live;
}

Boots::Live* Boots::boot_of(const wire::Mac& mac, std::string_view what, Time when) {
  auto* live = find(mac);
  if (what == "rom") {
    const bool again =
        live && (live->boot.stage > Stage::rom ||
                 (live->trail.rom_whole && when - live->trail.heard > limits_.rom_anew));
    return live && !again ? live : begin(mac, when);
  }
  if (what == "chain" || what == "script") {
    const bool old = live && when - live->trail.heard > limits_.anew;
    // iPXE keeps the menu: who loads it again after a kernel was reset (and its ROM came from elsewhere).
    const bool reset = live && what == "chain" && live->boot.stage >= Stage::loading;
    return live && !old && !reset ? live : begin(mac, when);
  }
  return live;
}

/// Parts of one file that follow each other are one step.
void Boots::add_step(Live& live, const Record& record, std::string_view text) {
  auto& boot = live.boot;
  live.trail.heard = boot.updated = std::max(boot.updated, record.when);
  changed_.insert(boot.mac);
  const auto bytes = whole_number(record, "bytes");
  const auto seconds = record.number("seconds");
  if (!boot.steps.empty() && record.number("status") == 206) {
    auto& last = boot.steps.back();
    if (last.event == record.kind.id && last.text == text) {
      last.bytes += bytes;
      last.seconds += seconds;
      return;
    }
  }
  if (boot.steps.size() >= step_limit) {
    ++boot.steps_left_out;
    return;
  }
  boot.steps.push_back(
      {record.when, std::string(record.kind.id), std::string(text), bytes, seconds});
}

void Boots::on_offer(const Record& record, const wire::Mac& mac) {
  const auto firmware = text_of(record, "firmware");
  auto* live = find(mac);
  if (firmware == "iPXE" || firmware == "no boot client") return on_dhcp(record, mac);
  // Firmware repeats its question until it is answered; whoever has asked for a file since begins anew.
  const bool repeats = live && live->boot.stage == Stage::dhcp &&
                       record.when - live->trail.heard < limits_.after_offer;
  if (!repeats) live = begin(mac, record.when);
  if (!live) return;
  auto& trail = live->trail;
  const auto file = text_of(record, "file");
  trail.firmware = firmware;
  if (!file.empty()) trail.offered = file;
  if (&record.kind == &dhcp_no_rom) trail.no_rom_for = text_of(record, "arch");
  add_step(*live, record, file.empty() ? firmware : file);
}

void Boots::on_dhcp(const Record& record, const wire::Mac& mac) {
  auto* live = find(mac);
  if (!live) return;
  if (text_of(record, "firmware") == "iPXE") {
    live->trail.asked_as_ipxe = true;
    advance(live->boot, Stage::ipxe);
  }
  const auto address = text_of(record, "address");
  add_step(*live, record, address.empty() ? text_of(record, "file") : address);
}

void Boots::on_held(const Record& record, const wire::Mac& mac) {
  auto* live = find(mac);
  if (!live) return;
  add_step(*live, record, text_of(record, "file"));
  end(*live, Outcome::stalled,
      "It loads its ROM again and again: its iPXE must say that it is iPXE (user class or option "
      "175) and be given chain.ipxe, or fails before its script; look at its screen.");
}

void Boots::on_progress(const Record& record, const wire::Mac& mac) {
  const auto what = text_of(record, "what");
  auto* live = boot_of(mac, what, record.when);
  if (!live) return;
  auto& [boot, trail] = *live;
  trail.heard = boot.updated = std::max(boot.updated, record.when);
  if (what == "rom") {
    trail.rom = path_of(record);
    advance(boot, Stage::rom);
  } else {
    advance(boot, Stage::loading);
    trail.files.progress(path_of(record), whole_number(record, "sent"),
                         whole_number(record, "size"));
    boot.bytes_sent = trail.files.sent();
    boot.bytes_total = trail.files.size();
  }
  changed_.insert(mac);
}

void Boots::on_transfer(const Record& record, const wire::Mac& mac) {
  if (record.text("method") == "HEAD") return;
  const auto what = text_of(record, "what");
  auto* live = boot_of(mac, what, began(record));
  if (!live || (what.empty() && !trouble_of(record.kind))) return;
  auto& [boot, trail] = *live;
  const auto path = path_of(record);
  const auto bytes = whole_number(record, "bytes");
  const bool whole = is_whole(record.kind);
  add_step(*live, record, path);
  if (what == "rom") {
    advance(boot, Stage::rom);
    trail.rom = path;
    trail.rom_whole |= whole;
  } else if (what == "chain") {
    advance(boot, Stage::ipxe);
    trail.menu |= whole;
  } else if (what == "script") {
    advance(boot, Stage::script);
    trail.script |= whole;
  } else if (what == "file" && &record.kind != &tftp_size_probe) {
    advance(boot, Stage::loading);
    whole ? trail.files.done(path, bytes, record.number("status") == 206)
          : trail.files.broke_off(path, bytes);
    boot.bytes_sent = trail.files.sent();
    boot.bytes_total = trail.files.size();
  }
  if (whole) trail.trouble.reset();
  if (const auto trouble = trouble_of(record.kind))
    trail.trouble =
        Trouble{*trouble, std::string(path), std::string(text_of(record, "reason")), bytes};
  if (whole && what == "script" && trail.to_disk) end(*live, Outcome::local, {});
}

void Boots::on_script(const Record& record, const wire::Mac& mac) {
  auto* live = boot_of(mac, "script", record.when);
  if (!live) return;
  auto& [boot, trail] = *live;
  boot.profile = text_of(record, "profile");
  boot.because = text_of(record, "because");
  trail.to_disk = record.text("target") == "local";
  trail.one_shot = boot.because == "once";
  trail.without_script = boot.because == "nothing";
  advance(boot, Stage::script);
  const auto rule = text_of(record, "rule");
  auto text = boot.because;
  if (!rule.empty()) text += fmt::format(" \"{}\"", rule);
  if (!boot.profile.empty()) text += ": " + boot.profile;
  add_step(*live, record, text);
}

void Boots::on_mistake(const Record& record, const wire::Mac& mac) {
  auto* live = boot_of(mac, "script", record.when);
  if (!live) return;
  live->boot.profile = text_of(record, "profile");
  add_step(*live, record, text_of(record, "reason"));
  end(*live, Outcome::failed,
      fmt::format("Its script can't be made: {}", text_of(record, "reason")));
}

void Boots::on_callback(const Record& record, const wire::Mac& mac) {
  auto* live = find(mac);
  if (!live) return;
  const bool failed = &record.kind == &machine_failed;
  const auto reason = text_of(record, "reason");
  add_step(*live, record, reason);
  live->boot.stage = Stage::system;
  end(*live, failed ? Outcome::failed : Outcome::installed,
      failed ? fmt::format("Its installation reported: {}", reason) : std::string());
}

}  // namespace pixie::events
