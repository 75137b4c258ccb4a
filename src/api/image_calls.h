// The calls about images.
//
// An image is sent by PUT, whole or in parts: with Content-Range (RFC 9110 section 14.5) the body is the part that goes on
// where what is here ends. `Content-Range: bytes */SIZE` without a body asks how much that is.
#pragma once

#include <expected>
#include <optional>

#include "api/call.h"
#include "api/routes.h"
#include "images/upload.h"

namespace pixie::api {

Answer list_images(const Context& context);
Answer get_image(const Context& context);
/// Takes or looks up: the answer is an order.
Answer put_image(const Context& context);
Answer delete_image(const Context& context);

/// What is answered when an order was done.
Answer upload_answer(const std::expected<images::UploadState, images::UploadFailure>& result);
Answer removal_answer(const std::optional<images::UploadFailure>& failure);

}  // namespace pixie::api
