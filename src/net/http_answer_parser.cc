#include "net/http_answer_parser.h"

#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

namespace pixie::net {

namespace beast_http = boost::beast::http;

AnswerParser::AnswerParser(HttpAnswer& answer, std::size_t body_limit_bytes, bool bodyless)
    : answer_(answer), body_limit_bytes_(body_limit_bytes) {
  header_limit(header_limit_bytes);
  body_limit(body_limit_bytes);
  skip(bodyless);
  eager(true);
}

AnswerParser::AnswerParser(HttpAnswer& answer, HttpReceiver& receiver)
    : answer_(answer), receiver_(&receiver) {
  header_limit(header_limit_bytes);
  body_limit(boost::none);
  eager(true);
}

Expected<std::size_t> AnswerParser::feed(std::string_view bytes) {
  error_code error;
  const auto consumed = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (refused_) return consumed;
  if (error == beast_http::error::body_limit)
    return fail(fmt::format("the answer is larger than {} bytes", body_limit_bytes_));
  const bool endless = consumed == 0 && bytes.size() > header_limit_bytes;
  if (error == beast_http::error::header_limit || endless)
    return fail("the answer's header is larger than 64 kB");
  if (error && error != beast_http::error::need_more) return fail("what answers is not HTTP/1");
  return consumed;
}

Expected<void> AnswerParser::end() {
  error_code error;
  if (got_some()) put_eof(error);
  if (!is_done()) return fail("the connection ended before the whole answer had come");
  return {};
}

void AnswerParser::on_response_impl(int status, string_view /*reason*/, int /*version*/,
                                    error_code& /*error*/) {
  answer_.status = status;
}

void AnswerParser::on_field_impl(field /*id*/, string_view name, string_view value,
                                 error_code& /*error*/) {
  answer_.fields.add({name.data(), name.size()}, {value.data(), value.size()});
}

void AnswerParser::refuse(error_code& error) {
  refused_ = true;
  error = make_error_code(boost::system::errc::operation_canceled);
}

void AnswerParser::on_header_impl(error_code& error) {
  constexpr int first_final_status = 200;
  if (receiver_ && answer_.status >= first_final_status && !receiver_->take_head(answer_))
    refuse(error);
}

std::size_t AnswerParser::on_body_impl(string_view body, error_code& error) {
  if (receiver_) {
    if (!receiver_->take_body({body.data(), body.size()})) refuse(error);
    return body.size();
  }
  answer_.body.append(body.data(), body.size());
  return body.size();
}

std::size_t AnswerParser::on_chunk_body_impl(std::uint64_t /*left*/, string_view body,
                                             error_code& error) {
  return on_body_impl(body, error);
}

}  // namespace pixie::net
