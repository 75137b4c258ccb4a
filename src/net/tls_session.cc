#include "net/tls_session.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <new>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "wire/address.h"

namespace pixie::net {
namespace {

constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
/// Of a file: what is read at once, and what is encrypted before others have their turn.
constexpr std::size_t piece_bytes = 4 * record_bytes;
constexpr std::size_t turn_bytes = 8 * piece_bytes;
/// How often one receive() reads from the socket, a record's size at most, before others have their turn.
constexpr int turn_reads = 2;

/// See BIO_set_callback_ex(3). OpenSSL reads on past records that hold nothing for us, such as those for new keys, which
/// take some 50 us each: whoever sends them without end must not keep the loop.
long limit_reads(BIO* bio, int operation, const char*, std::size_t, int, long, int result,
                 std::size_t*) {
  if (operation != BIO_CB_READ) return result;
  auto& left = *reinterpret_cast<int*>(BIO_get_callback_arg(bio));
  if (--left >= 0) return result;
  BIO_clear_retry_flags(bio);
  BIO_set_retry_read(bio);
  return -1;
}

/// What a failed handshake means to whoever reads the log.
std::string explanation(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  const char* text = ERR_reason_error_string(code);
  const std::string words = text ? text : "no TLS";
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
      return "plain HTTP came to the port of HTTPS";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
      return fmt::format("what came is not TLS ({})", words);
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "the client knows no TLS 1.2 or 1.3";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the client has no certificate (--tls-clients)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return fmt::format("the client does not trust the certificate ({})", words);
    default:
      return reason >= SSL_AD_REASON_OFFSET ? fmt::format("the client gave up ({})", words) : words;
  }
}

}  // namespace

TlsSession::TlsSession(ssl_st* session, int socket) : session_(session) {
  if (SSL_set_fd(session_, socket) != 1) {
    SSL_free(session_);
    throw std::bad_alloc();
  }
  BIO_set_callback_ex(SSL_get_rbio(session_), limit_reads);
  BIO_set_callback_arg(SSL_get_rbio(session_), reinterpret_cast<char*>(&reads_left_));
}

TlsSession::~TlsSession() { SSL_free(session_); }

TlsSession::Handshake TlsSession::shake_hands() {
  ERR_clear_error();
  // A handshake has an end of its own.
  reads_left_ = std::numeric_limits<int>::max();
  const int result = SSL_accept(session_);
  if (result == 1) return Handshake::done;
  const int wanted = SSL_get_error(session_, result);
  if (wanted == SSL_ERROR_WANT_READ) return Handshake::wants_to_read;
  if (wanted == SSL_ERROR_WANT_WRITE) return Handshake::wants_to_write;
  broken_ = true;
  const auto code = ERR_get_error();
  const auto verdict = SSL_get_verify_result(session_);
  if (verdict != X509_V_OK) {
    failure_ = fmt::format("the client's certificate is not accepted: {}",
                           X509_verify_cert_error_string(verdict));
  } else if (wanted == SSL_ERROR_SSL &&
             ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    failure_ = explanation(code);
  } else {
    failure_ = "the client closed the connection";
  }
  ERR_clear_error();
  return Handshake::failed;
}

/// As a socket's functions: what a call that did not succeed comes to.
ssize_t TlsSession::outcome(int result) {
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      broken_ = true;
      ERR_clear_error();
      errno = ECONNRESET;
      return -1;
  }
}

ssize_t TlsSession::receive(std::span<char> buffer) {
  ERR_clear_error();
  reads_left_ = turn_reads;
  std::size_t count = 0;
  const int result = SSL_read_ex(session_, buffer.data(), buffer.size(), &count);
  if (result == 1) return static_cast<ssize_t>(count);
  const auto ended = outcome(result);
  if (ended < 0 && errno == EAGAIN && reads_left_ < 0) errno = EINTR;
  return ended;
}

ssize_t TlsSession::write_record(const void* bytes, std::size_t count) {
  if (count == 0) return 0;
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(session_, bytes, std::min(count, record_bytes), &written);
  if (result == 1) return static_cast<ssize_t>(written);
  // If the client had told its end before, OpenSSL tells of that again, whatever failed now.
  if (outcome(result) == 0) errno = EPIPE;
  return -1;
}

ssize_t TlsSession::send(std::span<const iovec> parts) {
  if (record_.empty()) {
    if (parts.size() == 1 || parts.front().iov_len >= record_bytes)
      return write_record(parts.front().iov_base, parts.front().iov_len);
    for (const auto& part : parts)
      record_.append(static_cast<const char*>(part.iov_base),
                     std::min(part.iov_len, record_bytes - record_.size()));
  }
  const auto sent = write_record(record_.data(), record_.size());
  if (sent >= 0) std::string().swap(record_);
  return sent;
}

ssize_t TlsSession::send_file(int file, off_t offset, std::size_t count) {
  if (!is_kernels()) return copy_file(file, offset, count);
  ERR_clear_error();
  const auto sent = SSL_sendfile(session_, file, offset, count, 0);
  if (sent >= 0) return sent;
  const int error = errno;
  ERR_clear_error();
  errno = error == EBUSY ? EAGAIN : error;
  return -1;
}

/// Piece by piece, until the socket takes no more or it is the others' turn.
ssize_t TlsSession::copy_file(int file, off_t offset, std::size_t count) {
  std::array<char, piece_bytes> piece;
  std::size_t done = 0;
  while (done < std::min(count, turn_bytes)) {
    const auto position = offset + static_cast<off_t>(done);
    const auto there = pread(file, piece.data(), std::min(piece.size(), count - done), position);
    if (there <= 0) {
      if (there < 0) errno = EIO;
      return done > 0 ? static_cast<ssize_t>(done) : there;
    }
    for (std::size_t taken = 0; taken < static_cast<std::size_t>(there);) {
      const auto sent = write_record(piece.data() + taken, static_cast<std::size_t>(there) - taken);
      if (sent <= 0) return done > 0 ? static_cast<ssize_t>(done) : -1;
      taken += static_cast<std::size_t>(sent);
      done += static_cast<std::size_t>(sent);
    }
  }
  return static_cast<ssize_t>(done);
}

void TlsSession::end() {
  if (broken_) return;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
}

std::string TlsSession::server_name() const {
  const char* asked = SSL_get_servername(session_, TLSEXT_NAMETYPE_host_name);
  const std::string name = asked ? asked : "";
  const bool sound = std::ranges::all_of(name, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
  return sound && !wire::IpAddress::parse(name) ? name : "";
}

std::string_view TlsSession::version() const { return SSL_get_version(session_); }

std::string_view TlsSession::cipher() const { return SSL_get_cipher_name(session_); }

bool TlsSession::is_kernels() const { return BIO_get_ktls_send(SSL_get_wbio(session_)); }

}  // namespace pixie::net
