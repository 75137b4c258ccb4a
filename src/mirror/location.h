// Where an upstream's file is in the tree, and the URL that a path there means.
//
//   path = "mirror/" ( "http" / "https" ) "/" host [ ":" port ] [ "/" upstream's path ] [ "?" query ]
#pragma once

#include <string>
#include <string_view>

#include "http/target.h"
#include "http/url.h"
#include "wire/error.h"

namespace pixie::mirror {

/// What every path of the mirror begins with.
inline constexpr std::string_view base_path = "mirror/";

/// The URL of a target whose path begins with base_path, in one form however it was written: it is the key of what is
/// kept. The error is a sentence for the client.
Expected<http::Url> url_of(const http::Target& target);

/// Where the URL is in the tree, escaped and with a slash at its front.
std::string path_of(const http::Url& url);

/// As url_of(), of what a person wrote: a URL, or a path with a slash at its front. Fails on `..` and the like.
Expected<http::Url> url_named(std::string_view text);

}  // namespace pixie::mirror
