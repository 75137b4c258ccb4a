// The bytes of one connection to an HTTP server, in the clear or through TLS.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "net/patience.h"
#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::net {

/// Blocking. The patience that it was made with ends whatever it waits for.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// Sends all of it.
  virtual Expected<void> send(std::string_view bytes) = 0;
  /// How many bytes came; 0: the peer sends nothing more.
  virtual Expected<std::size_t> receive(std::span<char> buffer) = 0;
};

std::unique_ptr<HttpStream> plain_stream(tree::Descriptor socket, const Patience& patience);

}  // namespace pixie::net
