#include "backend/library_search.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace neso {
namespace {

class LibrarySearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "library_search_XXXXXX";
    ASSERT_NE(mkdtemp(root_.data()), nullptr);
    std::filesystem::create_directories(root_ + "/repo/m/1");
    std::filesystem::create_directories(root_ + "/backends/foo");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Touch(const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << "x";
  }
  LibraryQuery Query(std::string backend = "foo", std::string runtime = "") const {
    return {.model_name = "m",
            .model_folder = root_ + "/repo/m",
            .version_folder = root_ + "/repo/m/1",
            .backend = std::move(backend),
            .runtime = std::move(runtime),
            .backend_directory = root_ + "/backends",
            .fallback_directory = root_ + "/fallback"};
  }
  std::string Find(const LibraryQuery& query) const {
    Expected<BackendLibrary> library = FindBackendLibrary(query);
    return library ? library->path.substr(root_.size()) : library.error().ToString();
  }
  std::string Shown(std::string text) const {
    for (size_t at; (at = text.find(root_)) != std::string::npos;) text.replace(at, root_.size(), "~");
    return text;
  }

  std::string root_;
};

TEST_F(LibrarySearchTest, PrefersTheVersionFolderThenTheModelFolderThenTheBackendFolder) {
  Touch("fallback/foo/libtriton_foo.so");
  EXPECT_EQ(Find(Query()), "/fallback/foo/libtriton_foo.so");
  Touch("backends/foo/libtriton_foo.so");
  EXPECT_EQ(Find(Query()), "/backends/foo/libtriton_foo.so");
  Touch("repo/m/libtriton_foo.so");
  EXPECT_EQ(Find(Query()), "/repo/m/libtriton_foo.so");
  Touch("repo/m/1/libtriton_foo.so");
  EXPECT_EQ(Find(Query()), "/repo/m/1/libtriton_foo.so");
}

TEST_F(LibrarySearchTest, SaysHowToInstallAnOptionalBackend) {
  EXPECT_EQ(
      Find(Query("pytorch")),
      "Invalid argument: unable to find backend library for backend 'pytorch', try specifying runtime on the model "
      "configuration. 'pytorch' is an optional backend of this server, which is not installed: 'make build "
      "BACKENDS=pytorch' in its sources makes out/backends/pytorch, which belongs into the backend directory.");
}

TEST_F(LibrarySearchTest, SaysWhenThereIsNoLibrary) {
  EXPECT_EQ(Find(Query()),
            "Invalid argument: unable to find backend library for backend 'foo', try specifying runtime on "
            "the model configuration.");
}

TEST_F(LibrarySearchTest, TakesTheRuntimeForTheFileName) {
  Touch("backends/foo/other.so");
  EXPECT_EQ(Find(Query("foo", "other.so")), "/backends/foo/other.so");
  EXPECT_EQ(Shown(Find(Query("foo", "abc"))),
            "Invalid argument: unable to find backend library 'abc' for model 'm', searched: '~/repo/m/1' '~/repo/m' "
            "'~/backends/foo' ");
}

TEST_F(LibrarySearchTest, RefusesARuntimeThatLeavesItsFolder) {
  Touch("backends/other.so");
  EXPECT_EQ(
      Shown(Find(Query("foo", "../other.so"))),
      "Invalid argument: backend library name '../other.so' escapes backend directory '~/backends/foo', for model "
      "'m', check model config runtime field");
}

TEST_F(LibrarySearchTest, AllowsARuntimeThatComesBack) {
  Touch("backends/foo/other.so");
  EXPECT_EQ(Find(Query("foo", "../foo/other.so")), "/backends/foo/other.so");
}

TEST_F(LibrarySearchTest, RefusesABackendNameThatIsAPath) {
  Touch("backends/foo/libtriton_foo.so");
  Touch("backends/libtriton_foo.so");
  EXPECT_EQ(Find(Query("../backends/foo")),
            "Invalid argument: unable to find backend library for backend "
            "'../backends/foo', try specifying runtime on the model configuration.");
}

TEST_F(LibrarySearchTest, RunsABackendWrittenInPythonWithThePythonBackend) {
  Touch("backends/foo/model.py");
  Touch("backends/python/libtriton_python.so");
  Expected<BackendLibrary> library = FindBackendLibrary(Query());
  ASSERT_TRUE(library.ok()) << library.error().ToString();
  EXPECT_EQ(library->path, root_ + "/backends/python/libtriton_python.so");
  EXPECT_EQ(library->folder, root_ + "/backends/foo");
  EXPECT_EQ(library->runtime, "model.py");
  EXPECT_EQ(library->Identity(), root_ + "/backends/foo/model.py");
}

TEST_F(LibrarySearchTest, PrefersALibraryToAModelInPython) {
  Touch("backends/foo/model.py");
  Touch("backends/python/libtriton_python.so");
  Touch("backends/foo/libtriton_foo.so");
  EXPECT_EQ(Find(Query()), "/backends/foo/libtriton_foo.so");
  EXPECT_EQ(Find(Query("foo", "model.py")), "/backends/python/libtriton_python.so");
}

TEST_F(LibrarySearchTest, SaysWhenTheModelInPythonIsMissing) {
  EXPECT_EQ(Shown(Find(Query("foo", "model.py"))),
            "Invalid argument: unable to find Python backend based backend library 'model.py' for model 'm', searched: "
            "'~/backends/foo/model.py'");
}

}  // namespace
}  // namespace neso
