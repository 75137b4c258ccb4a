#include "api/image_calls.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "events/stream.h"
#include "registry/registry.h"
#include "store/store.h"

namespace pixie::api {
namespace {

using images::ImageKind;

std::shared_ptr<const images::Index> index() {
  images::Index::Storage storage;
  storage.volume_id = "Debian 12";
  storage.format = "ISO 9660, Rock Ridge";
  storage.files = 3;
  storage.boot_images = {{.platform = 0}, {.platform = 0xef}};
  storage.entries = {{.kind = images::Index::Kind::folder}};
  return std::make_shared<const images::Index>(std::move(storage));
}

class ImageCallsTest : public testing::Test {
 protected:
  ImageCallsTest() {
    office.the_images.folder = "/srv/images";
    office.the_images.all["debian-12"] = {.name = "debian-12",
                                          .file = "debian-12.iso",
                                          .size = 1000,
                                          .modified = 1'700'000'000,
                                          .index = index()};
    office.the_images.all["tools/shell"] = {
        .name = "tools/shell", .file = "tools/shell.efi", .kind = ImageKind::efi, .size = 5};
    office.the_images.all["unpacked"] = {
        .name = "unpacked", .file = "unpacked", .kind = ImageKind::folder};
    office.the_room = {.writable = true, .free = 5000};
  }

  Answer ask(const std::string& method, const std::string& path, http::Fields fields = {}) {
    http::Request request;
    request.method_text = method;
    request.target = "/api/v1" + path;
    request.fields = std::move(fields);
    const auto call = call_of(request, http::parse_target(request.target).value(), true).value();
    const auto found = find_route(call);
    return found ? found->route.handle({registry, office, call, {}, found->file}) : found.error();
  }
  /// `fields`: name and value, one after the other.
  Answer put(const std::string& file, std::initializer_list<const char*> fields) {
    http::Fields all;
    for (const auto* each = fields.begin(); each != fields.end(); each += 2)
      all.add(each[0], each[1]);
    return ask("PUT", "/images/" + file, std::move(all));
  }

  TestOffice office;
  events::Stream stream;
  registry::Registry registry{store::Store::open("").value(), office.the_roster, stream};
};

TEST_F(ImageCallsTest, ListWhatIsThere) {
  office.the_images.uploads = {{.file = "b.iso", .received = 5, .size = 9, .modified = 0}};
  const auto list = json_in(ask("GET", "/images"));
  EXPECT_EQ(list.at("folder"), "/srv/images");
  EXPECT_EQ(list.at("writable"), true);
  EXPECT_EQ(list.at("free"), 5000);
  ASSERT_EQ(list.at("images").size(), 3U);
  const auto& debian = list.at("images")[0];
  EXPECT_EQ(debian.at("name"), "debian-12");
  EXPECT_EQ(debian.at("path"), "images/debian-12/");
  EXPECT_EQ(debian.at("volume_id"), "Debian 12");
  EXPECT_EQ(debian.at("files"), 3);
  EXPECT_EQ(debian.at("firmware"), Json::array({"bios", "uefi"}));
  EXPECT_EQ(debian.at("modified"), "2023-11-14T22:13:20.000Z");
  const auto& shell = list.at("images")[1];
  EXPECT_EQ(shell.at("path"), "images/tools/shell.efi");
  EXPECT_EQ(shell.at("firmware"), Json::array({"uefi"}));
  EXPECT_TRUE(shell.at("format").is_null());
  EXPECT_EQ(list.at("uploads")[0].at("received"), 5);
}

TEST_F(ImageCallsTest, FindAnImageByItsNameOrItsFile) {
  for (const auto* path : {"/images/debian-12", "/images/debian-12.iso"})
    EXPECT_EQ(json_in(ask("GET", path)).at("name"), "debian-12");
  EXPECT_EQ(json_in(ask("GET", "/images/tools/shell.efi")).at("kind"), "efi");
  EXPECT_EQ(ask("GET", "/images/none").made.status, 404);
}

TEST_F(ImageCallsTest, TakeAFileWholeOrInParts) {
  const auto whole = put("tools/a.iso", {"Content-Length", "10"});
  ASSERT_TRUE(whole.order);
  EXPECT_EQ(whole.order->what, ImageOrder::What::take);
  EXPECT_EQ(whole.order->part.file, "tools/a.iso");
  EXPECT_EQ(whole.order->part.length, 10U);
  EXPECT_EQ(whole.order->part.size, 10U);

  const auto part = put("a.iso", {"Content-Length", "10", "Content-Range", "bytes 5-14/20"});
  ASSERT_TRUE(part.order);
  EXPECT_EQ(part.order->part.offset, 5U);
  EXPECT_EQ(part.order->part.size, 20U);
  EXPECT_FALSE(part.order->part.only_new);

  const auto question = put("a.iso", {"Content-Length", "0", "Content-Range", "bytes */20"});
  ASSERT_TRUE(question.order);
  EXPECT_EQ(question.order->what, ImageOrder::What::look_up);
  EXPECT_EQ(question.order->part.size, 20U);

  const auto only_new = put("a.iso", {"Content-Length", "1", "If-None-Match", "*"});
  ASSERT_TRUE(only_new.order);
  EXPECT_TRUE(only_new.order->part.only_new);
}

TEST_F(ImageCallsTest, RefuseWhatIsNoPart) {
  EXPECT_EQ(put("a.iso", {"Transfer-Encoding", "chunked"}).made.status, 411);
  EXPECT_EQ(put("a.iso", {}).made.status, 422);
  EXPECT_EQ(put("a.iso", {"Content-Length", "0"}).made.status, 422);
  EXPECT_EQ(put("a.txt", {"Content-Length", "1"}).made.status, 422);
  EXPECT_EQ(put(".a.iso", {"Content-Length", "1"}).made.status, 422);
  EXPECT_EQ(put("a.iso", {"Content-Length", "1", "Content-Range", "bytes 0-1/9"}).made.status, 400);
  EXPECT_EQ(put("a.iso", {"Content-Length", "1", "Content-Range", "bytes */9"}).made.status, 400);
  EXPECT_EQ(put("a.iso", {"Content-Length", "0", "Content-Range", "bytes */0"}).made.status, 400);
  EXPECT_EQ(put("a.iso", {"Content-Length", "1", "Content-Range", "lines 0-0/9"}).made.status, 400);
  office.the_images.folder.clear();
  EXPECT_EQ(put("a.iso", {"Content-Length", "1"}).made.status, 404);
}

TEST_F(ImageCallsTest, RemoveFilesOnly) {
  const auto order = ask("DELETE", "/images/debian-12.iso").order;
  ASSERT_TRUE(order);
  EXPECT_EQ(order->what, ImageOrder::What::remove);
  EXPECT_EQ(order->part.file, "debian-12.iso");
  EXPECT_EQ(ask("DELETE", "/images/unpacked").made.status, 409);
  EXPECT_EQ(ask("DELETE", "/images/pixie.toml").made.status, 404);
}

TEST_F(ImageCallsTest, AnswerWhatBecameOfIt) {
  using Failure = images::UploadFailure;
  const auto whole = upload_answer(images::UploadState{"a.iso", 9, 9, true});
  EXPECT_EQ(whole.made.status, 201);
  EXPECT_EQ(json_in(whole),
            (Json{{"file", "a.iso"}, {"received", 9}, {"size", 9}, {"whole", true}}));
  EXPECT_EQ(upload_answer(images::UploadState{"a.iso", 5, 9, false}).made.status, 200);
  const std::pair<Failure::Why, int> statuses[] = {
      {Failure::Why::offset, 409},    {Failure::Why::superseded, 409}, {Failure::Why::no_room, 507},
      {Failure::Why::forbidden, 403}, {Failure::Why::not_found, 404},  {Failure::Why::failed, 500},
      {Failure::Why::exists, 412}};
  for (const auto& [why, status] : statuses) {
    const auto answer = upload_answer(std::unexpected(Failure{why, "It is so.", 5}));
    EXPECT_EQ(answer.made.status, status);
    EXPECT_EQ(detail_in(answer), "It is so.");
    EXPECT_EQ(json_in(answer).at("received"), 5);
    EXPECT_EQ(field_in(answer, "Cache-Control"), "no-store");
  }
  EXPECT_EQ(removal_answer(std::nullopt).made.status, 204);
  EXPECT_EQ(removal_answer(Failure{Failure::Why::not_found, "No.", 0}).made.status, 404);
}

}  // namespace
}  // namespace pixie::api
