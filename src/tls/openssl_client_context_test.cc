// What a client of ours makes of servers, good ones and bad ones.
#include "tls/openssl_client_context.h"

#include <poll.h>

#include "tls/tls_test_util.h"

namespace neso::tls {
namespace {

using net::TlsClientContext;
using net::TlsClientSettings;
using net::TlsTransport;

class TlsClientTest : public ::testing::Test {
 protected:
  TlsClientTest() : root_(MakeIdentity("root")), stranger_(MakeIdentity("stranger")) {
    folder_.Write("root", root_);
    folder_.Write("stranger", stranger_);
    folder_.Write("server", MakeIdentity("server", &root_));
    folder_.Write("client", MakeIdentity("client", &root_));
  }

  // "", or why the handshake has failed.
  std::string Connect(const TlsClientSettings& settings, const std::string& host = "server", bool is_mutual = false,
                      TlsClientContext::Protocol protocol = TlsClientContext::Protocol::kHttp1) {
    const net::TlsSettings shown{.certificate_file = folder_.File("server.crt"),
                                 .key_file = folder_.File("server.key"),
                                 .client_roots_file = is_mutual ? folder_.File("root.crt") : ""};
    auto credentials = net::TlsCredentials::Load("test", shown, OpensslContext::Make, clock_);
    EXPECT_TRUE(credentials.ok());
    net::TestServer server({.tls = *credentials});
    const auto context = OpensslClientContext::Make(settings);
    if (!context) return context.error().message();
    net::TestClient client(server.port());
    net::ServerLoad load;
    net::SocketTransport socket(dup(client.fd()), load);
    const auto tls = (*context)->Connect(socket, host, protocol);
    TlsTransport::Handshake state = tls->Shake();
    for (; state == TlsTransport::Handshake::kWaiting; state = tls->Shake()) {
      pollfd wait{client.fd(), POLLIN, 0};
      if (poll(&wait, 1, 20'000) <= 0) return "no answer";
    }
    if (state == TlsTransport::Handshake::kFailed) return tls->failure();
    return protocol == TlsClientContext::Protocol::kHttp1 ? Get(*tls, client.fd()) : "";
  }

  // A client that is refused hears of it with the first answer.
  static std::string Get(TlsTransport& tls, int fd) {
    std::string request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    iovec sent{request.data(), request.size()};
    EXPECT_EQ(tls.Write({&sent, 1}).bytes, request.size());
    char bytes[4096];
    iovec piece{bytes, sizeof(bytes)};
    net::IoResult result = tls.Read({&piece, 1});
    for (; result.state == net::IoResult::State::kWouldBlock; result = tls.Read({&piece, 1})) {
      pollfd wait{fd, POLLIN, 0};
      if (poll(&wait, 1, 20'000) <= 0) return "no answer";
    }
    const std::string_view answer(bytes, result.bytes);
    return answer.starts_with("HTTP/1.1 200") ? "" : "refused";
  }

  TlsClientSettings Trusting() const {
    TlsClientSettings settings;
    settings.roots_file = folder_.File("root.crt");
    return settings;
  }

  PemFolder folder_;
  ManualClock clock_;
  Identity root_, stranger_;
};

TEST_F(TlsClientTest, AServerThatIsTrustedIsSpokenTo) {
  EXPECT_EQ(Connect(Trusting()), "");
  EXPECT_EQ(Connect(Trusting(), "server", false, TlsClientContext::Protocol::kHttp2), "");
}

TEST_F(TlsClientTest, AStrangerIsNot) {
  TlsClientSettings settings;
  settings.roots_file = folder_.File("stranger.crt");
  EXPECT_NE(Connect(settings).find("certificate"), std::string::npos);
  settings.verifies_server = false;
  EXPECT_EQ(Connect(settings), "");
}

TEST_F(TlsClientTest, NorIsOneOfAnotherName) {
  EXPECT_EQ(Connect(Trusting(), "other"), "hostname mismatch");
  EXPECT_EQ(Connect(Trusting(), "127.0.0.1"), "IP address mismatch");
  TlsClientSettings settings = Trusting();
  settings.verifies_host = false;
  EXPECT_EQ(Connect(settings, "other"), "");
  EXPECT_EQ(Connect(settings, "127.0.0.1"), "");
}

TEST_F(TlsClientTest, AClientShowsItsCertificate) {
  EXPECT_EQ(Connect(Trusting(), "server", true), "refused");
  TlsClientSettings settings = Trusting();
  settings.certificate_file = folder_.File("client.crt");
  settings.key_file = folder_.File("client.key");
  EXPECT_EQ(Connect(settings, "server", true), "");

  const Identity own = MakeIdentity("client", &root_);
  folder_.Put("own.crt", [&](FILE* file) { i2d_X509_fp(file, own.certificate.get()); });
  folder_.Put("own.key", [&](FILE* file) { i2d_PrivateKey_fp(file, own.key.get()); });
  settings.certificate_file = folder_.File("own.crt");
  settings.key_file = folder_.File("own.key");
  settings.certificate_format = settings.key_format = TlsClientSettings::Format::kDer;
  EXPECT_EQ(Connect(settings, "server", true), "");
}

TEST_F(TlsClientTest, FilesThatCannotBeUsedAreNamed) {
  TlsClientSettings settings;
  settings.roots_file = folder_.File("none");
  EXPECT_TRUE(Connect(settings).starts_with("cannot use '" + folder_.File("none") + "' as root certificates: "));
  settings = Trusting();
  settings.certificate_file = folder_.File("client.crt");
  EXPECT_EQ(Connect(settings),
            "a client that shows a certificate needs its key, too: expected both, got only the certificate");
  settings.key_file = folder_.File("server.key");
  EXPECT_TRUE(Connect(settings).starts_with("cannot use '" + folder_.File("server.key") + "' as the key of"));
  settings.certificate_file = folder_.File("client.key");
  EXPECT_TRUE(Connect(settings).starts_with("cannot use '" + folder_.File("client.key") + "' as the client's"));
}

}  // namespace
}  // namespace neso::tls
