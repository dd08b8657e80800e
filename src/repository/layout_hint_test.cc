#include "repository/layout_hint.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

FolderSnapshot Folder(std::vector<std::string> files, std::vector<std::string> folders,
                      std::vector<FolderEntry> first_version = {}) {
  FolderSnapshot folder;
  folder.path = "/models/m";
  folder.files = std::move(files);
  folder.subfolder_names = std::move(folders);
  folder.first_version = std::move(first_version);
  return folder;
}

inference::ModelConfig Expecting(const std::string& file) {
  inference::ModelConfig config;
  config.set_default_model_filename(file);
  return config;
}

TEST(RepositoryHintTest, SaysWhereAFileShouldLie) {
  EXPECT_EQ(RepositoryHint({.folders = {"other"}, .files = {"digits.onnx"}}, "/models"),
            "'digits.onnx' lies straight in the repository '/models', where it is not served; expected "
            "/models/digits/1/model.onnx");
}

TEST(RepositoryHintTest, RecognisesTheFolderOfAModel) {
  EXPECT_EQ(
      RepositoryHint({.folders = {"1"}, .files = {}}, "/models/m"),
      "'/models/m' looks like the folder of one model (it holds folders that are named as versions); a repository "
      "is the folder above it");
  EXPECT_EQ(RepositoryHint({.folders = {}, .files = {"config.pbtxt"}}, "/models/m"),
            "'/models/m' looks like the folder of one model (it holds config.pbtxt); a repository is the folder above "
            "it");
}

TEST(RepositoryHintTest, SaysWhenThereIsNothing) {
  EXPECT_EQ(RepositoryHint({.folders = {}, .files = {}}, "/models"),
            "repository '/models' has no models: found nothing, expected folders as in /models/<model>/1/model.onnx");
  EXPECT_EQ(RepositoryHint({.folders = {"m"}, .files = {"README.md"}}, "/models"), "");
}

TEST(ModelFolderHintTest, SaysThatVersionsHaveFolders) {
  EXPECT_EQ(ModelFolderHint(Folder({"config.pbtxt", "model.onnx"}, {"v1"})),
            "found config.pbtxt, model.onnx, v1/ in '/models/m', expected a folder for each version, as in "
            "/models/m/1/model.onnx");
  EXPECT_EQ(ModelFolderHint(Folder({"a", "b", "c", "d", "e", "f", "g.pt"}, {})),
            "found a, b, c, d, e and 2 more in '/models/m', expected a folder for each version, as in "
            "/models/m/1/model.pt");
}

TEST(ModelFolderHintTest, SaysHowTheModelsFileIsCalled) {
  EXPECT_EQ(ModelFolderHint(Folder({}, {"1"}, {{"mine.onnx", false}})),
            "found 1/mine.onnx in '/models/m', expected 1/model.onnx (or backend and default_model_filename: "
            "'mine.onnx' in /models/m/config.pbtxt)");
  EXPECT_EQ(ModelFolderHint(Folder({}, {"1"})),
            "found nothing in '/models/m/1', expected a model file, as in /models/m/1/model.onnx");
  EXPECT_EQ(ModelFolderHint(Folder({}, {"1"}, {{"model.onnx", false}})), "");
}

TEST(VersionFolderHintTest, ComparesWhatIsThereWithWhatIsAskedFor) {
  EXPECT_EQ(VersionFolderHint(Expecting("model.onnx"), 3, {{"mine.onnx", false}, {"data", true}}),
            "found data/, mine.onnx in the folder of version 3, expected model.onnx (or default_model_filename: "
            "'mine.onnx' in config.pbtxt)");
  EXPECT_EQ(VersionFolderHint(Expecting("model.onnx"), 3, {}),
            "found nothing in the folder of version 3, expected model.onnx");
  EXPECT_EQ(VersionFolderHint(Expecting("model.onnx"), 3, {{"model.onnx", true}}), "");
  EXPECT_EQ(VersionFolderHint(Expecting(""), 3, {}), "");
  EXPECT_EQ(VersionFolderHint(Expecting("deep/model.onnx"), 3, {}), "");
}

}  // namespace
}  // namespace neso
