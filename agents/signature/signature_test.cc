#include "signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "folder.h"

namespace neso::signature {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SignatureTest : public ::testing::Test {
 protected:
  SignatureTest() : root_(MakeFolder()), model_(root_ / "digits") {
    Write("config.pbtxt", "backend: \"identity\"\n");
    Write("1/model.onnx", "weights");
    fs::create_directories(model_ / "2");
  }
  ~SignatureTest() override { fs::remove_all(root_); }

  static fs::path MakeFolder() {
    std::string pattern = (fs::temp_directory_path() / "neso-signature-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  static Key NewKey() { return std::move(*MakeKey()); }

  void Write(const std::string& file, const std::string& contents) const {
    fs::create_directories((model_ / file).parent_path());
    std::ofstream(model_ / file) << contents;
  }
  std::string Read(const std::string& file) const {
    std::stringstream text;
    text << std::ifstream(model_ / file).rdbuf();
    return text.str();
  }
  void Sign() {
    const Status status = SignFolder(model_, keys_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  // What is wrong with the model; "" if nothing is.
  std::string Wrong(const std::string* copy = nullptr) const {
    const Result<std::string> signer = VerifyFolder(model_, keys_, copy);
    return std::string(signer.status().message());
  }

  const fs::path root_;
  const fs::path model_;
  std::vector<Key> keys_ = OneKey();

 private:
  static std::vector<Key> OneKey() {
    std::vector<Key> keys;
    keys.push_back(NewKey());
    return keys;
  }
};

TEST_F(SignatureTest, AFolderThatStandsStillIsAsItWasSigned) {
  Sign();
  EXPECT_EQ(Wrong(), "");
  EXPECT_THAT(Read(kSignatureFile),
              ::testing::MatchesRegex("neso model signature 1\nmodel digits\nfolder 1\n"
                                      "file [0-9a-f]+ 7 1/model.onnx\nfolder 2\n"
                                      "file [0-9a-f]+ 20 config.pbtxt\nsignature [0-9a-f]+ .+\n"));
}

TEST_F(SignatureTest, EveryChangeIsNamed) {
  Sign();
  const std::string start = "model 'digits' is not what was signed: ";
  Write("1/model.onnx", "Weights");
  EXPECT_EQ(Wrong(), start + "'1/model.onnx' has other contents");
  Write("1/model.onnx", "more weights");
  EXPECT_EQ(Wrong(), start + "'1/model.onnx' has another size, 12 bytes");
  fs::remove(model_ / "1/model.onnx");
  EXPECT_EQ(Wrong(), start + "'1/model.onnx' is missing");
  fs::create_directory(model_ / "1/model.onnx");
  EXPECT_EQ(Wrong(), start + "'1/model.onnx' was a file");
  fs::remove(model_ / "1/model.onnx");
  Write("1/model.onnx", "weights");
  EXPECT_EQ(Wrong(), "");

  Write("1/.hidden", "");
  EXPECT_EQ(Wrong(), start + "'1/.hidden' was added");
  fs::remove(model_ / "1/.hidden");
  fs::create_directory(model_ / "3");
  EXPECT_EQ(Wrong(), start + "'3' was added");
  fs::remove(model_ / "3");
  fs::remove(model_ / "2");
  EXPECT_EQ(Wrong(), start + "'2' is missing");
  Write("2", "");
  EXPECT_EQ(Wrong(), start + "'2' was a folder");
  fs::remove(model_ / "2");
  fs::create_directory(model_ / "2");
  Write("config.pbtxt", "backend: \"identitY\"\n");
  EXPECT_EQ(Wrong(), start + "'config.pbtxt' has other contents");
}

TEST_F(SignatureTest, AnotherModelOfTheSameSignerDoesNotStandInForThisOne) {
  Sign();
  fs::rename(model_, root_ / "letters");
  const Result<std::string> signer = VerifyFolder(root_ / "letters", keys_, nullptr);
  EXPECT_EQ(signer.status().message(), "model 'letters' was signed under another name: 'model digits'");
}

TEST_F(SignatureTest, OnlyTrustedKeysCount) {
  EXPECT_EQ(Wrong(), "model 'digits' is not signed: it has no model.signature (neso sign makes one)");
  Sign();
  std::vector<Key> others;
  others.push_back(NewKey());
  EXPECT_EQ(VerifyFolder(model_, others, nullptr).status().message(),
            "model 'digits' is signed by key " + *keys_[0].Id() + ", which is not trusted here");
  // One that several have signed is good with one of them.
  keys_.push_back(NewKey());
  Sign();
  others.clear();
  others.push_back(std::move(keys_[1]));
  EXPECT_TRUE(VerifyFolder(model_, others, nullptr).ok());
}

TEST_F(SignatureTest, AForgedSignatureFileIsRefused) {
  Sign();
  const std::string was = Read(kSignatureFile);
  // Whoever changes what was signed cannot sign it.
  Write("1/model.onnx", "Weights");
  Write(kSignatureFile, [&] {
    const size_t digest = was.find("file ") + 5;
    std::string text = was;
    return text.replace(digest, 64, *DigestOf(model_ / "1/model.onnx", nullptr));
  }());
  EXPECT_THAT(Wrong(), HasSubstr("the file was changed after it was signed"));
  const size_t signature = was.find("\nsignature ") + 1;
  for (const std::string& text :
       {std::string(), std::string("neso model signature 1\n"), was.substr(0, signature), was + "more\n",
        "neso model signature 2\n" + was, was.substr(0, signature) + "signature\n",
        was.substr(0, signature) + "signature x %%%%\n", was.substr(0, was.size() - 4)}) {
    Write(kSignatureFile, text);
    EXPECT_THAT(Wrong(), HasSubstr("its model.signature is none")) << text;
  }
  Write(kSignatureFile, was + was.substr(signature));
  Write("1/model.onnx", "weights");
  EXPECT_EQ(Wrong(), "");
}

TEST_F(SignatureTest, OddNamesAreToldApart) {
  for (const char* name : {"a b", "a\nb", "a%20b", "\xff\xfe", "-", "\xc3\xa9t\xc3\xa9"}) Write(name, name);
  Sign();
  EXPECT_EQ(Wrong(), "");
  fs::rename(model_ / "a b", model_ / "a  b");
  EXPECT_EQ(Wrong(), "model 'digits' is not what was signed: 'a  b' was added");
}

TEST_F(SignatureTest, LinksCountAsWhatTheyLeadTo) {
  std::ofstream(root_ / "blob") << "weights";
  fs::remove(model_ / "1/model.onnx");
  fs::create_symlink(root_ / "blob", model_ / "1/model.onnx");
  Sign();
  EXPECT_EQ(Wrong(), "");
  fs::remove(model_ / "1/model.onnx");
  Write("1/model.onnx", "weights");
  EXPECT_EQ(Wrong(), "");
  fs::create_directory_symlink(model_, model_ / "1/again");
  EXPECT_THAT(Wrong(), HasSubstr("links lead in a circle"));
  fs::remove(model_ / "1/again");
  fs::create_symlink("nowhere", model_ / "1/again");
  EXPECT_THAT(Wrong(), HasSubstr("1/again': No such file or directory"));
}

TEST_F(SignatureTest, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  Sign();
  ASSERT_EQ(mkfifo((model_ / "1/pipe").c_str(), 0600), 0);
  EXPECT_THAT(Wrong(), HasSubstr("is neither a file nor a folder"));
  EXPECT_THAT(SignFolder(model_, keys_).message(), HasSubstr("is neither a file nor a folder"));
  fs::remove(model_ / kSignatureFile);
  ASSERT_EQ(mkfifo((model_ / kSignatureFile).c_str(), 0600), 0);
  EXPECT_THAT(Wrong(), HasSubstr("is not a regular file"));
}

TEST_F(SignatureTest, TheCopyIsWhatWasSigned) {
  Sign();
  const std::string copy = (root_ / "copy").string();
  fs::create_directory(copy);
  EXPECT_EQ(Wrong(&copy), "");
  std::stringstream text;
  text << std::ifstream(copy + "/1/model.onnx").rdbuf();
  EXPECT_EQ(text.str(), "weights");
  EXPECT_TRUE(fs::is_directory(copy + "/2"));
}

TEST_F(SignatureTest, KeysAreReadAsTheyAreWritten) {
  const std::string path = (root_ / "key").string();
  ASSERT_TRUE(WriteNewFile(path, *keys_[0].PrivatePem(), 0600).ok());
  EXPECT_EQ(*ReadPrivateKey(path)->Id(), *keys_[0].Id());
  const std::string two = *keys_[0].PublicPem() + "# a comment\n" + *NewKey().PublicPem();
  ASSERT_TRUE(ReplaceFile(path, two, 0600).ok());
  EXPECT_EQ(ReadPublicKeys(path)->size(), 2U);
  EXPECT_FALSE(ReadPrivateKey(path).ok());
  ASSERT_TRUE(ReplaceFile(path, two + "-----BEGIN PUBLIC KEY-----\nbroken\n", 0600).ok());
  EXPECT_THAT(ReadPublicKeys(path).status().message(), HasSubstr("expected public Ed25519 keys"));
  EXPECT_EQ(ReadPublicKeys((root_ / "none").string()).status().code(), TRITONSERVER_ERROR_NOT_FOUND);
}

}  // namespace
}  // namespace neso::signature
