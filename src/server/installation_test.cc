#include "server/installation.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace neso {
namespace {

TEST(InstallationTest, WhatIsBesideTheProgramComesBeforeTheFallback) {
  const std::filesystem::path tree = std::filesystem::temp_directory_path() / "neso_installation_test";
  std::filesystem::create_directories(tree / "bin");
  EXPECT_EQ(FolderBeside((tree / "bin/neso").string(), "backends", "/fallback"), "/fallback");
  std::filesystem::create_directories(tree / "backends");
  EXPECT_EQ(FolderBeside((tree / "bin/neso").string(), "backends", "/fallback"), (tree / "backends").string());
  std::filesystem::remove_all(tree);
}

TEST(InstallationTest, AnUnknownProgramHasNothingBesideIt) {
  EXPECT_EQ(FolderBeside("", "backends", "/fallback"), "/fallback");
  EXPECT_TRUE(ProgramPath().ends_with("neso_server_test"));
}

}  // namespace
}  // namespace neso
