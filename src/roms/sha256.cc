#include "roms/sha256.h"

#include <array>
#include <stdexcept>

#include <fmt/ranges.h>
#include <openssl/evp.h>

namespace pixie::roms {

namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("libcrypto has no SHA-256");
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::add(wire::Bytes bytes) {
  require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

std::string sha256(wire::Bytes bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.finish();
}

}  // namespace pixie::roms
