// One HTTP/1.x request as the engine sees it: what a parser at the edge filled in, without a
// socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/error.h"

namespace pixie::http {

/// The header fields of one request, in the order they were sent. All bytes lie in one block that
/// clear() keeps, so that a connection allocates nothing for fields once it has seen a request of
/// usual size. The caller limits the size of the header (it must stay under 4 GiB).
class Fields {
 public:
  /// Takes a copy of both; optional whitespace around the value is dropped.
  void add(std::string_view name, std::string_view value);
  void clear();

  std::size_t size() const { return entries_.size(); }

  /// The value of the first field of that name (in any case), valid until add() or clear().
  std::optional<std::string_view> find(std::string_view name) const;
  /// As find(), but nothing if the field was sent more than once: for fields that may not be
  /// repeated.
  std::optional<std::string_view> find_single(std::string_view name) const;
  /// The values of all fields of that name, joined with ", " (RFC 9110 section 5.3).
  std::optional<std::string> list(std::string_view name) const;
  /// Whether a field of that name lists `token`, in any case.
  bool has_token(std::string_view name, std::string_view token) const;

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string_view name(const Entry& entry) const;
  std::string_view value(const Entry& entry) const;

  std::string bytes_;
  std::vector<Entry> entries_;
};

enum class Method { get, head, other };

/// Method names are case-sensitive (RFC 9110 section 9.1).
Method parse_method(std::string_view text);

struct Request {
  Method method = Method::get;
  std::string method_text;
  /// As it was sent; see parse_target().
  std::string target;
  /// 10 for HTTP/1.0, 11 for HTTP/1.1.
  int version = 11;
  Fields fields;
  std::string body;
  /// Set by the edge when it will close the connection after this request whatever the client asks
  /// for (shutting down, enough requests on one connection).
  bool last_on_connection = false;

  /// Makes it fit for the next request on the connection; memory is kept.
  void clear();
};

/// Whether the connection stays open after the response (RFC 9112 section 9.3).
bool keep_alive(const Request& request);

/// HTTP/1.1 demands exactly one Host field (RFC 9112 section 3.2); the error's answer is 400.
Expected<void> check_host(const Request& request);

}  // namespace pixie::http
