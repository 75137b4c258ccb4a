#include "certificates/authority.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace pixie::certificates {
namespace {

std::shared_ptr<X509> certificate_of(const Pair& pair) {
  const std::shared_ptr<BIO> bio(
      BIO_new_mem_buf(pair.certificate.data(), static_cast<int>(pair.certificate.size())),
      BIO_free_all);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

/// What OpenSSL thinks of a server's certificate when it trusts the authority.
int verdict(const Authority& authority, const Pair& server) {
  const std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  const auto trusted = certificate_of(authority.pair());
  X509_STORE_add_cert(store.get(), trusted.get());
  const std::shared_ptr<X509_STORE_CTX> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  const auto certificate = certificate_of(server);
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST(Authority, SignsServersThatAreBelieved) {
  const auto authority = Authority::make("test");
  ASSERT_TRUE(authority);
  const auto server = authority->sign_server({"boot.example.org", "192.0.2.1", "fd00::1"});
  ASSERT_TRUE(server);
  EXPECT_EQ(verdict(*authority, *server), X509_V_OK);
  const auto certificate = certificate_of(*server);
  EXPECT_EQ(X509_check_host(certificate.get(), "boot.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "other.example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "fd00::1", 0), 1);
  EXPECT_EQ(authority->fingerprint().size(), 64U);
}

TEST(Authority, IsReadBackAndIsTheSame) {
  const auto made = Authority::make("test");
  ASSERT_TRUE(made);
  const auto read = Authority::read(made->pair());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->fingerprint(), made->fingerprint());
  const auto server = read->sign_server({"x"});
  ASSERT_TRUE(server);
  EXPECT_EQ(verdict(*made, *server), X509_V_OK);
  const auto stranger = Authority::make("test");
  ASSERT_TRUE(stranger);
  EXPECT_NE(verdict(*stranger, *server), X509_V_OK);
}

TEST(Authority, TakesNeitherAnothersKeyNorAServersCertificate) {
  const auto one = Authority::make("one");
  const auto two = Authority::make("two");
  ASSERT_TRUE(one && two);
  const auto mixed = Authority::read({one->pair().certificate, two->pair().key});
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().text, "the key is not the certificate's");
  const auto server = Authority::read(*one->sign_server({"x"}));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().text, "the certificate is no authority's");
  EXPECT_FALSE(Authority::read({"", ""}));
}

TEST(Authority, NamesAreHostsOrAddresses) {
  EXPECT_TRUE(check_names({"pixie", "*.example.org", "192.0.2.1", "fd00::1"}));
  EXPECT_FALSE(check_names({}));
  for (const auto* name : {"", "a b", "a,DNS:b", "a/b", "*.", "https://a"}) {
    EXPECT_FALSE(check_names({name})) << name;
  }
}

}  // namespace
}  // namespace pixie::certificates
