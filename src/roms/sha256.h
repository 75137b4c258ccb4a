// SHA-256 (FIPS 180-4) as text.
#pragma once

#include <string>

#include "wire/cursor.h"

struct evp_md_ctx_st;

namespace pixie::roms {

/// 64 lower-case hexadecimal digits.
std::string sha256(wire::Bytes bytes);

/// The same of bytes that come one after the other.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(wire::Bytes bytes);
  /// Nothing may be added afterwards.
  std::string finish();

 private:
  evp_md_ctx_st* context_;
};

}  // namespace pixie::roms
