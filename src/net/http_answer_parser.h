// Boost.Beast's HTTP/1 parser for answers, filling in our own type.
#pragma once

#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "net/http_client.h"

namespace pixie::net {

/// Parses one answer, which must outlive it, as must the receiver. Interim answers (1xx) are answers of their own.
class AnswerParser final : public boost::beast::http::basic_parser<false> {
 public:
  static constexpr std::uint32_t header_limit_bytes = 64 * 1024;

  /// `bodyless`: to a HEAD request.
  AnswerParser(HttpAnswer& answer, std::size_t body_limit_bytes, bool bodyless);
  /// The body, of any length, goes to the receiver, unless the answer is an interim one.
  AnswerParser(HttpAnswer& answer, HttpReceiver& receiver);

  /// Parses as far as it goes; `bytes` begins with what earlier calls did not consume. How much was consumed, or a
  /// sentence. is_done() tells whether the answer is whole.
  Expected<std::size_t> feed(std::string_view bytes);
  /// Nothing more comes: whole if its end was to be that, else a sentence.
  Expected<void> end();
  /// The receiver wants no more.
  bool is_refused() const { return refused_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;
  using chunk_length = boost::optional<std::uint64_t>;

  void on_request_impl(verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view reason, int version, error_code&) override;
  void on_field_impl(field, string_view name, string_view value, error_code&) override;
  void on_header_impl(error_code&) override;
  void on_body_init_impl(chunk_length const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
  void on_finish_impl(error_code&) override {}

  void refuse(error_code&);

  HttpAnswer& answer_;
  HttpReceiver* const receiver_ = nullptr;
  const std::size_t body_limit_bytes_ = 0;
  bool refused_ = false;
};

}  // namespace pixie::net
