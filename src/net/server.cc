#include "net/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>

#include "roms/rom.h"

namespace pixie::net {
namespace {

constexpr auto finish_poll = std::chrono::milliseconds(20);

/// `[::]` takes IPv4 too, unless an IPv4 address of the same port is listened on as well.
bool has_v4_of_same_port(const std::vector<wire::Endpoint>& endpoints, std::uint16_t port) {
  return std::ranges::any_of(endpoints, [&](const auto& endpoint) {
    return endpoint.address.is_v4() && endpoint.port == port;
  });
}

Expected<std::vector<Listening>> bind_all(const std::vector<wire::Endpoint>& endpoints,
                                          Transport transport, std::size_t count) {
  std::vector<Listening> all;
  for (const auto& endpoint : endpoints) {
    auto bound =
        bind_sockets(endpoint, transport, count, has_v4_of_same_port(endpoints, endpoint.port));
    if (!bound) return std::unexpected(bound.error());
    all.push_back(std::move(*bound));
  }
  return all;
}

/// Transfers of one TFTP port, shared by the loops, each of which has the least at any rate. One takes 1 to 3 kB, and
/// the text that is made for it.
constexpr std::size_t most_transfers = 32'768;
constexpr std::size_t least_transfers = 2'048;
constexpr std::uint64_t most_text_bytes = 64 << 20;
constexpr std::uint64_t least_text_bytes = 2 << 20;

/// What each loop may hold open at once, from the process's descriptors: a quarter for TFTP's files, a third for
/// connections, each of which may have a file open as well.
std::size_t share_of_descriptors(std::size_t loops, std::size_t parts) {
  constexpr std::size_t for_everything_else = 32;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto descriptors =
      std::max<std::size_t>(limit.rlim_cur, 2 * for_everything_else) - for_everything_else;
  return std::max<std::size_t>(descriptors / parts / loops, 4);
}

TftpSettings with_limits(TftpSettings settings, std::size_t loops) {
  if (settings.single_port) loops = 1;
  settings.transfer_limit = std::max(most_transfers / loops, least_transfers);
  settings.file_limit = share_of_descriptors(loops, 4);
  settings.text_limit_bytes = std::max(most_text_bytes / loops, least_text_bytes);
  return settings;
}

dhcp::Fetched fetched(tree::Body::Kind kind) {
  switch (kind) {
    case tree::Body::Kind::rom:
      return dhcp::Fetched::rom;
    case tree::Body::Kind::chain:
      return dhcp::Fetched::chain_script;
    default:
      return dhcp::Fetched::further;
  }
}

}  // namespace

Expected<Sockets> open_sockets(const ServerSettings& settings) {
  auto inherited = inherited_sockets();
  if (!inherited) return std::unexpected(inherited.error());
  Sockets sockets{.tftp = std::move(inherited->tftp),
                  .tftp_transfer = {},
                  .http = std::move(inherited->http),
                  .https = {}};
  if (sockets.tftp.empty()) {
    // In single-port mode the kernel chooses the socket for every packet anew, and after a broadcast request it
    // would choose another one: one loop serves it all.
    const auto count = settings.tftp.single_port ? 1 : settings.loops;
    auto bound = bind_all(settings.tftp_endpoints, Transport::udp, count);
    if (!bound) return std::unexpected(bound.error());
    sockets.tftp = std::move(*bound);
  }
  if (sockets.http.empty()) {
    auto bound = bind_all(settings.http_endpoints, Transport::tcp, settings.loops);
    if (!bound) return std::unexpected(bound.error());
    sockets.http = std::move(*bound);
  }
  auto https = bind_all(settings.https_endpoints, Transport::tcp, settings.loops);
  if (!https) return std::unexpected(https.error());
  sockets.https = std::move(*https);
  for (const auto& listening : sockets.tftp) {
    auto& transfer = sockets.tftp_transfer.emplace_back();
    for (std::size_t i = 0; i < listening.sockets.size(); ++i) {
      if (settings.tftp.single_port) {
        transfer.emplace_back();
        continue;
      }
      auto socket = bind_transfer_socket(listening.endpoint, listening.ipv6_socket);
      if (!socket) return std::unexpected(socket.error());
      transfer.push_back(std::move(*socket));
    }
  }
  return sockets;
}

Server::Server(const ServerSettings& settings, const DhcpSettings& dhcp_settings, Sockets sockets,
               std::optional<DhcpSockets> dhcp, const tree::Layout& layout,
               const Surroundings& around)
    : tftp_settings_(with_limits(settings.tftp, settings.loops)),
      transfer_limit_(settings.transfers),
      workers_(settings.loops) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto& worker = workers_[i];
    worker.loop = std::make_unique<Loop>(i, workers_.size(), layout, around.events);
    worker.desk = std::make_unique<desk::Desk>(
        around.services,
        [&loop = *worker.loop](std::function<void()> task) { loop.post(std::move(task)); });
    worker.loop->desk = worker.desk.get();
    worker.loop->backend = &around.backend;
    worker.loop->transfer_limit = &transfer_limit_;
    worker.http =
        std::make_unique<HttpServer>(*worker.loop, share_of_descriptors(workers_.size(), 3));
    // A socket that was handed over is one for all: the first loop has it.
    for (std::size_t j = 0; j < sockets.tftp.size(); ++j) {
      auto& listening = sockets.tftp[j];
      if (i >= listening.sockets.size()) continue;
      worker.tftp.push_back(std::make_unique<TftpServer>(
          *worker.loop, tftp_settings_, std::move(listening.sockets[i]),
          std::move(sockets.tftp_transfer[j][i]), listening.ipv6_socket,
          listening.sockets.size() > 1));
    }
    for (auto& listening : sockets.http) {
      if (i < listening.sockets.size())
        worker.http->listen(std::move(listening.sockets[i]), listening.endpoint, nullptr);
    }
    for (auto& listening : sockets.https)
      worker.http->listen(std::move(listening.sockets[i]), listening.endpoint, around.tls);
  }
  if (dhcp) start_dhcp(dhcp_settings, std::move(*dhcp), layout, around.services);
}

/// One loop answers DHCP: a machine's history and the leases are one. The others tell it what machines fetch.
void Server::start_dhcp(const DhcpSettings& settings, DhcpSockets sockets,
                        const tree::Layout& layout, const desk::Services& services) {
  auto& worker = workers_.front();
  const auto seen = [&services](const wire::Mac& machine, const machines::Identity& who) {
    services.registry.saw(machine, who);
  };
  // By way of the tree, which is another one when the settings were read again.
  const auto rom_for = [&tree = worker.loop->tree](std::uint16_t type) -> std::string_view {
    const auto name = roms::rom_for_client(type);
    return name && tree.layout().catalogue->find(*name) ? *name : std::string_view();
  };
  const bool ipv6 = static_cast<bool>(sockets.server6);
  worker.dhcp = std::make_unique<DhcpServer>(
      *worker.loop,
      dhcp::ResponderSettings{
          .router = settings.router,
          .dns = settings.dns,
          .domain = settings.domain,
          .http_port = layout.http_port,
          .advertised = [&tree = worker.loop->tree] { return tree.layout().advertised_address; },
          .rom_for = rom_for},
      [this](const wire::IpAddress& address, const wire::Mac& machine) {
        for (auto& each : workers_)
          each.loop->post([&loop = *each.loop, address, machine] { loop.learn(address, machine); });
      },
      seen, sockets);
  if (ipv6) {
    worker.dhcp6 = std::make_unique<Dhcp6Server>(
        *worker.loop,
        Dhcp6Settings{
            .http_port = layout.http_port, .tftp_port = layout.tftp_port, .rom_for = rom_for},
        seen, sockets);
  }
  for (auto& each : workers_) {
    each.loop->on_fetch = [&worker](const wire::Mac& machine, tree::Body::Kind kind) {
      worker.loop->post([&worker, machine, what = fetched(kind)] {
        worker.dhcp->fetched(machine, what);
        if (worker.dhcp6) worker.dhcp6->fetched(machine, what);
      });
    };
  }
}

Server::~Server() { stop(); }

void Server::stop() {
  for (auto& worker : workers_) worker.loop->stop();
  for (auto& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
    for (auto& tftp : worker.tftp) tftp->take_back_unsent();
  }
}

void Server::start(const std::shared_ptr<const machines::Fleet>& fleet,
                   const std::shared_ptr<const images::Images>& images) {
  for (auto& worker : workers_) {
    worker.desk->set_fleet(fleet);
    worker.loop->tree.set_images(images);
  }
  for (auto& worker : workers_) worker.thread = std::thread([&loop = *worker.loop] { loop.run(); });
}

template <class Task>
void Server::on_every_loop(const Task& task) {
  std::vector<std::future<void>> done;
  for (auto& worker : workers_) {
    auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    worker.loop->post([&worker, &task, promise] {
      task(worker);
      promise->set_value();
    });
  }
  for (auto& future : done) future.wait();
}

void Server::await_turns() {
  on_every_loop([](Worker&) {});
}

void Server::replace_tree(const tree::Layout& layout) {
  on_every_loop([&layout](Worker& worker) { worker.loop->tree.set_layout(layout); });
}

void Server::replace_images(const std::shared_ptr<const images::Images>& images) {
  on_every_loop([&images](Worker& worker) { worker.loop->tree.set_images(images); });
}

void Server::replace_fleet(const std::shared_ptr<const machines::Fleet>& fleet) {
  on_every_loop([&fleet](Worker& worker) { worker.desk->set_fleet(fleet); });
}

Server::Active Server::active() const {
  Active active;
  for (const auto& worker : workers_) {
    active.connections += worker.http->active();
    for (const auto& tftp : worker.tftp) active.transfers += tftp->active();
  }
  return active;
}

void Server::finish(std::chrono::milliseconds grace) {
  on_every_loop([](Worker& worker) {
    worker.http->finish();
    for (const auto& tftp : worker.tftp) tftp->finish();
  });
  const auto end = Clock::now() + grace;
  const auto busy = [this] {
    const auto now = active();
    return now.transfers + now.connections > 0;
  };
  while (busy() && Clock::now() < end) std::this_thread::sleep_for(finish_poll);
}

}  // namespace pixie::net
