// Any bytes as the file of the API's tokens.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tokens = pixie::api::Tokens::parse(text, "tokens");
  if (tokens ? tokens->size() == 0 : !tokens.error().text.starts_with("tokens")) std::abort();
  if (tokens && tokens->look_up("")) std::abort();
  return 0;
}
