// SHA-256 (FIPS 180-4) of bytes as they come.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace pixie::mirror {

class Sha256 {
 public:
  Sha256();

  void add(std::string_view bytes);
  /// Of what was added so far: 64 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  struct Release {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Release> context_;
};

}  // namespace pixie::mirror
