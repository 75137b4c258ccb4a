#include "mirror/digest.h"

#include <array>
#include <stdexcept>

#include <fmt/ranges.h>
#include <openssl/evp.h>

namespace pixie::mirror {

void Sha256::Release::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("libcrypto has no SHA-256");
}

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() const {
  std::array<unsigned char, 32> digest{};
  const Sha256 copy;
  if (EVP_MD_CTX_copy_ex(copy.context_.get(), context_.get()) != 1 ||
      EVP_DigestFinal_ex(copy.context_.get(), digest.data(), nullptr) != 1)
    throw std::runtime_error("libcrypto can't end a SHA-256");
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace pixie::mirror
