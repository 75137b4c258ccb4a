// The whole server: its sockets, and a loop per thread that serves TFTP and HTTP from one tree.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "desk/desk.h"
#include "events/stream.h"
#include "images/image.h"
#include "net/backend.h"
#include "net/dhcp6_server.h"
#include "net/dhcp_server.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tftp_server.h"
#include "net/transfer_limit.h"

namespace pixie::net {

/// What the loops share with the rest of the program; it outlives the server.
struct Surroundings {
  events::Stream& events;
  const desk::Services& services;
  Backend& backend;
  /// Null: there is no HTTPS.
  const TlsServer* tls;
};

struct ServerSettings {
  std::vector<wire::Endpoint> tftp_endpoints;
  std::vector<wire::Endpoint> http_endpoints;
  std::vector<wire::Endpoint> https_endpoints;
  std::size_t loops = 1;
  TftpSettings tftp;
  /// Large HTTP answers that are sent at once; 0: all that are asked for.
  std::size_t transfers = 0;
};

/// What is listened on: bound before privileges are dropped.
struct Sockets {
  std::vector<Listening> tftp;
  /// One for each of `tftp` and each of its sockets; none in single-port mode.
  std::vector<std::vector<tree::Descriptor>> tftp_transfer;
  std::vector<Listening> http;
  std::vector<Listening> https;
};

/// Takes what a supervisor handed over, else binds.
Expected<Sockets> open_sockets(const ServerSettings& settings);

/// Its functions are called by one thread, which is none of the loops'.
class Server {
 public:
  /// `dhcp`: nothing if it is off.
  Server(const ServerSettings& settings, const DhcpSettings& dhcp_settings, Sockets sockets,
         std::optional<DhcpSockets> dhcp, const tree::Layout& layout, const Surroundings& around);
  ~Server();

  /// Machines are served by this fleet, and these images, until they are replaced.
  void start(const std::shared_ptr<const machines::Fleet>& fleet,
             const std::shared_ptr<const images::Images>& images);
  /// Takes nothing new; waits until what is under way has ended, or for `grace`.
  void finish(std::chrono::milliseconds grace);
  /// Ends the loops at once. What others call back later is not heard any more.
  void stop();
  /// Waits until every loop has taken a turn: none hangs.
  void await_turns();
  /// What is asked for from now on comes from this tree.
  void replace_tree(const tree::Layout& layout);
  /// What machines ask for from now on is decided by this fleet. From any one thread at a time.
  void replace_fleet(const std::shared_ptr<const machines::Fleet>& fleet);
  /// What is asked for below images/ from now on is of these. From any one thread at a time.
  void replace_images(const std::shared_ptr<const images::Images>& images);
  /// Transfers and connections that are open. From any thread.
  struct Active {
    std::size_t transfers = 0;
    std::size_t connections = 0;
  };
  Active active() const;

 private:
  /// A loop with what lives on it; the servers go before the loop.
  struct Worker {
    std::unique_ptr<Loop> loop;
    std::unique_ptr<desk::Desk> desk;
    std::vector<std::unique_ptr<TftpServer>> tftp;
    std::unique_ptr<HttpServer> http;
    /// On the first loop.
    std::unique_ptr<DhcpServer> dhcp;
    std::unique_ptr<Dhcp6Server> dhcp6;
    std::thread thread;
  };

  /// Runs `task(worker)` on every loop and waits for all of them.
  template <class Task>
  void on_every_loop(const Task& task);
  void start_dhcp(const DhcpSettings& settings, DhcpSockets sockets, const tree::Layout& layout,
                  const desk::Services& services);

  const TftpSettings tftp_settings_;
  TransferLimit transfer_limit_;
  std::vector<Worker> workers_;
};

}  // namespace pixie::net
