// What HTTPS is served with: the certificate and its key, and whose clients are let in. Replaced while it serves.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "net/tls_session.h"
#include "wire/error.h"

struct ssl_ctx_st;

namespace pixie::net {

/// Names of PEM files.
struct TlsFiles {
  /// The server's certificate and those between it and its authority; its key, which may be in the same file.
  std::string certificate;
  std::string key;
  /// The authorities whose clients are let in; empty: everybody is, without a certificate.
  std::string clients;
};

/// May be used from many threads at once.
class TlsServer {
 public:
  /// What is read from the files, to be put into force.
  struct Contents {
    std::string certificate;
    std::string key;
    std::string clients;
    bool operator==(const Contents&) const = default;
  };
  /// The error names the file.
  static Expected<Contents> read(const TlsFiles& files);

  /// Connections from now on are served with these; those that are open keep theirs. An error says what is wrong with
  /// which of `files`, and changes nothing.
  Expected<void> load(const Contents& contents, const TlsFiles& files);
  /// A session on a socket, before its handshake. Throws std::bad_alloc.
  std::unique_ptr<TlsSession> accept(int socket) const;

  /// Of the certificate in force: whom it is for (`pixie.example.org, 192.0.2.1`), and when it ends
  /// (`2027-11-29 00:00:00 UTC`).
  struct Certificate {
    std::string names;
    std::string until;
  };
  Certificate certificate() const;

 private:
  std::shared_ptr<ssl_ctx_st> context() const;

  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace pixie::net
