// For tests: a network of a virtual clock that notes what a machine sends, and plays the servers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dhcp/option.h"
#include "doctor/testing.h"
#include "storm/machine.h"
#include "tftp/packet.h"

namespace pixie::storm {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const auto server_address = wire::IpAddress::v4(10, 0, 0, 1);
inline const wire::Endpoint transfer_port{server_address, 40'000};

/// Serves files by TFTP and HTTP and plays a DHCP server, one event after the other, each a millisecond after the one
/// before.
class TestNetwork final : public Link {
 public:
  std::map<std::string, std::string> files;
  /// Instead of the file: status and fields of an HTTP answer, each once.
  std::multimap<std::string, HttpHead> http_answers;
  doctor::Answer offer{};
  doctor::Answer ipxe_offer{};
  /// Nothing is answered any more.
  bool silent = false;
  /// Of an answer by HTTP only the head comes.
  bool heads_only = false;
  /// Answers other machines.
  std::optional<wire::IpAddress> dhcp_server{};
  int port_error = 0;

  /// All that was sent, in short: `rrq NAME`, `abort`, `GET /…`, `discover`, `request`, `4011`.
  std::vector<std::string> sent;
  std::size_t datagrams = 0;
  TimePoint now{};

  void run(Machine& machine) {
    machine_ = &machine;
    machine.start(now);
    while (!machine.is_over()) {
      if (answers_.empty()) {
        now = std::max(now, machine.deadline());
        machine.on_deadline(now);
        continue;
      }
      now += milliseconds(1);
      const auto answer = std::move(answers_.front());
      answers_.erase(answers_.begin());
      answer();
    }
  }

 private:
  void send_dhcp(const wire::Endpoint& to, const dhcp::Packet& packet) override {
    const bool asks = packet.message_type() == dhcp::MessageType::request;
    sent.push_back(to.port == dhcp::pxe_port ? "4011" : asks ? "request" : "discover");
    if (silent) return;
    const bool is_ipxe = packet.options.contains(dhcp::option::user_class);
    auto reply = doctor::offer_of(is_ipxe ? ipxe_offer : offer);
    reply.packet.xid = packet.xid;
    reply.packet.chaddr = packet.chaddr;
    if (asks) reply.packet.set_message_type(dhcp::MessageType::ack);
    later([this, reply] { machine_->on_dhcp(now, reply); });
  }

  std::optional<wire::IpAddress> known_dhcp_server() const override { return dhcp_server; }

  int open_port(const wire::Endpoint&) override {
    ++port_;
    return port_error;
  }

  int send(const wire::Endpoint&, wire::Bytes datagram) override {
    ++datagrams;
    const auto packet = tftp::parse(datagram);
    if (const auto* request = std::get_if<tftp::Request>(&*packet)) {
      name_ = request->filename;
      sent.push_back("rrq " + name_);
      answer_request(request->options);
    } else if (const auto* ack = std::get_if<tftp::Ack>(&*packet)) {
      for (unsigned i = 1; i <= options_.windowsize.value_or(1); ++i) send_block(ack->block + i);
    } else {
      sent.emplace_back("abort");
    }
    return 0;
  }

  void answer_request(tftp::Options options) {
    std::array<std::byte, 600> buffer;
    if (!files.contains(name_))
      return reply(tftp::write_error(buffer, tftp::error_code::not_found, "no such file"));
    options.tsize = files[name_].size();
    options_ = options;
    reply(tftp::write_oack(buffer, options));
  }

  void send_block(std::uint64_t number) {
    const std::size_t size = options_.blksize.value_or(512);
    const auto at = (number - 1) * size;
    const auto& file = files[name_];
    if (at > file.size()) return;
    const auto header = tftp::data_header(number);
    const auto bytes = std::string(wire::as_text(header)) + file.substr(at, size);
    reply(wire::as_bytes(bytes));
  }

  void reply(wire::Bytes datagram) {
    if (silent) return;
    later([this, port = port_, bytes = std::string(wire::as_text(datagram))] {
      if (port == port_) machine_->on_datagram(now, wire::as_bytes(bytes), transfer_port);
    });
  }

  void ask(const wire::Endpoint&, std::string_view request) override {
    const auto target = std::string(request.substr(4, request.find(' ', 4) - 4));
    sent.push_back("GET " + target);
    if (silent) return;
    HttpHead head{.status = files.contains(target) ? 200 : 404, .location = {}, .retry_after = {}};
    const auto staged = http_answers.find(target);
    const bool is_staged = staged != http_answers.end();
    if (is_staged) {
      head = staged->second;
      http_answers.erase(staged);
    }
    later([this, head, body = head.status == 200 ? files[target] : ""] {
      machine_->on_head(now, head);
      if (heads_only) return;
      machine_->on_body(now, body);
      machine_->on_answer_end(now);
    });
  }

  void close() override { ++port_; }

  void later(std::function<void()> answer) { answers_.push_back(std::move(answer)); }

  Machine* machine_ = nullptr;
  std::vector<std::function<void()>> answers_;
  std::uint64_t port_ = 0;
  std::string name_;
  tftp::Options options_;
};

}  // namespace pixie::storm
