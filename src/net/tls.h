// TLS for a client (OpenSSL): the peer is verified, name and chain, or nothing is sent.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/http_stream.h"

struct ssl_ctx_st;

namespace pixie::net {

/// The files and folders that certificates are read from, the targets of the links in them included.
std::vector<std::string> certificate_places();

/// Which certificates are trusted. May be used from many threads at once.
class TlsContext {
 public:
  /// `more_certificates`: a PEM file beside the system's; empty for none. Files are read at the first connection.
  explicit TlsContext(std::string more_certificates);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;

  /// Shakes hands over `below`. `host` is a name or an address: what the certificate must be for.
  Expected<std::unique_ptr<HttpStream>> connect(std::unique_ptr<HttpStream> below,
                                                const std::string& host) const;

 private:
  Expected<ssl_ctx_st*> context() const;

  const std::string more_certificates_;
  mutable std::mutex mutex_;
  mutable ssl_ctx_st* context_ = nullptr;
};

}  // namespace pixie::net
