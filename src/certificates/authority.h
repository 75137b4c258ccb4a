// Certificates for trying HTTPS out: an authority of one's own, and what it signs. In memory; no files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/error.h"

struct evp_pkey_st;
struct x509_st;

namespace pixie::certificates {

/// In PEM form.
struct Pair {
  std::string certificate;
  std::string key;
};

/// Whether a server's certificate can be for these: host names (`pixie`, `*.example.org`) and addresses, one at least.
Expected<void> check_names(const std::vector<std::string>& names);

/// RSA with 2048 bits and SHA-256, which every iPXE that has TLS understands.
class Authority {
 public:
  /// A new one, for ten years from a day ago (machines' clocks are seldom right).
  static Expected<Authority> make(const std::string& name);
  /// An earlier one; the error says what is wrong.
  static Expected<Authority> read(const Pair& pair);

  Pair pair() const;
  /// SHA-256 over the certificate (DER), in hexadecimal: how iPXE names whom it trusts.
  std::string fingerprint() const;
  /// A server's certificate for 825 days, for names that check_names() takes.
  Expected<Pair> sign_server(const std::vector<std::string>& names) const;

 private:
  using Certificate = std::shared_ptr<x509_st>;
  using Key = std::shared_ptr<evp_pkey_st>;
  Authority(Certificate certificate, Key key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  Certificate certificate_;
  Key key_;
};

}  // namespace pixie::certificates
