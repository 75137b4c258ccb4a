// Pixiecore's API as its client speaks it: another server is asked what a machine boots, and its answer becomes an iPXE
// script (pixiecore/README.api.md of danderson/netboot; form as of v1).
//
//   GET <base>/v1/boot/52:54:00:12:34:56
//   404: nothing for this machine.   200: a JSON object of
//     kernel       text       URL, or a path at the API's server
//     initrd       [text…]    optional; as kernel
//     cmdline      text       optional; {{ URL "…" }} in it stands for an absolute URL
//                | object     the old form: name → text, true (the name alone), or {"url": text}
//     message      text       optional; shown on the machine's screen
//     ipxe-script  text       instead of all others
//
// Pixiecore fetches the files itself and hands them on; here the machine fetches them by their own URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/url.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::upstream {

/// Where the API at `base` is asked for this machine. A query of the base is kept.
http::Url boot_url(const http::Url& base, const wire::Mac& mac);

/// The script that the server's answer stands for; nothing if it has none for the machine. An error is one sentence for
/// the operator: another status, or an answer that is not of the form above, or that no script can hold.
Expected<std::optional<std::string>> read_boot_answer(const http::Url& base, int status,
                                                      std::string_view body);

}  // namespace pixie::upstream
