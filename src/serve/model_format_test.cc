#include "serve/model_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "neso/protobuf_wire.h"
#include "serve/model_source.h"
#include "serve/serve_words.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::MessageWriter;

Expected<ModelFormat> FormatOf(std::string_view name, const std::string& content) {
  return RecognizeContent(name, {.head = content, .tail = content, .size = content.size()});
}

std::string WhyNot(std::string_view name, const std::string& content) {
  const Expected<ModelFormat> format = FormatOf(name, content);
  return format ? "" : format.error().message();
}

std::string Onnx() {
  return MessageWriter()
      .Add(1, uint64_t{8})
      .Add(2, std::string_view("maker"))
      .Add(7, std::string_view("graph"))
      .bytes();
}

// An entry of an archive's directory.
std::string Entry(const std::string& name) {
  std::string entry = std::string("PK\x01\x02") + std::string(42, '\0') + name;
  entry[28] = static_cast<char>(name.size());
  return entry;
}

std::string Archive(const std::string& names) { return "PK\x03\x04" + names; }

TEST(ModelFormatTest, ContentTellsTheFormat) {
  const std::string node =
      MessageWriter().Add(1, std::string_view("x")).Add(2, std::string_view("Placeholder")).bytes();
  const std::string checkpoint("\4\0\0\0\7\0\0\0\0\0\0\0", 12);
  EXPECT_EQ(*FormatOf("a", Onnx()), ModelFormat::kOnnx);
  EXPECT_EQ(*FormatOf("a", MessageWriter().Add(1, std::string_view(node)).bytes()), ModelFormat::kGraphDef);
  EXPECT_EQ(
      *FormatOf("a", MessageWriter().Add(1, uint64_t{4}).Add(2, uint64_t{8}).Add(5, std::string_view("op")).bytes()),
      ModelFormat::kDali);
  EXPECT_EQ(*FormatOf("a", Archive(Entry("model/constants.pkl"))), ModelFormat::kTorchScript);
  EXPECT_EQ(*FormatOf("a", Archive(Entry("m/data/aotinductor/model/x.so"))), ModelFormat::kAotInductor);
  EXPECT_EQ(*FormatOf("a", "<?xml version=\"1.0\"?>\n<net name=\"n\" version=\"11\">"), ModelFormat::kOpenVino);
  EXPECT_EQ(*FormatOf("a", "{\"learner\":{}}"), ModelFormat::kXgboostJson);
  EXPECT_EQ(*FormatOf("a", std::string("{L\0\0\0\0\0\0\0\7learner{", 18)), ModelFormat::kXgboostUbj);
  EXPECT_EQ(*FormatOf("a", "tree\nversion=v4\n"), ModelFormat::kLightGbm);
  EXPECT_EQ(*FormatOf("a", checkpoint), ModelFormat::kTreelite);
  EXPECT_EQ(*FormatOf("a", std::string("\x1c\0\0\0TFL3", 8)), ModelFormat::kTfLite);
  EXPECT_EQ(*FormatOf("m.py", "class TritonPythonModel:\n"), ModelFormat::kPython);
}

TEST(ModelFormatTest, GraphMayReachBeyondWhatWasRead) {
  const std::string content = MessageWriter().Add(1, uint64_t{8}).Add(7, std::string(1000, 'g')).bytes();
  const FileEnds ends{.head = content.substr(0, 20), .tail = {}, .size = content.size()};
  EXPECT_EQ(*RecognizeContent("a", ends), ModelFormat::kOnnx);
}

TEST(ModelFormatTest, OtherFilesAreToldWhatToDo) {
  EXPECT_EQ(WhyNot("a.onnx", ""), "is empty");
  EXPECT_THAT(WhyNot("a.onnx", "version https://git-lfs.example/spec"), HasSubstr("git lfs pull"));
  EXPECT_THAT(WhyNot("a.onnx", "<!DOCTYPE html>"), HasSubstr("web page"));
  EXPECT_THAT(WhyNot("a.pkl", "\x80\x04\x95"), HasSubstr("pickle"));
  EXPECT_THAT(WhyNot("a.pt", Archive(Entry("a/data.pkl"))), HasSubstr("torch.jit.script"));
  EXPECT_THAT(WhyNot("a.pt", "PK\x03\x04"), HasSubstr("cut off"));
  EXPECT_THAT(WhyNot("a.json", "{\"a\": 1}"), HasSubstr("no model of XGBoost"));
  EXPECT_THAT(WhyNot("a.xml", "<?xml?><html/>"), HasSubstr("no network of OpenVINO"));
  EXPECT_THAT(WhyNot("a.py", "print(1)"), HasSubstr("class TritonPythonModel"));
  EXPECT_THAT(WhyNot("a.bin", "nothing at all"), HasSubstr("expected ONNX"));
  const std::string whole = Onnx();
  EXPECT_THAT(WhyNot("a.onnx", whole.substr(0, whole.size() - 2)),
              HasSubstr("begins as an ONNX model, but is damaged"));
}

TEST(ModelSourceTest, FilesAndFoldersNameTheModel) {
  const TestFolder folder;
  folder.Write("my digits.onnx", Onnx());
  folder.Write("exported/model.onnx", Onnx());
  folder.Write("saved/saved_model.pb", "x");
  folder.Write("models/a/1/model.onnx", Onnx());
  EXPECT_EQ(FindModel(folder.Path("my digits.onnx"))->name, "my_digits");
  EXPECT_EQ(FindModel(folder.Path("exported/"))->name, "exported");
  EXPECT_EQ(FindModel(folder.Path("saved"))->format, ModelFormat::kSavedModel);
  EXPECT_TRUE(FindModel(folder.Path("models"))->is_repository);
  EXPECT_EQ(FindModel(folder.Path("models/a"))->name, "a");
  EXPECT_EQ(FindModel(folder.Path("models/a/1"))->name, "a");
}

TEST(ModelSourceTest, SeveralModelsInOneFolderAreNamed) {
  const TestFolder folder;
  folder.Write("a.onnx", Onnx());
  folder.Write("b.onnx", Onnx());
  EXPECT_THAT(FindModel(folder.path()).error().message(), HasSubstr("more than one model"));
  folder.MakeFolder("empty");
  EXPECT_THAT(FindModel(folder.Path("empty")).error().message(), HasSubstr("holds no model"));
  EXPECT_EQ(FindModel("/no/such.onnx").error().message(), "there is no '/no/such.onnx'");
}

TEST(ServeWordsTest, OptionsOfTheServerPassThrough) {
  const auto words = ReadServeWords({"neso", "serve", "--name", "d", "a.onnx", "--http-port=9000", "--port=auto"});
  ASSERT_TRUE(words);
  EXPECT_EQ(words->what, "a.onnx");
  EXPECT_EQ(words->name, "d");
  EXPECT_TRUE(words->choose_ports);
  EXPECT_THAT(words->server_options, ElementsAre("--http-port=9000"));
}

TEST(ServeWordsTest, WhatCannotBeMeantIsRefused) {
  const auto why = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"neso", "serve"});
    return ReadServeWords(arguments).error().message();
  };
  EXPECT_THAT(why({}), HasSubstr("neso serve FILE|FOLDER|PACKAGE"));
  EXPECT_THAT(why({"a", "--port=x"}), HasSubstr("expected 'auto', or a port"));
  EXPECT_THAT(why({"a", "--name=a/b"}), HasSubstr("such as a_b"));
  EXPECT_THAT(why({"a", "--name"}), HasSubstr("needs a value"));
}

TEST(TypedTensorTest, IsReadAsItIsShown) {
  const auto tensor = ReadTypedTensor("image=FP32[-1,3,8]");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->name, "image");
  EXPECT_EQ(tensor->datatype, "FP32");
  EXPECT_THAT(tensor->shape, ElementsAre(-1, 3, 8));
  for (const char* const text :
       {"image", "image=FP32", "=FP32[1]", "a=[1]", "a=FP32[]", "a=FP32[0]", "a=fp[1]", "a\"=FP32[1]"}) {
    EXPECT_FALSE(ReadTypedTensor(text)) << text;
  }
}

}  // namespace
}  // namespace neso
