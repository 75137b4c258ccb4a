#include "app/machine_text.h"

#include <sstream>

#include <gtest/gtest.h>

namespace pixie::app {
namespace {

const Json machine = Json::parse(R"({
  "mac": "52:54:00:ab:cd:ef", "hostname": "web\u001b[2J1", "ip": "192.0.2.7", "arch": "x86_64",
  "firmware": "uefi", "first_seen": "2023-11-14T22:13:20.123Z",
  "last_seen": "2023-11-14T22:13:21.000Z",
  "assignment": {"profile": "disk", "once": null, "vars": {"disk": "/dev/vda"}},
  "own_script": true,
  "install": {"profile": "debian12", "status": "failed", "message": "no disk"},
  "boot": {"stage": "loading", "outcome": "under_way"},
  "facts": [{"name": "ip", "value": "192.0.2.7", "source": "observed"}]})");

TEST(MachineText, AListIsATable) {
  std::ostringstream out;
  print_machines(Json::array({machine, {{"mac", "52:54:00:00:00:01"}}}), out);
  EXPECT_EQ(
      out.str(),
      "MAC                HOSTNAME  ADDRESS    ARCH    FIRMWARE  BOOT         ASSIGNED  ONCE  "
      "LAST SEEN\n"
      "52:54:00:ab:cd:ef  web?[2J1  192.0.2.7  x86_64  uefi      loading ...  disk      -     "
      "2023-11-14 22:13:21\n"
      "52:54:00:00:00:01  -         -          -       -         -            -         -     "
      "-\n");
}

TEST(MachineText, AMachineIsToldWithItsBoots) {
  std::ostringstream out;
  const auto boots = Json::parse(R"([{"id": 7, "started": "2023-11-14T22:13:20.123Z",
      "outcome": "stalled", "cause": "It never asked for its ROM."}])");
  print_machine(machine, boots, out);
  EXPECT_EQ(
      out.str(),
      "ip            192.0.2.7            observed\n"
      "first seen    2023-11-14 22:13:20\n"
      "last seen     2023-11-14 22:13:21\n"
      "script        its own\n"
      "installation  debian12             failed    no disk\n"
      "52:54:00:ab:cd:ef: profile disk, once -, variables {\"disk\":\"/dev/vda\"}\n"
      "\n"
      "BOOT  STARTED              HOW IT WENT  PROFILE  BECAUSE  CAUSE\n"
      "7     2023-11-14 22:13:20  stalled      -        -        It never asked for its ROM.\n");
}

TEST(MachineText, AnAnswerOfAnotherKindDoesNoHarm) {
  std::ostringstream out;
  print_machines(Json::array({1, nullptr, "x", Json::array()}), out);
  print_machine(Json("x"), Json(5), out);
  print_assignment(nullptr, out);
  EXPECT_FALSE(out.str().empty());
}

}  // namespace
}  // namespace pixie::app
