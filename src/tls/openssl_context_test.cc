// Which files make a context, and what is said about those that do not.
#include "tls/openssl_context.h"

#include <unistd.h>

#include "tls/tls_test_util.h"

namespace neso::tls {
namespace {

class OpensslContextTest : public ::testing::Test {
 protected:
  OpensslContextTest() {
    const Identity root = MakeIdentity("root");
    folder_.Write("root", root);
    folder_.Write("server", MakeIdentity("server", &root));
    folder_.Put("empty", [](FILE*) {});
    folder_.Put("text", [](FILE* file) { std::fputs("no PEM\n", file); });
  }
  // The error's text, with the folder left out.
  std::string Refusal(const std::string& certificate, const std::string& key, const std::string& roots = {}) const {
    const auto made = OpensslContext::Make({.certificate_file = folder_.File(certificate),
                                            .key_file = folder_.File(key),
                                            .client_roots_file = roots.empty() ? "" : folder_.File(roots)});
    if (made) return {};
    EXPECT_EQ(made.error().code(), StatusCode::kInvalidArg);
    std::string text = made.error().message();
    const std::string folder = folder_.File("");
    if (const size_t at = text.find(folder); at != std::string::npos) text.erase(at, folder.size());
    return text;
  }

  PemFolder folder_;
};

TEST_F(OpensslContextTest, TakesAPairWithAndWithoutRoots) {
  EXPECT_EQ(Refusal("server.crt", "server.key"), "");
  EXPECT_EQ(Refusal("server.crt", "server.key", "root.crt"), "");
}

TEST_F(OpensslContextTest, SaysWhichFileIsWrongAndWhy) {
  EXPECT_EQ(Refusal("none", "server.key"), "cannot use 'none' as the server's certificate: No such file or directory");
  EXPECT_EQ(Refusal("empty", "server.key"), "cannot use 'empty' as the server's certificate: no start line");
  EXPECT_EQ(Refusal("text", "server.key"), "cannot use 'text' as the server's certificate: no start line");
  EXPECT_EQ(Refusal("server.crt", "none"),
            "cannot use 'none' as the key of the server's certificate: No such file or directory");
  EXPECT_EQ(Refusal("server.crt", "root.key"),
            "cannot use 'root.key' as the key of the server's certificate: key values mismatch");
  EXPECT_EQ(Refusal("server.crt", "server.key", "none"),
            "cannot use 'none' as root certificates: No such file or directory");
  EXPECT_EQ(Refusal("server.crt", "server.key", "text"),
            "cannot use 'text' as root certificates: no certificate or crl found");
}

TEST_F(OpensslContextTest, AnEncryptedKeyIsRefusedWithoutAskingForThePassword) {
  const Identity server = MakeIdentity("server");
  folder_.Write("locked", server);
  folder_.Put("locked.key", [&](FILE* file) {
    PEM_write_PrivateKey(file, server.key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, const_cast<char*>("secret"));
  });
  EXPECT_NE(Refusal("locked.crt", "locked.key").find("cannot use 'locked.key'"), std::string::npos);
}

}  // namespace
}  // namespace neso::tls
