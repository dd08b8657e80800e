#include "command/repository/service_unit.h"

#include <gtest/gtest.h>

namespace neso::command {
namespace {

constexpr const char* kUnit =
    "# Of the package.\n[Unit]\nDescription=Neso\nDocumentation=file:///x\n\n[Service]\nType=notify\nUser=neso\nGroup=neso\n"
    "EnvironmentFile=-/etc/default/neso\nExecStart=/opt/neso/bin/neso $OPTIONS\n# Homes.\nProtectHome=yes\nPrivateTmp=yes\n";

TEST(ServiceUnitTest, KeepsWhatIsNotItsOwn) {
  EXPECT_EQ(
      ServiceUnit(kUnit, {.name = "n", .program = "/p/neso", .repository = "/srv/m", .user = "u", .options = {}}),
      "# Written by `neso service`: into /etc/systemd/system/n.service, then systemctl enable --now n\n"
      "[Unit]\nDescription=Neso inference server, models of /srv/m\n\n[Service]\nType=notify\nUser=u\n"
      "ExecStart=/p/neso --model-repository=/srv/m --crash-directory=/var/lib/neso-n\n# Homes.\nProtectHome=yes\nPrivateTmp=yes\n");
}

TEST(ServiceUnitTest, WhatIsAtHomeIsLeftReadable) {
  const std::string unit =
      ServiceUnit(kUnit, {.name = "n", .program = "/p/neso", .repository = "/home/u/m", .user = "u", .options = {}});
  EXPECT_NE(unit.find("ProtectHome=read-only\n"), std::string::npos);
}

TEST(ServiceUnitTest, WhatIsTemporaryIsLeftVisible) {
  for (const char* const folder : {"/tmp/m", "/var/tmp/m"}) {
    const std::string unit =
        ServiceUnit(kUnit, {.name = "n", .program = "/p/neso", .repository = folder, .user = "u", .options = {}});
    EXPECT_NE(unit.find("PrivateTmp=no\n"), std::string::npos) << folder;
  }
}

TEST(ServiceUnitTest, ModelsRunOnThePythonOfTheEnvironment) {
  const std::string unit = ServiceUnit(
      kUnit, {.name = "n", .program = "/p/neso", .repository = "/srv/m", .user = "u", .python_folder = "/a env/bin"});
  EXPECT_NE(
      unit.find("\nEnvironment=\"PATH=/a env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\"\nExecStart="),
      std::string::npos);
}

TEST(ServiceUnitTest, APercentSignInTheFolderIsNoSpecifier) {
  const std::string unit =
      ServiceUnit(kUnit, {.name = "n", .program = "/p/neso", .repository = "/srv/50%m", .user = "u"});
  EXPECT_NE(unit.find("\nDescription=Neso inference server, models of /srv/50%%m\n"), std::string::npos);
}

TEST(ServiceUnitTest, WordsAreQuotedAsSystemdReadsThem) {
  const std::string unit = ServiceUnit(
      kUnit,
      {.name = "n", .program = "/p/neso", .repository = "/a b", .user = "u", .options = {"--x=50%", "--y=\"$z\""}});
  EXPECT_NE(unit.find("\"--model-repository=/a b\""), std::string::npos);
  EXPECT_NE(unit.find(" --x=50%% \"--y=\\\"$$z\\\"\"\n"), std::string::npos);
}

}  // namespace
}  // namespace neso::command
