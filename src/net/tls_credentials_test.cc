// When files are looked at again and what comes of it, with a TLS that is none.
#include "net/tls_credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/test_folder.h"

namespace neso::net {
namespace {

// Tells which certificate a connection got.
class FakeTls final : public TlsTransport {
 public:
  explicit FakeTls(std::string certificate) : certificate_(std::move(certificate)) {}
  Handshake Shake() override { return Handshake::kDone; }
  std::string failure() const override { return certificate_; }
  IoResult Read(std::span<iovec>) override { return {}; }
  IoResult Write(std::span<iovec>) override { return {}; }
  void FinishWriting() override {}
  void Abort() override {}

 private:
  const std::string certificate_;
};

class FakeContext final : public TlsContext {
 public:
  explicit FakeContext(std::string certificate) : certificate_(std::move(certificate)) {}
  std::unique_ptr<TlsTransport> Accept(Transport&) const override { return std::make_unique<FakeTls>(certificate_); }

 private:
  const std::string certificate_;
};

class TlsCredentialsTest : public ::testing::Test {
 protected:
  TlsCredentialsTest() : socket_(-1, load_) {
    settings_ = {.certificate_file = folder_ / "crt", .key_file = folder_ / "key", .client_roots_file = {}};
    Put("crt", "first");
    Put("key", "k");
  }

  void Put(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  // A file of the text "bad" cannot be used.
  Expected<std::shared_ptr<TlsCredentials>> Load() {
    const auto make = [this](const TlsSettings& settings) -> Expected<std::unique_ptr<TlsContext>> {
      reads_++;
      std::ifstream file(settings.certificate_file);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text == "bad") return InvalidArg("it is bad");
      return std::unique_ptr<TlsContext>(std::make_unique<FakeContext>(text));
    };
    return TlsCredentials::Load("test", settings_, make, clock_);
  }
  std::string Shown(TlsCredentials& credentials) { return credentials.Accept(socket_)->failure(); }

  const TestFolder made_;
  const std::filesystem::path folder_ = made_.path();
  TlsSettings settings_;
  ManualClock clock_;
  ServerLoad load_;
  SocketTransport socket_;
  int reads_ = 0;
};

TEST_F(TlsCredentialsTest, BadFilesAreAnErrorAtFirst) {
  Put("crt", "bad");
  const auto loaded = Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().message(), "it is bad");
}

TEST_F(TlsCredentialsTest, UnchangedFilesAreNotReadAgain) {
  auto credentials = *Load();
  for (int i = 0; i < 10; i++) {
    clock_.Advance(TlsCredentials::kLookEvery);
    EXPECT_EQ(Shown(*credentials), "first");
  }
  EXPECT_EQ(reads_, 1);
}

TEST_F(TlsCredentialsTest, AChangeIsSeenAtTheNextLook) {
  auto credentials = *Load();
  Put("crt", "the second");
  EXPECT_EQ(Shown(*credentials), "first");
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(Shown(*credentials), "the second");
  EXPECT_EQ(Shown(*credentials), "the second");
  EXPECT_EQ(reads_, 2);
  Put("key", "another");
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(Shown(*credentials), "the second");
  EXPECT_EQ(reads_, 3);
}

TEST_F(TlsCredentialsTest, WhatCannotBeUsedIsTriedOnceAndChangesNothing) {
  auto credentials = *Load();
  Put("crt", "bad");
  for (int i = 0; i < 5; i++) {
    clock_.Advance(TlsCredentials::kLookEvery);
    EXPECT_EQ(Shown(*credentials), "first");
  }
  EXPECT_EQ(reads_, 2);
  std::filesystem::remove(folder_ / "crt");
  Put("crt", "good");
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(Shown(*credentials), "good");
}

// Kubernetes and certbot put a link to a new folder in place.
TEST_F(TlsCredentialsTest, ALinkThatLeadsElsewhereIsAChange) {
  std::filesystem::create_directory(folder_ / "one");
  std::filesystem::create_directory(folder_ / "two");
  Put("one/crt", "1");
  Put("two/crt", "2");
  std::filesystem::create_directory_symlink("one", folder_ / "data");
  settings_.certificate_file = folder_ / "data" / "crt";
  auto credentials = *Load();
  EXPECT_EQ(Shown(*credentials), "1");
  std::filesystem::create_directory_symlink("two", folder_ / "new");
  std::filesystem::rename(folder_ / "new", folder_ / "data");
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(Shown(*credentials), "2");
}

}  // namespace
}  // namespace neso::net
