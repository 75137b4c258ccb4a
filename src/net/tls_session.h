// TLS on one accepted connection (OpenSSL), with the manners of a non-blocking socket. Where the kernel knows TLS
// (kTLS), OpenSSL hands it the keys, and files go by sendfile.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;

namespace pixie::net {

/// Belongs to its connection, which may not call it once the socket is closed: the number may be another's by then.
class TlsSession {
 public:
  /// Takes the session over, also if it throws std::bad_alloc. The socket belongs to the caller.
  TlsSession(ssl_st* session, int socket);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;

  enum class Handshake : std::uint8_t { done, wants_to_read, wants_to_write, failed };
  /// Goes on with the handshake. failure() says why it failed.
  Handshake shake_hands();
  const std::string& failure() const { return failure_; }

  /// As recv(2): 0 is the client's end, -1 with EAGAIN means that more must come first, and with EINTR that more may be
  /// there, but others should have their turn.
  ssize_t receive(std::span<char> buffer);
  /// As writev(2), up to a record (16 kB). After EAGAIN the same parts must be sent again, with their bytes where they were.
  ssize_t send(std::span<const iovec> parts);
  /// As sendfile(2). After EAGAIN the same range must be sent again, or a longer one.
  ssize_t send_file(int file, off_t offset, std::size_t count);
  /// Tells the client that no more comes (close_notify, RFC 8446 section 6.1), if the socket takes it.
  void end();

  /// Of a finished handshake. The name that the client asked for (RFC 6066 section 3): letters, digits, hyphens and dots;
  /// empty if it is none or an address.
  std::string server_name() const;
  std::string_view version() const;
  std::string_view cipher() const;
  /// Whether the kernel encrypts what is sent.
  bool is_kernels() const;

 private:
  ssize_t outcome(int result);
  ssize_t write_record(const void* bytes, std::size_t count);
  ssize_t copy_file(int file, off_t offset, std::size_t count);

  ssl_st* session_;
  std::string failure_;
  /// Parts in one record, until it is sent whole: with kTLS OpenSSL goes on sending from where it lay at first.
  std::string record_;
  /// Of the socket, in this call; negative: one more was wanted.
  int reads_left_ = 0;
  /// After a fatal error nothing more may be said (SSL_shutdown(3)).
  bool broken_ = false;
};

}  // namespace pixie::net
