#include "registry/token.h"

#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace pixie::registry {
namespace {

using std::chrono::seconds;

std::string signature(std::string_view secret, const wire::Mac& mac, std::int64_t second) {
  const auto text = fmt::format("done {} {}", mac.colons(), second);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
            nullptr)) {
    throw std::runtime_error("libcrypto has no HMAC-SHA256");
  }
  return fmt::format("{:02x}", fmt::join(std::span(digest).first(16), ""));
}

}  // namespace

std::string make_secret() {
  std::string secret(32, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()),
                 static_cast<int>(secret.size())) != 1) {
    throw std::runtime_error("libcrypto has no randomness");
  }
  return secret;
}

std::string make_token(std::string_view secret, const wire::Mac& mac, events::Time now) {
  const auto second = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  return fmt::format("{:x}-{}", second, signature(secret, mac, second));
}

std::optional<events::Time> token_time(std::string_view secret, const wire::Mac& mac,
                                       std::string_view token) {
  // Nine digits are enough until the year 4147.
  std::int64_t second = 0;
  const auto hyphen = token.find('-');
  if (hyphen == token.npos || hyphen == 0 || hyphen > 9 || token[0] == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(token.data(), token.data() + hyphen, second, 16);
  if (error != std::errc{} || end != token.data() + hyphen) return std::nullopt;
  const auto expected = signature(secret, mac, second);
  const auto given = token.substr(hyphen + 1);
  if (given.size() != expected.size() ||
      CRYPTO_memcmp(given.data(), expected.data(), expected.size()) != 0) {
    return std::nullopt;
  }
  return events::Time(seconds(second));
}

}  // namespace pixie::registry
