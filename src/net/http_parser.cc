#include "net/http_parser.h"

#include <utility>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include "http/target.h"

namespace pixie::net {

namespace beast_http = boost::beast::http;

namespace {
constexpr RequestParser::Fault too_large{431, "The header is larger than 16 kB."};
}

RequestParser::RequestParser(http::Request& request, TakesBody takes_body)
    : request_(request), takes_body_(std::move(takes_body)) {
  header_limit(header_limit_bytes);
  body_limit(body_limit_bytes);
}

RequestParser::Progress RequestParser::feed(std::string_view bytes) {
  error_code error;
  const auto body_before = request_.body.size();
  const auto consumed = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != beast_http::error::need_more) return {consumed, fault_for(error)};
  // Beast limits a header only as far as it comes at once, and chunk extensions and trailers not at all.
  framing_bytes_ += consumed - (request_.body.size() - body_before);
  const auto undecided = is_done() ? 0 : bytes.size() - consumed;
  if (framing_bytes_ + (consumed == 0 ? undecided : 0) > header_limit_bytes)
    return {consumed, too_large};
  return {consumed, std::nullopt};
}

RequestParser::Fault RequestParser::fault_for(const error_code& error) const {
  if (refused_) return *refused_;
  if (error == beast_http::error::header_limit) return too_large;
  if (error == beast_http::error::body_limit) return {413, "The body is larger than 64 kB."};
  if (error == beast_http::error::bad_version)
    return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  // Beast's word for a coding that it doesn't know, and also for one beside a Content-Length.
  if (error == beast_http::error::bad_transfer_encoding &&
      !request_.fields.find("Content-Length")) {
    return {501, "The only transfer coding known here is chunked."};
  }
  return {400, "That is no HTTP/1.1 request."};
}

void RequestParser::refuse(int status, std::string_view sentence, error_code& error) {
  refused_ = Fault{status, sentence};
  error = beast_http::error::bad_value;
}

void RequestParser::on_request_impl(verb, string_view method, string_view target, int version,
                                    error_code& error) {
  if (target.size() > http::max_target_size)
    return refuse(414, "The target is longer than 4096 bytes.", error);
  request_.method_text.assign(method.data(), method.size());
  request_.method = http::parse_method(request_.method_text);
  request_.target.assign(target.data(), target.size());
  request_.version = version;
  body_comes_in_pieces_ =
      request_.method == http::Method::other && takes_body_ && takes_body_(request_);
  if (body_comes_in_pieces_) body_limit(boost::none);
}

void RequestParser::on_field_impl(field name, string_view name_text, string_view value,
                                  error_code& error) {
  if (name == field::transfer_encoding) {
    if (!boost::beast::iequals(value, "chunked")) {
      return refuse(501, "The only transfer coding known here is chunked.", error);
    }
    if (request_.version < 11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding.", error);
  }
  const bool length = name == field::content_length;
  const auto* other = length ? "Transfer-Encoding" : "Content-Length";
  if ((length || name == field::transfer_encoding) && request_.fields.find(other)) {
    return refuse(400, "Content-Length and Transfer-Encoding exclude each other.", error);
  }
  request_.fields.add({name_text.data(), name_text.size()}, {value.data(), value.size()});
}

std::size_t RequestParser::on_body_impl(string_view body, error_code&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) {
  return on_body_impl(body, error);
}

}  // namespace pixie::net
