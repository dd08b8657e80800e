#include "server/installation.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace neso {
namespace {

TEST(InstallationTest, BackendsBesideTheProgramComeBeforeTheFallback) {
  const std::filesystem::path tree = std::filesystem::temp_directory_path() / "neso_installation_test";
  std::filesystem::create_directories(tree / "bin");
  EXPECT_EQ(BackendDirectoryBeside((tree / "bin/neso").string(), "/fallback"), "/fallback");
  std::filesystem::create_directories(tree / "backends");
  EXPECT_EQ(BackendDirectoryBeside((tree / "bin/neso").string(), "/fallback"), (tree / "backends").string());
  std::filesystem::remove_all(tree);
}

TEST(InstallationTest, AnUnknownProgramHasNothingBesideIt) {
  EXPECT_EQ(BackendDirectoryBeside("", "/fallback"), "/fallback");
  EXPECT_TRUE(ProgramPath().ends_with("neso_server_test"));
}

}  // namespace
}  // namespace neso
