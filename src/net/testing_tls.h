// For tests: a made-up certificate authority and what it signs.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pixie::net {

using TestTls = std::shared_ptr<SSL_CTX>;

/// Its certificate lies in a PEM file, which goes away with it.
class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
    certificate_ = make("pixie test authority", "", key_.get(), false);
    const int descriptor = mkstemp(file_.data());
    FILE* out = fdopen(descriptor, "w");
    PEM_write_X509(out, certificate_.get());
    std::fclose(out);
  }
  ~TestAuthority() { std::remove(file_.c_str()); }
  TestAuthority(const TestAuthority&) = delete;

  const std::string& file() const { return file_; }

  /// A server's certificate for such a name, and its key, as PEM texts.
  struct Pem {
    std::string certificate;
    std::string key;
  };
  Pem pem(const std::string& name) const {
    const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const auto certificate = make("server", name, key.get(), false);
    const std::shared_ptr<BIO> one(BIO_new(BIO_s_mem()), BIO_free_all);
    const std::shared_ptr<BIO> other(BIO_new(BIO_s_mem()), BIO_free_all);
    PEM_write_bio_X509(one.get(), certificate.get());
    PEM_write_bio_PrivateKey(other.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(one.get()), text_of(other.get())};
  }

  /// For a server that has a certificate for `name` (`DNS:boot.example`, `IP:127.0.0.1`), valid for an hour, or ended an
  /// hour ago.
  TestTls server(const std::string& name, bool expired = false) const {
    const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const auto certificate = make("server", name, key.get(), expired);
    TestTls context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    return context;
  }

 private:
  using Certificate = std::shared_ptr<X509>;

  static std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  /// `name` empty: an authority that signs itself.
  Certificate make(const std::string& subject, const std::string& name, EVP_PKEY* key,
                   bool expired) const {
    constexpr long hour = 3600;
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), name.empty() ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -2 * hour);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), expired ? -hour : hour);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(),
                         X509_get_subject_name(certificate_ ? certificate_.get() : made.get()));
    if (name.empty()) {
      extend(made.get(), NID_basic_constraints, "critical,CA:TRUE");
    } else {
      extend(made.get(), NID_subject_alt_name, name.c_str());
    }
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }

  static void extend(X509* certificate, int what, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::string file_ = "/tmp/pixie-authority-XXXXXX";
  std::shared_ptr<EVP_PKEY> key_;
  Certificate certificate_;
};

}  // namespace pixie::net
