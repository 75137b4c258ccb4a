#include "roms/sha256.h"

#include <array>
#include <stdexcept>

#include <fmt/ranges.h>
#include <openssl/evp.h>

namespace pixie::roms {

std::string sha256(wire::Bytes bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("libcrypto has no SHA-256");
  }
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace pixie::roms
