#include "certificates/authority.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "wire/address.h"

namespace pixie::certificates {
namespace {

constexpr unsigned key_bits = 2048;
constexpr long day = 24 * 60 * 60;
constexpr long authority_days = 3650;
/// Browsers believe no server's certificate that is made for longer.
constexpr long server_days = 825;

using Certificate = std::shared_ptr<X509>;
using Key = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free_all(bio); })>;

struct Extension {
  int what;
  std::string value;
};

Key make_key() { return {EVP_RSA_gen(key_bits), EVP_PKEY_free}; }

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Pair pem_of(X509* certificate, EVP_PKEY* key) {
  const Bio one(BIO_new(BIO_s_mem()));
  const Bio other(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(one.get(), certificate);
  PEM_write_bio_PrivateKey(other.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(one.get()), text_of(other.get())};
}

/// A certificate without issuer and signature. Its serial number is random (RFC 5280 section 4.1.2.2).
Certificate draft(const std::string& name, EVP_PKEY* key, long days) {
  Certificate made(X509_new(), X509_free);
  std::array<unsigned char, 8> serial{};
  RAND_bytes(serial.data(), serial.size());
  std::uint64_t number = 0;
  for (const auto octet : serial) number = number << 8 | octet;
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), number >> 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), (days - 1) * day);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

/// False: one of the extensions has no sense.
bool finish(X509* certificate, X509* issuer, EVP_PKEY* key, std::span<const Extension> extensions) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [what, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    if (!extension) return false;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  return X509_sign(certificate, key, EVP_sha256()) > 0;
}

/// Letters, digits, hyphens and dots, perhaps behind `*.`: nothing that means something to OpenSSL's syntax.
bool is_host_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return !name.empty() && name.size() < 254 &&
         std::ranges::all_of(
             name,
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.';
             });
}

Expected<std::string> alternative_names(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) {
    const auto address = wire::IpAddress::parse(name);
    if (!address && !is_host_name(name))
      return fail(fmt::format("'{}' is neither a host's name nor an IP address", name));
    all += fmt::format("{}{}:{}", all.empty() ? "" : ",", address ? "IP" : "DNS",
                       address ? address->text() : name);
  }
  return all;
}

}  // namespace

Expected<void> check_names(const std::vector<std::string>& names) {
  if (names.empty()) return fail("a server's certificate needs a name or an address");
  if (auto all = alternative_names(names); !all) return std::unexpected(all.error());
  return {};
}

Expected<Authority> Authority::make(const std::string& name) {
  const auto key = make_key();
  if (!key) return fail("no key can be made: OpenSSL gets no random numbers");
  const auto certificate = draft(name, key.get(), authority_days);
  const std::array<Extension, 3> extensions{{{NID_basic_constraints, "critical,CA:TRUE"},
                                             {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                             {NID_subject_key_identifier, "hash"}}};
  if (!finish(certificate.get(), certificate.get(), key.get(), extensions))
    return fail("the authority's certificate can't be made");
  return Authority(certificate, key);
}

Expected<Authority> Authority::read(const Pair& pair) {
  const auto memory = [](const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  const Certificate certificate(
      PEM_read_bio_X509(memory(pair.certificate).get(), nullptr, nullptr, nullptr), X509_free);
  const Key key(PEM_read_bio_PrivateKey(memory(pair.key).get(), nullptr, nullptr, nullptr),
                EVP_PKEY_free);
  if (!certificate || !key) return fail("no certificate, or no key, in PEM form");
  if (X509_check_ca(certificate.get()) == 0) return fail("the certificate is no authority's");
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return fail("the key is not the certificate's");
  return Authority(certificate, key);
}

Pair Authority::pair() const { return pem_of(certificate_.get(), key_.get()); }

std::string Authority::fingerprint() const {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  X509_digest(certificate_.get(), EVP_sha256(), digest.data(), &size);
  std::string text;
  for (const auto octet : digest) fmt::format_to(std::back_inserter(text), "{:02x}", octet);
  return text;
}

Expected<Pair> Authority::sign_server(const std::vector<std::string>& names) const {
  const auto subjects = alternative_names(names);
  if (!subjects) return std::unexpected(subjects.error());
  const auto key = make_key();
  if (!key) return fail("no key can be made: OpenSSL gets no random numbers");
  const auto certificate = draft(names.front(), key.get(), server_days);
  const std::array<Extension, 5> extensions{
      {{NID_basic_constraints, "critical,CA:FALSE"},
       {NID_key_usage, "critical,digitalSignature,keyEncipherment"},
       {NID_ext_key_usage, "serverAuth"},
       {NID_authority_key_identifier, "keyid"},
       {NID_subject_alt_name, *subjects}}};
  if (!finish(certificate.get(), certificate_.get(), key_.get(), extensions))
    return fail("the server's certificate can't be made");
  return pem_of(certificate.get(), key.get());
}

}  // namespace pixie::certificates
