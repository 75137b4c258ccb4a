#include "net/tls_server.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "wire/address.h"

namespace pixie::net {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Release<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;
using Context = std::shared_ptr<SSL_CTX>;

std::string library_error() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "no reason was given";
}

Expected<std::string> text_of(const std::string& file) {
  errno = 0;
  std::ifstream stream(file);
  stream.peek();  // a folder can be opened, but not read
  if (!stream.is_open() || stream.bad())
    return fail(fmt::format("{} can't be read: {}", file, std::strerror(errno)));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

Bio memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Keys with a password are not for a server that starts by itself.
int no_password(char*, int, int, void*) { return 0; }

X509Ptr next_certificate(BIO* bio) {
  return X509Ptr(PEM_read_bio_X509(bio, nullptr, no_password, nullptr));
}

Expected<void> use_certificate(SSL_CTX* context, const std::string& text, const std::string& file) {
  const auto bio = memory(text);
  const auto own = next_certificate(bio.get());
  if (!own) return fail(fmt::format("{} holds no certificate in PEM form", file));
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    return fail(fmt::format("the certificate of {} can't be used: {}", file, library_error()));
  while (auto between = next_certificate(bio.get())) {
    if (SSL_CTX_add0_chain_cert(context, between.get()) != 1)
      return fail(fmt::format("a certificate of {} can't be used: {}", file, library_error()));
    std::ignore = between.release();
  }
  ERR_clear_error();
  return {};
}

Expected<void> use_key(SSL_CTX* context, const std::string& text, const TlsFiles& files) {
  const Key key(PEM_read_bio_PrivateKey(memory(text).get(), nullptr, no_password, nullptr));
  if (!key) {
    ERR_clear_error();
    return fail(fmt::format("{} holds no private key in PEM form without a password", files.key));
  }
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key.get()) != 1) {
    ERR_clear_error();
    return fail(
        fmt::format("{} is not the key of the certificate {}", files.key, files.certificate));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1) return {};
  return fail(fmt::format("the key {} can't be used: {}", files.key, library_error()));
}

/// Every client shows a certificate of one of these authorities.
Expected<void> admit(SSL_CTX* context, const std::string& text, const std::string& file) {
  const auto bio = memory(text);
  int count = 0;
  for (; const auto authority = next_certificate(bio.get()); ++count) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  ERR_clear_error();
  if (count == 0) return fail(fmt::format("{} holds no certificates in PEM form", file));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

Expected<Context> make_context() {
  // A static program loads no modules, so openssl.cnf, which may name some, is not read.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(fmt::format("TLS can't start: {}", library_error()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_ENABLE_KTLS | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  // Clients keep their sessions themselves (tickets, RFC 5077 and RFC 8446 section 2.2): nothing grows here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  constexpr std::string_view owner = "pixie";
  SSL_CTX_set_session_id_context(
      context.get(), reinterpret_cast<const unsigned char*>(owner.data()), owner.size());
  return context;
}

std::string text_of(const GENERAL_NAME& name) {
  if (name.type != GEN_DNS && name.type != GEN_IPADD) return {};
  const auto* value = name.type == GEN_DNS ? name.d.dNSName : name.d.iPAddress;
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                               static_cast<std::size_t>(ASN1_STRING_length(value)));
  if (name.type == GEN_DNS) return std::string(bytes);
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.size() == 4) return wire::IpAddress::v4(octet(0), octet(1), octet(2), octet(3)).text();
  wire::IpAddress address;
  if (bytes.size() != address.octets.size()) return {};
  std::memcpy(address.octets.data(), bytes.data(), bytes.size());
  return address.text();
}

std::string names_of(X509* certificate) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string all;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto text = text_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty()) all += (all.empty() ? "" : ", ") + text;
  }
  return all;
}

}  // namespace

Expected<TlsServer::Contents> TlsServer::read(const TlsFiles& files) {
  Contents contents;
  auto certificate = text_of(files.certificate);
  if (!certificate) return std::unexpected(certificate.error());
  auto key = text_of(files.key);
  if (!key) return std::unexpected(key.error());
  auto clients = files.clients.empty() ? std::string() : text_of(files.clients);
  if (!clients) return std::unexpected(clients.error());
  return Contents{std::move(*certificate), std::move(*key), std::move(*clients)};
}

Expected<void> TlsServer::load(const Contents& contents, const TlsFiles& files) {
  auto made = make_context();
  if (!made) return std::unexpected(made.error());
  auto* context = made->get();
  if (auto used = use_certificate(context, contents.certificate, files.certificate); !used)
    return used;
  if (auto used = use_key(context, contents.key, files); !used) return used;
  if (!files.clients.empty()) {
    if (auto used = admit(context, contents.clients, files.clients); !used) return used;
  }
  const std::lock_guard lock(mutex_);
  context_ = std::move(*made);
  return {};
}

std::shared_ptr<SSL_CTX> TlsServer::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::unique_ptr<TlsSession> TlsServer::accept(int socket) const {
  SSL* session = SSL_new(context().get());
  if (!session) throw std::bad_alloc();
  return std::make_unique<TlsSession>(session, socket);
}

TlsServer::Certificate TlsServer::certificate() const {
  const auto shared = context();
  auto* certificate = SSL_CTX_get0_certificate(shared.get());
  std::tm until{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until);
  return {names_of(certificate), fmt::format("{:%F %T} UTC", until)};
}

}  // namespace pixie::net
