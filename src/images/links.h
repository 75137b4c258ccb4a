// Where symbolic links lead to.
#pragma once

#include <cstdint>
#include <vector>

#include "images/draft.h"
#include "wire/error.h"

namespace pixie::images {

inline constexpr std::uint32_t nowhere = ~std::uint32_t{0};

/// For each node its own number; for a link that of the folder or file that it leads to, or `nowhere` if that is not
/// there or it leads in circles (more than limits::links_followed on the way). As in a file system mounted at `/`: an
/// absolute target begins at the root, `..` is the real parent of a folder that was reached through a link, the root's
/// parent is the root. Fails only at limits::link_steps.
Expected<std::vector<std::uint32_t>> follow_links(const Drafts& drafts, const Children& children);

}  // namespace pixie::images
