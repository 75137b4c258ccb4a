#include "api/image_calls.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "api/json.h"
#include "http/content_range.h"

namespace pixie::api {
namespace {

using images::Image;
using images::ImageKind;
using images::UploadFailure;
using images::UploadState;

constexpr std::string_view no_folder = "There is no images folder: name one by --images.";

Json time_json(std::time_t when) { return json_of(std::chrono::system_clock::from_time_t(when)); }

/// What its boot catalogue is for (El Torito's platforms), or its kind.
Json firmware_of(const Image& image) {
  auto list = Json::array();
  const auto add = [&](bool there, std::string_view name) {
    if (there) list.push_back(name);
  };
  const auto boots = [&](std::uint8_t platform) {
    const auto is_for = [=](const auto& boot) { return boot.platform == platform; };
    return image.index && std::ranges::any_of(image.index->boot_images(), is_for);
  };
  add(boots(0x00), "bios");
  add(boots(0xef) || image.kind == ImageKind::efi, "uefi");
  return list;
}

Json image_json(const Image& image) {
  const auto* index = image.index.get();
  const bool has_content = image.kind == ImageKind::iso || image.kind == ImageKind::folder;
  return {{"name", image.name},
          {"file", image.file},
          {"path", fmt::format("images/{}", has_content ? image.name + "/" : image.file)},
          {"kind", images::kind_name(image.kind)},
          {"title", text_or_null(image.title)},
          {"recipe", text_or_null(image.recipe)},
          {"profiles", image.profiles},
          {"remark", text_or_null(image.remark)},
          {"format", index ? Json(index->format()) : Json()},
          {"volume_id", index ? Json(index->volume_id()) : Json()},
          {"files", index ? Json(index->files()) : Json()},
          {"firmware", firmware_of(image)},
          {"size", image.size},
          {"modified", time_json(image.modified)},
          {"pending", image.pending},
          {"fault", image.fault.empty() ? Json() : Json(image.fault)}};
}

Json partial_json(const images::PartialUpload& upload) {
  return {{"file", upload.file},
          {"received", upload.received},
          {"size", upload.size},
          {"modified", time_json(upload.modified)}};
}

/// By its name, or by its file.
const Image* find(const images::Images& images, const std::string& wanted) {
  const auto named = images.all.find(wanted);
  if (named != images.all.end()) return &named->second;
  const auto has_file = [&](const auto& each) { return each.second.file == wanted; };
  const auto found = std::ranges::find_if(images.all, has_file);
  return found == images.all.end() ? nullptr : &found->second;
}

Answer not_found(const std::string& file) {
  return problem(404, fmt::format("There is no image {}.", file));
}

/// The part of the file that the body is; without a length it is a question.
std::expected<images::UploadPart, Answer> part_of(const Context& context) {
  const auto& call = context.call;
  if (const auto checked = images::check_file(context.file); !checked)
    return refuse(422, checked.error().text);
  if (!call.content_length) return refuse(411, "A Content-Length is needed to take an image.");
  const auto length = *call.content_length;
  images::UploadPart part{.file = context.file, .offset = 0, .length = length, .size = length};
  if (call.content_range) {
    const auto range = http::parse_content_range(*call.content_range);
    if (!range || range->size == 0) {
      return refuse(400, "Content-Range: 'bytes FIRST-LAST/SIZE' is expected, or 'bytes */SIZE'.");
    }
    part.offset = range->part ? range->part->offset : 0;
    part.size = range->size;
    if (length != (range->part ? range->part->length : 0))
      return refuse(400, "Content-Range and Content-Length don't agree.");
    return part;
  }
  if (length == 0) return refuse(422, "An image has at least one byte.");
  return part;
}

int status_of(UploadFailure::Why why) {
  using enum UploadFailure::Why;
  switch (why) {
    case offset:
    case superseded:
      return 409;
    case exists:
      return 412;
    case no_room:
      return 507;
    case forbidden:
      return 403;
    case not_found:
      return 404;
    case failed:
      return 500;
  }
  return 500;
}

Answer failure_answer(const UploadFailure& failure) {
  auto answer = problem(status_of(failure.why), failure.text);
  auto document = Json::parse(answer.made.body);
  document["received"] = failure.received;
  answer.made.body = text_of(document);
  return answer;
}

}  // namespace

Answer list_images(const Context& context) {
  const auto images = context.office.images();
  const auto room = context.office.image_room();
  auto list = Json::array();
  for (const auto& [name, image] : images->all) list.push_back(image_json(image));
  auto uploads = Json::array();
  for (const auto& upload : images->uploads) uploads.push_back(partial_json(upload));
  return json_answer({{"folder", images->folder.empty() ? Json() : Json(images->folder)},
                      {"writable", room.writable},
                      {"free", room.free ? Json(*room.free) : Json()},
                      {"images", std::move(list)},
                      {"uploads", std::move(uploads)}});
}

Answer get_image(const Context& context) {
  const auto images = context.office.images();
  const auto* image = find(*images, context.file);
  return image ? json_answer(image_json(*image)) : not_found(context.file);
}

Answer put_image(const Context& context) {
  const auto images = context.office.images();
  if (images->folder.empty()) return problem(404, no_folder);
  auto part = part_of(context);
  if (!part) return part.error();
  part->only_new = context.call.if_none_match == "*";
  const auto what = part->length == 0 ? ImageOrder::What::look_up : ImageOrder::What::take;
  return {.made = {}, .order = ImageOrder{what, std::move(*part)}};
}

Answer delete_image(const Context& context) {
  const auto images = context.office.images();
  if (images->folder.empty()) return problem(404, no_folder);
  if (const auto* image = find(*images, context.file);
      image && image->kind == ImageKind::folder && image->file == context.file) {
    return problem(409, fmt::format("{} is a folder: remove it on the server.", context.file));
  }
  if (const auto checked = images::check_file(context.file); !checked)
    return not_found(context.file);
  return {.made = {}, .order = ImageOrder{ImageOrder::What::remove, {.file = context.file}}};
}

Answer upload_answer(const std::expected<UploadState, UploadFailure>& result) {
  auto answer = result ? json_answer({{"file", result->file},
                                      {"received", result->received},
                                      {"size", result->size},
                                      {"whole", result->whole}})
                       : failure_answer(result.error());
  if (result && result->whole) answer.made.status = 201;
  add_common_fields(answer);
  return answer;
}

Answer removal_answer(const std::optional<UploadFailure>& failure) {
  auto answer = failure ? failure_answer(*failure) : Answer{.made = {.status = 204}};
  add_common_fields(answer);
  return answer;
}

}  // namespace pixie::api
