// What a file is, judged by its name.
#pragma once

#include <string_view>

namespace pixie::http {

/// The media type for the Content-Type field. Looks at the ending of the last component, in any
/// case, and at a few whole names of installers' text files. Kernels, initrds and all that is
/// unknown are application/octet-stream. UEFI HTTP Boot takes a file for what this type says (UEFI
/// specification 2.10, section 24.7.1): application/efi, application/vnd.efi-iso and
/// application/vnd.efi-img.
std::string_view content_type(std::string_view path);

}  // namespace pixie::http
