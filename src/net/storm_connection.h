// A connection of one simulated machine to a web server: requests one after the other, answers as they come.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "doctor/fetch.h"
#include "net/http_answer_parser.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "storm/loading.h"
#include "wire/address.h"

namespace pixie::net {

/// What becomes of a connection's requests. The last three may destroy the connection.
class StormConnectionUser {
 public:
  virtual ~StormConnectionUser() = default;
  virtual void on_head(const storm::HttpHead& head) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_answer_end(bool keeps) = 0;
  virtual void on_connection_error(doctor::Fetch::Outcome outcome, std::string detail) = 0;
  /// The server closed it before it had begun to answer: as it may when the connection was idle.
  virtual void on_connection_lost() = 0;
};

class StormConnection final : public Watched, private HttpReceiver {
 public:
  /// Begins to connect. `buffer` is for reading, and not used outside of a call. An errno if that can't be.
  static std::expected<std::unique_ptr<StormConnection>, int> open(Loop& loop,
                                                                   const wire::Endpoint& server,
                                                                   StormConnectionUser& user,
                                                                   std::span<char> buffer);
  StormConnection(Loop& loop, tree::Descriptor socket, const wire::Endpoint& server,
                  StormConnectionUser& user, std::span<char> buffer);

  const wire::Endpoint& server() const { return server_; }
  /// Sends it once the connection is there. Not while an answer is awaited.
  void ask(std::string_view request);

 private:
  void on_ready(std::uint32_t events) override;
  void expect_answer();
  void send();
  void read();
  /// False: the user was told of the end.
  bool feed(std::string_view bytes);
  void on_end();
  void fail_by(int error);

  Expected<void> may_ask(const http::Url&) override { return {}; }
  bool may_connect(const http::Url&, const wire::IpAddress&) override { return true; }
  bool take_head(const HttpAnswer& answer) override;
  bool take_body(std::string_view bytes) override;

  const wire::Endpoint server_;
  StormConnectionUser& user_;
  std::span<char> buffer_;
  bool connected_ = false;
  std::string request_;
  /// What came and is not parsed.
  std::string waiting_;
  HttpAnswer answer_;
  std::optional<AnswerParser> parser_;
};

}  // namespace pixie::net
