// What TLS clients of an HTTP and of a gRPC server see, good ones and bad ones.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "net/grpc_server.h"
#include "tls/tls_test_util.h"

namespace neso::tls {
namespace {

using net::HttpExchangeRef;
using net::HttpResponse;
using net::HttpServerOptions;
using net::TestClient;
using net::TestServer;
using net::TlsCredentials;
using net::TlsSettings;

bool Soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return condition();
}

class NoCalls final : public net::GrpcHandler {
 public:
  net::GrpcReceiverRef OnCall(net::GrpcCallRef) override { return nullptr; }
};

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() : root_(MakeIdentity("root")), server_identity_(MakeIdentity("server", &root_)) {
    folder_.Write("root", root_);
    folder_.Write("server", server_identity_);
  }

  TlsSettings Settings(bool mutual = false) const {
    return {.certificate_file = folder_.File("server.crt"),
            .key_file = folder_.File("server.key"),
            .client_roots_file = mutual ? folder_.File("root.crt") : ""};
  }
  std::shared_ptr<TlsCredentials> Credentials(const TlsSettings& settings) {
    auto loaded = TlsCredentials::Load("test", settings, OpensslContext::Make, clock_);
    EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
    return *loaded;
  }
  HttpServerOptions Options(bool mutual = false) { return {.tls = Credentials(Settings(mutual))}; }

  TestTlsClient::Options Trusting() const { return {.trusted = root_.certificate.get()}; }
  TestTlsClient::Options Showing(const Identity& identity) const {
    return {.trusted = root_.certificate.get(), .identity = &identity};
  }

  PemFolder folder_;
  ManualClock clock_;
  Identity root_;
  Identity server_identity_;
};

// --- Handshakes ---------------------------------------------------------------------------------------------------

TEST_F(TlsServerTest, AnswersInTls12And13AndRefusesOlder) {
  TestServer server(Options());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto options = Trusting();
    options.version = version;
    TestTlsClient client(server.port(), options);
    EXPECT_EQ(client.Connect(), "");
    EXPECT_EQ(client.Get("/a"), "GET /a 0");
    EXPECT_EQ(client.Get("/b"), "GET /b 0");
    EXPECT_EQ(client.ServerName(), "server");
  }
  auto options = Trusting();
  options.version = TLS1_1_VERSION;
  EXPECT_EQ(TestTlsClient(server.port(), options).Connect(), "tlsv1 alert protocol version");
}

TEST_F(TlsServerTest, TheProtocolIsChosenByAlpn) {
  TestServer server(Options());
  struct Case {
    std::string offered, chosen, failure;
  };
  const Case cases[] = {{"\x02h2\x08http/1.1", "h2", ""},
                        {"\x08http/1.1\x02h2", "h2", ""},
                        {"\x08http/1.1", "http/1.1", ""},
                        {"", "", ""},
                        {"\x03h9z", "", "tlsv1 alert no application protocol"}};
  for (const Case& c : cases) {
    auto options = Trusting();
    options.protocols = c.offered;
    TestTlsClient client(server.port(), options);
    EXPECT_EQ(client.Connect(), c.failure) << c.offered;
    EXPECT_EQ(client.Protocol(), c.chosen) << c.offered;
    if (c.chosen != "h2" && c.failure.empty()) {
      EXPECT_EQ(client.Get("/"), "GET / 0");
    }
  }
}

constexpr std::string_view kHttp2Greeting("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
constexpr char kSettingsFrame = 4;

TEST_F(TlsServerTest, SpeaksHttp2OnThePortForHttp) {
  TestServer server(Options());
  auto options = Trusting();
  options.protocols = "\x02h2";
  TestTlsClient client(server.port(), options);
  ASSERT_EQ(client.Connect(), "");
  client.Send(kHttp2Greeting);
  while (client.received().size() < 9 && client.Receive()) {
  }
  ASSERT_GE(client.received().size(), 9u);
  EXPECT_EQ(client.received()[3], kSettingsFrame);
}

TEST_F(TlsServerTest, APortForGrpcDemandsHttp2) {
  Executor executor("test-exec", 2);
  net::ReactorPool reactors(executor, {.groups = 1});
  NoCalls handler;
  TlsSettings settings = Settings();
  settings.protocols = TlsSettings::Protocols::kGrpc;
  auto started = net::GrpcServer::Start(reactors, handler, {.address = "127.0.0.1", .tls = Credentials(settings)});
  ASSERT_TRUE(started.ok());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto options = Trusting();
    options.version = version;
    for (const char* offered : {"", "\x08http/1.1"}) {
      options.protocols = offered;
      EXPECT_EQ(TestTlsClient((*started)->port(), options).Connect(), "tlsv1 alert no application protocol");
    }
    options.protocols = "\x02h2";
    TestTlsClient client((*started)->port(), options);
    EXPECT_EQ(client.Connect(), "");
    EXPECT_EQ(client.Protocol(), "h2");
    client.Send(kHttp2Greeting);
    while (client.received().size() < 9 && client.Receive()) {
    }
    ASSERT_GE(client.received().size(), 9u);
    EXPECT_EQ(client.received()[3], kSettingsFrame);
  }
}

TEST_F(TlsServerTest, SessionsAreResumed) {
  TestServer server(Options());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto options = Trusting();
    options.version = version;
    TestTlsClient first(server.port(), options);
    ASSERT_EQ(first.Connect(), "");
    EXPECT_EQ(first.Get("/"), "GET / 0");  // tickets come with the first answer
    const OwnedSession session(SSL_get1_session(first.ssl()));
    options.session = session.get();
    TestTlsClient second(server.port(), options);
    ASSERT_EQ(second.Connect(), "");
    EXPECT_EQ(second.Get("/"), "GET / 0");
    EXPECT_EQ(SSL_session_reused(second.ssl()), 1) << version;
    EXPECT_EQ(SSL_session_reused(first.ssl()), 0) << version;
  }
}

TEST_F(TlsServerTest, RenegotiationIsRefusedAndNewKeysAreTaken) {
  TestServer server(Options());
  auto options = Trusting();
  options.version = TLS1_2_VERSION;
  TestTlsClient old(server.port(), options);
  ASSERT_EQ(old.Connect(), "");
  EXPECT_EQ(SSL_renegotiate(old.ssl()), 1);
  EXPECT_NE(SSL_do_handshake(old.ssl()), 1);

  options.version = TLS1_3_VERSION;
  TestTlsClient client(server.port(), options);
  ASSERT_EQ(client.Connect(), "");
  for (int i = 0; i < 5; i++) {
    EXPECT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(client.Get("/" + std::to_string(i)), "GET /" + std::to_string(i) + " 0");
  }
}

// --- Client certificates ------------------------------------------------------------------------------------------

TEST_F(TlsServerTest, AClientHasToShowACertificateOfTheRoot) {
  TestServer server(Options(true));
  const Identity stranger_root = MakeIdentity("another root");
  const Identity good = MakeIdentity("client", &root_);
  const Identity stranger = MakeIdentity("client", &stranger_root);
  const Identity expired = MakeIdentity("client", &root_, 60);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    // In TLS 1.3 the client is done before the server has looked: it learns of the refusal with the first answer.
    const auto outcome = [&](TestTlsClient::Options options) {
      options.version = version;
      TestTlsClient client(server.port(), options);
      std::string failure = client.Connect();
      if (!failure.empty()) return failure;
      client.Send("GET / HTTP/1.1\r\n\r\n");
      const std::string body = client.ReadBody();
      return client.end().empty() ? body : client.end();
    };
    EXPECT_EQ(outcome(Showing(good)), "GET / 0");
    EXPECT_EQ(outcome(Trusting()),
              version == TLS1_2_VERSION ? "sslv3 alert handshake failure" : "tlsv13 alert certificate required");
    EXPECT_EQ(outcome(Showing(stranger)), "tlsv1 alert unknown ca");
    EXPECT_EQ(outcome(Showing(expired)), "sslv3 alert certificate expired");
  }
}

TEST_F(TlsServerTest, AResumedSessionKeepsTheClientsCertificate) {
  TestServer server(Options(true));
  const Identity good = MakeIdentity("client", &root_);
  auto options = Showing(good);
  TestTlsClient first(server.port(), options);
  ASSERT_EQ(first.Connect(), "");
  EXPECT_EQ(first.Get("/"), "GET / 0");
  const OwnedSession session(SSL_get1_session(first.ssl()));
  options.session = session.get();
  TestTlsClient second(server.port(), options);
  ASSERT_EQ(second.Connect(), "");
  EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
  EXPECT_EQ(second.Get("/"), "GET / 0");
}

// --- Peers that do not shake hands ----------------------------------------------------------------------------------

TEST_F(TlsServerTest, PlainTextAndGarbageAreAnsweredWithAnAlertAndTheEnd) {
  TestServer server(Options());
  std::mt19937 random(17);
  std::vector<std::string> inputs = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", std::string(kHttp2Greeting),
                                     std::string(5, '\xff'), std::string(100'000, '\0')};
  for (int i = 0; i < 50; i++) {
    std::string noise(random() % 3000 + 5, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    if (i % 2 == 0) noise.replace(0, 3, "\x16\x03\x01");  // it looks like a handshake
    inputs.push_back(noise);
  }
  for (const std::string& input : inputs) {
    TestClient client(server.port());
    client.Send(input);
    client.FinishSending();
    const std::string answer = client.ReadAll();
    EXPECT_LE(answer.size(), 7u);  // an alert, or nothing
    if (!answer.empty()) {
      EXPECT_EQ(answer[0], '\x15');
    }
  }
  TestTlsClient client(server.port(), Trusting());
  EXPECT_EQ(client.Connect(), "");
  EXPECT_EQ(client.Get("/"), "GET / 0");
  EXPECT_TRUE(Soon([&] { return server.server().ConnectionCount() == 1; }));
}

// The client's first message.
std::string ClientHello() {
  const std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  const std::unique_ptr<SSL, Freer<SSL_free>> ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_connect(ssl.get());
  char bytes[4096];
  const int size = BIO_read(SSL_get_wbio(ssl.get()), bytes, sizeof bytes);
  return {bytes, static_cast<size_t>(size)};
}

TEST_F(TlsServerTest, ACutHandshakeLeavesNothingBehind) {
  TestServer server(Options());
  const std::string hello = ClientHello();
  for (size_t size = 0; size <= hello.size(); size += 13) {
    TestClient client(server.port());
    client.Send(std::string_view(hello).substr(0, size));
    if (size % 2 == 0) client.Reset();
  }
  EXPECT_TRUE(Soon([&] { return server.server().ConnectionCount() == 0; }));
}

TEST_F(TlsServerTest, AHandshakeHasATimeLimit) {
  HttpServerOptions options = Options();
  options.limits.head_timeout = std::chrono::milliseconds(50);
  TestServer server(options);
  TestClient silent(server.port());
  EXPECT_EQ(silent.ReadAll(), "");
  TestClient halting(server.port());
  halting.Send(ClientHello());
  const std::string answer = halting.ReadAll();  // the server's part, and then the end
  EXPECT_EQ(answer.substr(0, 1), "\x16");
  EXPECT_EQ(server.server().ConnectionCount(), 0u);
}

TEST_F(TlsServerTest, AHandshakeThatComesByteByByteSucceeds) {
  TestServer server(Options());
  TestClient client(server.port());
  const std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  const std::unique_ptr<SSL, Freer<SSL_free>> ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  const auto send_single_bytes = [&] {
    char byte;
    while (BIO_read(SSL_get_wbio(ssl.get()), &byte, 1) == 1) client.Send({&byte, 1});
  };
  while (SSL_connect(ssl.get()) != 1) {
    send_single_bytes();
    ASSERT_TRUE(client.Receive());
    const std::string received = client.TakeReceived();
    BIO_write(SSL_get_rbio(ssl.get()), received.data(), static_cast<int>(received.size()));
  }
  SSL_write(ssl.get(), "GET /slow HTTP/1.1\r\n\r\n", 22);
  send_single_bytes();
  std::string answer;
  while (!answer.ends_with("GET /slow 0")) {
    ASSERT_TRUE(client.Receive());
    const std::string received = client.TakeReceived();
    BIO_write(SSL_get_rbio(ssl.get()), received.data(), static_cast<int>(received.size()));
    char bytes[4096];
    for (int size; (size = SSL_read(ssl.get(), bytes, sizeof bytes)) > 0;)
      answer.append(bytes, static_cast<size_t>(size));
  }
}

TEST_F(TlsServerTest, ADrainingServerDoesNotWaitForHandshakes) {
  TestServer server(Options());
  TestClient silent(server.port());
  TestTlsClient idle(server.port(), Trusting());
  ASSERT_EQ(idle.Connect(), "");
  EXPECT_EQ(idle.Get("/"), "GET / 0");
  EXPECT_TRUE(Soon([&] { return server.server().ConnectionCount() == 2; }));
  server.server().BeginDrain(nullptr);
  EXPECT_EQ(silent.ReadAll(), "");
  server.server().EndIdleConnections();
  EXPECT_FALSE(idle.Receive());
  EXPECT_EQ(idle.end(), "close_notify");
}

// --- Requests and answers -------------------------------------------------------------------------------------------

TEST_F(TlsServerTest, AnEndWithoutGoodbyeEndsTheConnection) {
  TestServer server(Options());
  {
    TestTlsClient client(server.port(), Trusting());
    ASSERT_EQ(client.Connect(), "");
    EXPECT_EQ(client.Get("/"), "GET / 0");
    client.socket().FinishSending();
    EXPECT_FALSE(client.Receive());
    EXPECT_EQ(client.end(), "close_notify");
  }
  {
    TestTlsClient client(server.port(), Trusting());
    ASSERT_EQ(client.Connect(), "");
    client.Send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf of");
    client.socket().Reset();
  }
  EXPECT_TRUE(Soon([&] { return server.server().ConnectionCount() == 0; }));
}

TEST_F(TlsServerTest, AnAnswerThatClosesEndsWithGoodbye) {
  TestServer server(Options());
  TestTlsClient client(server.port(), Trusting());
  ASSERT_EQ(client.Connect(), "");
  client.Send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReadBody(), "GET / 0");
  EXPECT_FALSE(client.Receive());
  EXPECT_EQ(client.end(), "close_notify");
  // A refusal, while the client goes on sending.
  TestTlsClient refused(server.port(), Trusting());
  ASSERT_EQ(refused.Connect(), "");
  refused.Send("no request\r\n\r\n" + std::string(500'000, 'x'));
  EXPECT_NE(refused.ReadBody().find("error"), std::string::npos);
}

// Answers with the body in odd parts.
void Echo(HttpExchangeRef exchange) {
  HttpResponse response;
  const size_t size = exchange->body() ? exchange->body()->size() : 0;
  const char* data = exchange->body() ? exchange->body()->data() : nullptr;
  response.body = "[";
  for (size_t from = 0, step = 1; from < size; from += step, step = step * 7 + 1) {
    step = std::min(step, size - from);
    response.parts.push_back({data + from, step});
  }
  response.release = exchange;
  exchange->Respond(std::move(response));
}

std::string Pattern(size_t size) {
  std::string body(size, '\0');
  for (size_t i = 0; i < size; i++) body[i] = static_cast<char>(i * 31 + i / 977);
  return body;
}

TEST_F(TlsServerTest, BodiesOfAllSizesSurviveTheRoundTrip) {
  TestServer server(Options());
  server.handler().on_request = Echo;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto options = Trusting();
    options.version = version;
    TestTlsClient client(server.port(), options);
    ASSERT_EQ(client.Connect(), "");
    for (const size_t size : {1u, 3000u, 16'383u, 16'384u, 16'385u, 40'000u, 602'112u, 9'000'001u}) {
      const std::string body = Pattern(size);
      ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body));
      EXPECT_TRUE(client.ReadBody() == "[" + body) << size;
    }
  }
}

TEST_F(TlsServerTest, PipelinedRequestsInOneRecordAreAllAnswered) {
  TestServer server(Options());
  TestTlsClient client(server.port(), Trusting());
  ASSERT_EQ(client.Connect(), "");
  std::string requests;
  for (int i = 0; i < 300; i++) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
  client.Send(requests);
  for (int i = 0; i < 300; i++) EXPECT_EQ(client.ReadBody(), "GET /" + std::to_string(i) + " 0");
}

TEST_F(TlsServerTest, AnAnswerWaitsForAClientThatDoesNotRead) {
  TestServer server(Options());
  server.handler().on_request = Echo;
  auto options = Trusting();
  options.receive_buffer = 4096;
  TestTlsClient client(server.port(), options);
  ASSERT_EQ(client.Connect(), "");
  // Far more than the sockets hold: the server has to stop and go on many times.
  const std::string body = Pattern(5'000'000);
  for (int round = 0; round < 3; round++) {
    ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    EXPECT_TRUE(client.ReadBody() == "[" + body);
  }
}

TEST_F(TlsServerTest, AStreamOfChunksWaitsForItsClient) {
  TestServer server(Options());
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    server.Post([exchange] {
      exchange->StartStream({});
      for (size_t i = 0; i < 2000; i++) exchange->Write(std::string(i % 900, 'z'));
      exchange->Finish();
    });
  };
  auto options = Trusting();
  options.receive_buffer = 4096;
  TestTlsClient client(server.port(), options);
  ASSERT_EQ(client.Connect(), "");
  client.Send("GET / HTTP/1.1\r\n\r\n");
  while (!client.received().ends_with("\r\n0\r\n\r\n") && client.Receive()) {
  }
  size_t sent = 0;
  for (size_t i = 0; i < 2000; i++) sent += i % 900;
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(client.received(), 'z')), sent);
}

TEST_F(TlsServerTest, ManyConnectionsAtOnce) {
  TestServer server(Options(), {.groups = 2});
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; t++) {
    threads.emplace_back([&, t] {
      std::vector<std::unique_ptr<TestTlsClient>> clients;
      for (int i = 0; i < 20; i++) {
        clients.push_back(std::make_unique<TestTlsClient>(server.port(), Trusting()));
        EXPECT_EQ(clients.back()->Connect(), "");
      }
      for (int round = 0; round < 5; round++) {
        const std::string path = "/" + std::to_string(t) + "." + std::to_string(round);
        for (const auto& client : clients) client->Send("GET " + path + " HTTP/1.1\r\n\r\n");
        for (const auto& client : clients) good += client->ReadBody() == "GET " + path + " 0";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8 * 20 * 5);
  EXPECT_TRUE(Soon([&] { return server.server().ConnectionCount() == 0; }));
}

// --- Changed certificates -------------------------------------------------------------------------------------------

TEST_F(TlsServerTest, NewConnectionsGetAChangedCertificateAndOpenOnesGoOn) {
  TestServer server(Options());
  const auto name_seen = [&] {
    TestTlsClient client(server.port(), Trusting());
    EXPECT_EQ(client.Connect(), "");
    return client.ServerName();
  };
  TestTlsClient open(server.port(), Trusting());
  ASSERT_EQ(open.Connect(), "");
  folder_.Write("server", MakeIdentity("second", &root_));
  EXPECT_EQ(name_seen(), "server");  // it is not yet time to look
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(name_seen(), "second");
  EXPECT_EQ(open.Get("/"), "GET / 0");

  folder_.Put("server.crt", [](FILE* file) { std::fputs("nonsense", file); });
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(name_seen(), "second");
  folder_.Write("server", MakeIdentity("third", &root_));
  clock_.Advance(TlsCredentials::kLookEvery);
  EXPECT_EQ(name_seen(), "third");
  EXPECT_EQ(open.Get("/"), "GET / 0");
}

}  // namespace
}  // namespace neso::tls
