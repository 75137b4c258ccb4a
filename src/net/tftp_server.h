// TFTP on one loop: requests from the listening socket become sessions (a transfer and its body); their
// packets go out in batches. All transfers of a listening socket share one transfer socket: what tells them
// apart is the client's address and port.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/loop.h"
#include "net/mtu.h"
#include "net/scripts.h"
#include "net/tftp_packets.h"
#include "net/udp.h"
#include "tftp/transfer.h"
#include "tftp/unconfirmed.h"
#include "tree/body.h"
#include "tree/descriptor.h"
#include "wire/allowance.h"

namespace pixie::net {

struct TftpSettings {
  tftp::Limits limits;
  /// Answer from the listening port (for networks that translate addresses), not from a port of its own.
  bool single_port = false;
  /// Clients whose options are ignored.
  std::vector<wire::Network> without_options;
  /// Transfers at once on one loop. Beyond it a new one takes the place of the oldest whose client was never
  /// heard, or of one whose client was silent for `long_silence`; if there is none, the request gets no answer, and the
  /// client asks again.
  std::size_t transfer_limit = 10'000;
  /// Those of them that read a file, which is open as long.
  std::size_t file_limit = 10'000;
  /// Those that were translated to netascii are held in memory: up to one text more than this.
  std::uint64_t text_limit_bytes = 32 << 20;
  /// First blocks to one address that it has not confirmed, on one loop: at once, and more each second; 0: no limit.
  /// An option acknowledgment is not more than its request, and isn't counted.
  std::size_t unconfirmed_limit = 50;
  std::chrono::milliseconds long_silence{10'000};
};

/// One listening socket with its sessions. Belongs to its loop.
class TftpServer {
 public:
  /// `transfers`, the socket to send them from, is empty in single-port mode. `one_of_many`: each loop has a socket of this port. Settings must outlive the server.
  TftpServer(Loop& loop, const TftpSettings& settings, tree::Descriptor listening,
             tree::Descriptor transfers, bool ipv6_socket, bool one_of_many);
  ~TftpServer();

  /// Leaves requests in the socket (but for single-port mode) and lets the transfers under way end.
  void finish();
  /// The loop runs no more: one-shots that did not arrive whole are given back.
  void take_back_unsent();
  /// Transfers that are not over, and requests whose answer is being made. From any thread.
  std::size_t active() const { return active_ + asking_count_; }

 private:
  class Session;
  friend class Session;
  /// A session that may be gone.
  struct Stay {
    wire::Endpoint client;
    std::uint64_t number;
  };
  /// Those that may make room for others.
  struct Crowd {
    /// In the order of their start. Who was heard since goes over to `heard` when it comes to the front.
    std::deque<Stay> unheard;
    /// In the order in which they will be looked at.
    std::deque<Stay> heard;
  };
  /// A message of the batch that is being sent: `count` packets of a session.
  struct Message {
    Session* session;
    std::uint32_t count;
  };

  class Socket final : public Watched {
   public:
    Socket(TftpServer& server, tree::Descriptor descriptor);

   private:
    void on_ready(std::uint32_t events) override;
    TftpServer& server_;
  };

  void receive_requests();
  int receive_of_transfers(int most);
  void receive(const Datagram& datagram, bool at_listening_port);
  void receive_request(const Datagram& datagram, const tftp::Request& request, TimePoint now);
  void start(const Datagram& datagram, const tftp::Request& request, TimePoint now);
  bool ignores_options(const Route& route) const;
  bool may_send_on_trust(const Route& route, TimePoint now);
  tftp::Terms negotiate(const Route& route, const tftp::Request& request, std::uint64_t size);
  std::optional<wire::Mac> machine_of(const Route& route, const tree::Body& body);
  std::optional<tree::Body> accept(const Datagram& datagram, const std::string& path,
                                   tree::Answer answer);
  void ask_desk(const Datagram& datagram, const std::string& path, const tree::Wanted& wanted);
  void begin(const Datagram& datagram, const tftp::Request& request, std::string path,
             tree::Body body, std::optional<Given> given, TimePoint now);
  bool translate(const Datagram& datagram, const std::string& path, tree::Body& body);
  bool has_room_for(const Route& route, const tree::Body& body, bool is_text);
  void refuse(const Datagram& datagram, std::uint16_t code, std::string_view text);
  void refuse(const Datagram& datagram, const events::Kind& kind, std::string_view file,
              std::uint16_t code, std::string_view text);
  void answer_stray(const Datagram& datagram, TimePoint now);

  void after_event(Session& session, TimePoint now);
  void end(Session& session, TimePoint now);
  void tell_progress(const Session& session);
  void report(const Session& session, TimePoint now);
  void drop(Session& session);
  void count_out(const Session& session);
  void stop_asking(const wire::Endpoint& client);

  Session* find(const Stay& stay);
  Session* find_running(const Stay& stay);
  void line_up(std::deque<Stay>& line, const Stay& stay);
  template <class HasRoom>
  bool make_room(Crowd& crowd, HasRoom has_room);
  void shorten_lingering();
  void tell_crowded(const Route& route);
  void make_ready(Session& session);
  void send_soon();
  void send_ready();
  bool compose(Session& session);
  void has_room_again();
  void settle_batch(UdpSender::Outcome outcome, TimePoint now);
  Socket& transfer_socket() { return transfer_ ? *transfer_ : listening_; }

  Loop& loop_;
  const TftpSettings& settings_;
  Socket listening_;
  std::optional<Socket> transfer_;
  UdpReceiver requests_;
  UdpReceiver receiver_;
  UdpSender sender_;
  TftpPackets packets_;
  MtuTable mtus_;
  std::unordered_map<wire::Endpoint, std::unique_ptr<Session>> sessions_;
  /// Sessions with something to send, in the order in which they get their turn.
  std::deque<Session*> ready_;
  std::vector<Message> batch_;
  /// Who waits for what is made for a machine, with the request, which may be repeated meanwhile.
  std::unordered_map<wire::Endpoint, std::string> asking_;
  std::atomic<std::size_t> asking_count_ = 0;
  Crowd crowd_;
  /// Those of them that read a file, and those that were translated.
  Crowd crowd_of_files_;
  Crowd crowd_of_texts_;
  /// Sessions that are over, in the order of their end.
  std::deque<Stay> lingering_;
  std::uint64_t sessions_begun_ = 0;
  std::atomic<std::size_t> active_ = 0;
  /// Of these, those that have a file open.
  std::size_t files_ = 0;
  /// What they hold in netascii.
  std::uint64_t translated_bytes_ = 0;
  tftp::Unconfirmed unconfirmed_;
  wire::Allowance stray_answers_{100, 100};
  bool send_posted_ = false;
  bool waiting_for_room_ = false;
  bool finishing_ = false;
  const bool one_of_many_;
};

}  // namespace pixie::net
