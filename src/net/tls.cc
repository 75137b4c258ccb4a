#include "net/tls.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "wire/address.h"

namespace pixie::net {
namespace {

/// Where systems keep all their certificates in one file: Debian, Alpine and Arch; Fedora; openSUSE.
constexpr std::array bundles{"/etc/ssl/certs/ca-certificates.crt",
                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"};

/// Where they have each certificate, and where bundles and folders link to.
constexpr std::array folders{
    "/etc/ssl/certs",     "/usr/share/ca-certificates",  "/usr/local/share/ca-certificates",
    "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/var/lib/ca-certificates"};

struct Release {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, Release>;
using Ssl = std::unique_ptr<SSL, Release>;

std::string library_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "the peer does not speak TLS as expected";
}

/// The build's own OpenSSL looks where its distribution keeps certificates; the program may run on another one.
void trust_the_system(SSL_CTX* context) {
  SSL_CTX_set_default_verify_paths(context);
  if (secure_getenv("SSL_CERT_FILE") || secure_getenv("SSL_CERT_DIR")) return;
  SSL_CTX_load_verify_dir(context, folders.front());
  for (const char* bundle : bundles) {
    if (access(bundle, R_OK) == 0 && SSL_CTX_load_verify_file(context, bundle) == 1) break;
  }
  ERR_clear_error();
}

Expected<Context> make_context(const std::string& more_certificates) {
  // A static program loads no modules, so openssl.cnf, which may name some, is not read.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(fmt::format("TLS can't start: {}", library_error()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  trust_the_system(context.get());
  if (!more_certificates.empty() &&
      SSL_CTX_load_verify_file(context.get(), more_certificates.c_str()) != 1) {
    return fail(fmt::format("{} holds no certificates in PEM form: {}", more_certificates,
                            library_error()));
  }
  return context;
}

/// Whom the certificate must name. A name is also told to the server (SNI, RFC 6066 section 3).
bool expect_peer(SSL* ssl, std::string host) {
  if (wire::IpAddress::parse(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  if (host.ends_with('.')) host.pop_back();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

/// TLS computes in memory; its records go through the stream below.
class TlsStream final : public HttpStream {
 public:
  TlsStream(Ssl ssl, std::unique_ptr<HttpStream> below)
      : ssl_(std::move(ssl)), below_(std::move(below)) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    // An empty memory means more is to come, not the end.
    BIO_set_mem_eof_return(SSL_get_rbio(ssl_.get()), -1);
  }

  Expected<void> handshake() {
    const auto done = run([&] { return SSL_connect(ssl_.get()); });
    if (done && *done > 0) return {};
    if (const auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
      return fail(fmt::format("its certificate is not accepted: {}",
                              X509_verify_cert_error_string(verdict)));
    }
    if (!done) return std::unexpected(done.error());
    return fail("it ended the connection during the TLS handshake");
  }

  Expected<void> send(std::string_view bytes) override {
    if (bytes.empty()) return {};
    std::size_t sent = 0;
    const auto done =
        run([&] { return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent); });
    if (!done) return std::unexpected(done.error());
    if (*done <= 0) return fail("it ended the connection while it was asked");
    return {};
  }

  Expected<std::size_t> receive(std::span<char> buffer) override {
    std::size_t size = 0;
    const auto done =
        run([&] { return SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size); });
    if (!done) return std::unexpected(done.error());
    return *done > 0 ? size : 0;
  }

 private:
  /// Repeats `step` with what it wants sent and received. Its result; 0 for the peer's orderly end.
  template <class Step>
  Expected<int> run(Step step) {
    for (;;) {
      ERR_clear_error();
      const int result = step();
      const int wanted = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
      const auto reason = wanted == SSL_ERROR_SSL ? library_error() : std::string();
      // Alerts too: what OpenSSL wrote goes out before anything else happens.
      if (auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
      switch (wanted) {
        case SSL_ERROR_NONE:
          return result;
        case SSL_ERROR_ZERO_RETURN:
          return 0;
        case SSL_ERROR_WANT_READ:
          if (auto filled = fill(); !filled) return std::unexpected(filled.error());
          break;
        default:
          return fail(fmt::format("TLS: {}", reason));
      }
    }
  }

  Expected<void> flush() {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
    auto sent = below_->send({bytes, static_cast<std::size_t>(size)});
    std::ignore = BIO_reset(SSL_get_wbio(ssl_.get()));
    return sent;
  }

  Expected<void> fill() {
    const auto size = below_->receive(buffer_);
    if (!size) return std::unexpected(size.error());
    // Without TLS's own end, somebody else may have cut it (RFC 8446 section 6.1).
    if (*size == 0) return fail("the connection ended in the middle of TLS");
    BIO_write(SSL_get_rbio(ssl_.get()), buffer_.data(), static_cast<int>(*size));
    return {};
  }

  Ssl ssl_;
  std::unique_ptr<HttpStream> below_;
  std::array<char, 16 * 1024> buffer_;
};

}  // namespace

std::vector<std::string> certificate_places() {
  std::vector<std::string> places(folders.begin(), folders.end());
  places.insert(places.end(), bundles.begin(), bundles.end());
  places.insert(places.end(), {X509_get_default_cert_file(), X509_get_default_cert_dir()});
  for (const auto* variable : {X509_get_default_cert_file_env(), X509_get_default_cert_dir_env()}) {
    if (const char* place = secure_getenv(variable)) places.emplace_back(place);
  }
  return places;
}

TlsContext::TlsContext(std::string more_certificates)
    : more_certificates_(std::move(more_certificates)) {}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Expected<SSL_CTX*> TlsContext::context() const {
  const std::lock_guard lock(mutex_);
  if (!context_) {
    auto made = make_context(more_certificates_);
    if (!made) return std::unexpected(made.error());
    context_ = made->release();
  }
  return context_;
}

Expected<std::unique_ptr<HttpStream>> TlsContext::connect(std::unique_ptr<HttpStream> below,
                                                          const std::string& host) const {
  const auto shared = context();
  if (!shared) return std::unexpected(shared.error());
  Ssl ssl(SSL_new(*shared));
  if (!ssl || !expect_peer(ssl.get(), host))
    return fail(fmt::format("TLS can't start: {}", library_error()));
  auto stream = std::make_unique<TlsStream>(std::move(ssl), std::move(below));
  if (auto done = stream->handshake(); !done) return std::unexpected(done.error());
  return stream;
}

}  // namespace pixie::net
