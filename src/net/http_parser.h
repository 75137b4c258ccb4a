// Boost.Beast's HTTP/1 parser, filling in our own request type. What Beast lets pass and a server must not
// (request smuggling: RFC 9112 section 6.1) is refused here.
#pragma once

#include <functional>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "http/request.h"

namespace pixie::net {

/// Parses one request; make a new one for the next. The request must outlive it.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  static constexpr std::uint32_t header_limit_bytes = 16 * 1024;
  static constexpr std::uint64_t body_limit_bytes = 64 * 1024;

  /// Told the method and the target: whether the body is taken piece by piece, however large it is.
  using TakesBody = std::function<bool(const http::Request&)>;
  explicit RequestParser(http::Request& request, TakesBody takes_body = {});

  /// Whoever feeds it then takes what is in the request's body out of it from time to time.
  bool body_comes_in_pieces() const { return body_comes_in_pieces_; }

  /// What went wrong, as a status to answer with and a sentence.
  struct Fault {
    int status;
    std::string_view sentence;
  };
  struct Progress {
    std::size_t consumed;
    std::optional<Fault> fault;
  };
  /// Parses up to the end of the header (first) or of the message (then); `bytes` begins with what earlier
  /// calls did not consume. `is_header_done` and `is_done` tell how far it came.
  Progress feed(std::string_view bytes);

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;
  using chunk_error = boost::optional<std::uint64_t>;

  void on_request_impl(verb, string_view method, string_view target, int version,
                       error_code&) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(field name, string_view name_text, string_view value, error_code&) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(chunk_error const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
  void on_finish_impl(error_code&) override {}

  Fault fault_for(const error_code& error) const;
  void refuse(int status, std::string_view sentence, error_code& error);

  http::Request& request_;
  const TakesBody takes_body_;
  bool body_comes_in_pieces_ = false;
  /// Bytes that were consumed as something else than the body: header, chunk headers, trailers.
  std::size_t framing_bytes_ = 0;
  std::optional<Fault> refused_;
};

}  // namespace pixie::net
