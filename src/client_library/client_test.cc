// Calls to real servers of ours: to one, to several, to some that fail.
#include "neso/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "client/early_server_test_util.h"
#include "client_library/client_test_util.h"

namespace neso {
namespace {

using net::HttpExchangeRef;
using net::HttpResponse;
using std::chrono::milliseconds;

HttpResponse Response(std::string body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

// As servers send tensors: the JSON's length in a header.
HttpResponse Response(const std::string& json, const std::string& tensors) {
  HttpResponse response = Response(json + tensors);
  response.headers.emplace_back("Inference-Header-Content-Length", std::to_string(json.size()));
  return response;
}

void AnswerWith(net::TestServer& server, int status, std::string body) {
  server.handler().on_request = [status, body](HttpExchangeRef exchange) { exchange->Respond(Response(body, status)); };
}

// What a model "a b" answers to any request: y = [7].
void Serve(net::TestServer& server, std::atomic<int>* requests = nullptr) {
  server.handler().on_request = [requests](HttpExchangeRef exchange) {
    if (requests != nullptr) ++*requests;
    const std::string json =
        R"({"model_name":"a b","model_version":"1","outputs":[{"name":"y","datatype":"INT8","shape":[1],)"
        R"("parameters":{"binary_data_size":1}}]})";
    exchange->Respond(Response(json, std::string("\x07")));
  };
}

TEST(ClientTest, AnAnswerThatComesBeforeTheRequestIsSentEndsTheConnection) {
  const std::string json = R"({"model_name":"a b","model_version":"1","outputs":[]})";
  client::EarlyServer server("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(json.size()) + "\r\n\r\n" + json,
                             2);
  {
    Client client = Connect({"127.0.0.1:" + std::to_string(server.port())}, {.connections_per_endpoint = 1});
    InferRequest request = Request();
    request.inputs.insert_or_assign("x", Tensor({30'000'000}, std::vector<int8_t>(30'000'000, 'b')));
    for (int i = 0; i < 2; ++i) {
      const Result<InferAnswer> answer = client.Infer(request).Get();
      ASSERT_TRUE(answer.ok()) << answer.error().message;
    }
  }
  for (const std::string& received : server.Received()) EXPECT_EQ(received.rfind("POST"), 0u);
}

TEST(ClientTest, SendsTensorsAndReadsThem) {
  net::TestServer server;
  std::string path, body;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    path = exchange->head().path;
    body = net::BodyText(*exchange);
    const std::string json =
        R"({"model_name":"m","model_version":"3","id":"i","outputs":[{"name":"y","datatype":"BYTES","shape":[1],)"
        R"("parameters":{"binary_data_size":6}}]})";
    exchange->Respond(Response(json, std::string("\2\0\0\0hi", 6)));
  };
  Client client = Connect({At(server)});
  InferRequest request = Request();
  request.version = "3";
  request.id = "i";
  request.outputs = {"y"};
  request.parameters = {{"flag", true}, {"name", "n"}, {"number", int64_t{5}}, {"ratio", 0.5}};
  const Result<InferAnswer> answer = client.Infer(request).Get();
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(path, "/v2/models/a%20b/versions/3/infer");
  EXPECT_EQ(body,
            R"({"id":"i","inputs":[{"name":"x","datatype":"INT16","shape":[2],"parameters":{"binary_data_size":4}}],)"
            R"("outputs":[{"name":"y"}],"parameters":{"binary_data_output":true,"flag":true,"name":"n",)"
            R"("number":5,"ratio":0.5}})" +
                std::string("\1\0\2\0", 4));
  EXPECT_EQ(answer.value().model, "m");
  EXPECT_EQ(answer.value().version, "3");
  EXPECT_EQ(answer.value().id, "i");
  const Tensor& y = answer.value().outputs.at("y");
  EXPECT_EQ(y.shape(), std::vector<int64_t>{1});
  EXPECT_EQ(y.Values<std::string>().value(), std::vector<std::string>{"hi"});
  EXPECT_EQ(y.Values<float>().error().message, "the tensor's datatype is BYTES, not FP32");
}

TEST(ClientTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Client::Open({}).error().message, "expected one endpoint or more, got none");
  EXPECT_EQ(Client::Open({"a:b"}).error().kind, ErrorKind::kInvalidArgument);
  Client client = Connect({Nowhere()});
  InferRequest request = Request();
  request.inputs.insert_or_assign("x", Tensor({3}, std::vector<float>{1, 2}));
  EXPECT_EQ(client.Infer(request).Get().error().message,
            "input 'x': shape [3] of FP32 takes 12 bytes, but there are 8");
  EXPECT_EQ(client.IsReady({.headers = {{"a", "b\r\nc"}}}).Get().error().kind, ErrorKind::kInvalidArgument);
}

TEST(ClientTest, TellsTheServersErrors) {
  net::TestServer server;
  Client client = Connect({At(server)});
  AnswerWith(server, 404, R"({"error":"no such model"})");
  const Result<InferAnswer> unknown = client.Infer(Request()).Get();
  EXPECT_EQ(unknown.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(unknown.error().message, "no such model");
  AnswerWith(server, 500, "oh");
  EXPECT_EQ(client.ModelMetadata("m").Get().error().message, "the server answered with HTTP status 500");
}

TEST(ClientTest, AnswersThatSayMoreThanTheyHoldAreErrors) {
  net::TestServer server;
  Client client = Connect({At(server)});
  for (const char* body :
       {"", "[]", "{", R"({"outputs":[{}]})", R"({"outputs":[{"name":"y","datatype":"INT8","shape":[1]}]})",
        R"({"outputs":[{"name":"y","datatype":"INT8","shape":[1],"parameters":{"binary_data_size":1}}]})"}) {
    AnswerWith(server, 200, body);
    const Result<InferAnswer> answer = client.Infer(Request()).Get();
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_EQ(answer.error().message.rfind("the server's answer cannot be read: ", 0), 0u) << answer.error().message;
  }
}

TEST(ClientTest, ManyCallsGoAtOnce) {
  net::TestServer server;
  constexpr int kCalls = 20;
  std::latch all_there(kCalls);
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    server.Post([&all_there, exchange] {  // eight at a time
      all_there.count_down();
      exchange->Respond(Response("yes"));
    });
  };
  Client client = Connect({At(server)}, {.connections_per_endpoint = 4});
  std::vector<Future<std::string>> answers;
  for (int i = 0; i < kCalls; ++i) answers.push_back(client.ModelMetadata("m"));
  for (auto& answer : answers) EXPECT_EQ(answer.Get().value(), "yes");
  EXPECT_TRUE(all_there.try_wait());
  EXPECT_LE(server.server().ConnectionCount(), 4u);
}

TEST(ClientTest, SpreadsCallsOverItsEndpoints) {
  net::TestServer one, other;
  std::atomic<int> of_one{0}, of_other{0};
  Serve(one, &of_one);
  Serve(other, &of_other);
  Client client = Connect({At(one), At(other)});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(client.Infer(Request()).Get().ok());
  EXPECT_EQ(of_one + of_other, 100);
  EXPECT_GT(of_one, 20);
  EXPECT_GT(of_other, 20);
}

TEST(ClientTest, GoesToAnotherEndpointWhereOneCannotBeReached) {
  net::TestServer server;
  Serve(server);
  Client client = Connect({Nowhere(), At(server)});
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(client.Infer(Request()).Get().ok());
  const ClientFigures figures = client.Figures();
  EXPECT_EQ(figures.calls, 50u);
  EXPECT_EQ(figures.endpoints[1].attempts, 50u);
  EXPECT_EQ(figures.endpoints[0].attempts, figures.retries);
  EXPECT_LT(figures.retries, 10u);  // it is avoided for a while
}

TEST(ClientTest, GoesToAnotherEndpointWhereOneRefuses) {
  net::TestServer full, server;
  AnswerWith(full, 503, R"({"error":"full"})");
  Serve(server);
  Client client = Connect({At(full), At(server)});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.Infer(Request(), {.may_repeat = false}).Get().ok());
}

// As a restart ends the calls that a server has: it is not avoided longer for having had many.
TEST(ClientTest, CallsThatFailTogetherAreOneFailureInARow) {
  net::TestServer full;
  AnswerWith(full, 503, R"({"error":"full"})");
  Client client = Connect({At(full)}, {.most_attempts = 1});
  std::vector<Future<InferAnswer>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(client.Infer(Request()));
  for (auto& answer : answers) EXPECT_FALSE(answer.Get().ok());
  EXPECT_EQ(client.Figures().endpoints[0].failures, 20u);
  const auto begin = std::chrono::steady_clock::now();
  while (client.Figures().endpoints[0].is_avoided) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(ClientTest, AvoidsAnEndpointThatIsNotThereAlsoIfCallsAreShorterThanConnecting) {
  const FullSocket silent;
  net::TestServer server;
  Serve(server);
  Client client =
      Connect({silent.address(), At(server)}, {.deadline = milliseconds(200), .connect_timeout = milliseconds(3'000)});
  int failed = 0;
  for (int i = 0; i < 50; ++i) failed += client.Infer(Request()).Get().ok() ? 0 : 1;
  EXPECT_LT(failed, 8);
  EXPECT_EQ(client.Figures().endpoints[0].failures, static_cast<uint64_t>(failed));
}

TEST(ClientTest, AvoidsAnEndpointThatTakesCallsAndSaysNothing) {
  const client::ListeningSocket silent;
  net::TestServer server;
  Serve(server);
  Client client = Connect({"127.0.0.1:" + std::to_string(silent.port()), At(server)}, {.deadline = milliseconds(200)});
  int failed = 0;
  for (int i = 0; i < 50; ++i) failed += client.Infer(Request()).Get().ok() ? 0 : 1;
  EXPECT_GE(failed, 3);
  EXPECT_LT(failed, 10);
  EXPECT_EQ(client.Figures().endpoints[0].failures, static_cast<uint64_t>(failed - 2));
}

TEST(ClientTest, DoesNotAvoidAnEndpointThatAnswersOthersInTime) {
  net::UnansweredExchange kept;
  net::TestServer server;
  server.handler().on_request = [&kept](HttpExchangeRef exchange) {
    if (exchange->body()) return kept.Keep(std::move(exchange));
    exchange->Respond(Response(""));
  };
  Client client = Connect({At(server)});
  for (int i = 0; i < 5; ++i) {
    Future<InferAnswer> late = client.Infer(Request(), {.deadline = milliseconds(50)});
    EXPECT_TRUE(client.IsReady().Get().ok());
    EXPECT_EQ(late.Get().error().kind, ErrorKind::kDeadlineExceeded);
  }
  EXPECT_EQ(client.Figures().endpoints[0].failures, 0u);
  kept.Drop();
}

TEST(ClientTest, ACallWithoutTimeIsNotMade) {
  net::TestServer server;
  std::atomic<int> requests{0};
  Serve(server, &requests);
  Client client = Connect({At(server)});
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
  EXPECT_EQ(client.Infer(Request(), {.deadline = milliseconds(0)}).Get().error().kind, ErrorKind::kDeadlineExceeded);
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
  EXPECT_EQ(requests, 2);
}

TEST(ClientTest, RetriesWithinItsBudget) {
  net::TestServer full;
  AnswerWith(full, 503, R"({"error":"full"})");
  Client client = Connect({At(full)}, {.retries_per_call = 0.1, .retries_at_once = 2, .first_pause = milliseconds(1)});
  for (int i = 0; i < 50; ++i) {
    const Result<InferAnswer> answer = client.Infer(Request()).Get();
    EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
    EXPECT_EQ(answer.error().message, "full");
  }
  const ClientFigures figures = client.Figures();
  EXPECT_GE(figures.retries, 5u);
  EXPECT_LE(figures.retries, 7u);
  EXPECT_GT(figures.retries_refused, 0u);
  EXPECT_EQ(figures.endpoints[0].failures, 50 + figures.retries);
}

TEST(ClientTest, RepeatsWhatALostConnectionMayHaveRun) {
  RawServer server({"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"});
  Client client = Connect({server.address()});
  EXPECT_EQ(client.ModelMetadata("m").Get().value(), "yes");
}

TEST(ClientTest, DoesNotRepeatWhatMayHaveHadEffects) {
  RawServer server({"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nye"});
  Client client = Connect({server.address()});
  const Result<std::string> answer = client.ModelMetadata("m", {.may_repeat = false}).Get();
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(answer.error().message.rfind(server.address() + ": ", 0), 0u) << answer.error().message;
}

TEST(ClientTest, DoesNotRepeatRequestsOfSequencesUnlessItIsTold) {
  InferRequest request = Request();
  request.parameters = {{"sequence_id", int64_t{7}}};
  RawServer once({""}), twice({"", ""});
  Client careful = Connect({once.address()}), repeating = Connect({twice.address()}, {.most_attempts = 2});
  EXPECT_EQ(careful.Infer(request).Get().error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(careful.Figures().retries, 0u);
  EXPECT_EQ(repeating.Infer(request, {.may_repeat = true}).Get().error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(repeating.Figures().retries, 1u);
}

TEST(ClientTest, WhatAProxyHasLostItsServerOverIsMadeAgainIfItMayBeRunTwice) {
  for (const int status : {502, 504}) {
    net::TestServer proxy;
    AnswerWith(proxy, status, "<html>");
    Client client = Connect({At(proxy)}, {.most_attempts = 2, .first_pause = milliseconds(1)});
    const Result<InferAnswer> answer = client.Infer(Request(), {.may_repeat = false}).Get();
    EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
    EXPECT_EQ(answer.error().message, At(proxy) + ": the server answers with HTTP status " + std::to_string(status));
    EXPECT_EQ(client.Figures().retries, 0u);
    EXPECT_FALSE(client.Infer(Request()).Get().ok());
    EXPECT_EQ(client.Figures().retries, 1u);
    EXPECT_EQ(client.Figures().endpoints[0].failures, 3u);
  }
}

TEST(ClientTest, GivesUpAtItsDeadline) {
  net::UnansweredExchange kept;
  net::TestServer server;
  server.handler().on_request = [&kept](HttpExchangeRef exchange) { kept.Keep(std::move(exchange)); };
  Client client = Connect({At(server)});
  const Result<InferAnswer> answer = client.Infer(Request(), {.deadline = milliseconds(50)}).Get();
  EXPECT_EQ(answer.error().kind, ErrorKind::kDeadlineExceeded);
  EXPECT_EQ(answer.error().message, "no answer in time: 1 attempts, the last at " + At(server));
  EXPECT_EQ(client.Figures().endpoints[0].outstanding, 0u);
  kept.Drop();
  Serve(server);
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
}

TEST(ClientTest, TheLongestTimesAreNotAtOnce) {
  net::TestServer server;
  Serve(server);
  Client client = Connect({At(server)}, {.connect_timeout = milliseconds::max()});
  const Result<InferAnswer> answer = client.Infer(Request(), {.deadline = milliseconds::max()}).Get();
  EXPECT_TRUE(answer.ok()) << answer.error().message;
}

TEST(ClientTest, AResultMayBeWaitedForAsLongAsCanBe) {
  const Promise<int> promise;
  Future<int> future = promise.future();
  EXPECT_FALSE(future.WaitFor(milliseconds(-1)));
  std::thread later([&promise] {
    std::this_thread::sleep_for(milliseconds(50));
    promise.Set(1);
  });
  EXPECT_TRUE(future.WaitFor(milliseconds::max()));
  later.join();
}

TEST(ClientTest, CancelledCallsEnd) {
  net::TestServer server;
  std::latch there(1);
  HttpExchangeRef kept;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    kept = std::move(exchange);
    there.count_down();
  };
  Client client = Connect({At(server)});
  Future<InferAnswer> answer = client.Infer(Request());
  there.wait();
  EXPECT_FALSE(answer.WaitFor(milliseconds(1)));
  answer.Cancel();
  EXPECT_EQ(answer.Get().error().kind, ErrorKind::kCancelled);
  answer.Cancel();  // nothing happens
}

TEST(ClientTest, CallsEndWithTheirClient) {
  net::TestServer server;
  std::latch there(1);
  HttpExchangeRef kept;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    kept = std::move(exchange);
    there.count_down();
  };
  std::optional<Client> client = Connect({At(server)});
  Future<InferAnswer> answer = client->Infer(Request());
  there.wait();  // else it may come when nothing is left here to keep it
  client.reset();
  EXPECT_EQ(answer.Get().error().message, "the client is gone");
}

TEST(ClientTest, CallbacksGetResults) {
  net::TestServer server;
  Serve(server);
  Client client = Connect({At(server)});
  std::latch called(1);
  client.Infer(Request()).Then([&](Result<InferAnswer> answer) {
    EXPECT_EQ(answer.value().outputs.at("y").Values<int8_t>().value(), std::vector<int8_t>{7});
    called.count_down();
  });
  called.wait();
}

Future<int> Sum(Client& client, int calls) {
  int sum = 0;
  for (int i = 0; i < calls; ++i) {
    const Result<InferAnswer> answer = co_await client.Infer(Request());
    if (!answer) co_return answer.error();
    sum += answer.value().outputs.at("y").Values<int8_t>().value().at(0);
  }
  co_return sum;
}

Future<int> Broken() {
  throw std::runtime_error("broken on purpose");
  co_return 1;
}

TEST(ClientTest, CoroutinesAwaitResults) {
  net::TestServer server;
  Serve(server);
  Client client = Connect({At(server)});
  EXPECT_EQ(Sum(client, 5).Get().value(), 35);
  AnswerWith(server, 404, R"({"error":"gone"})");
  EXPECT_EQ(Sum(client, 5).Get().error().message, "gone");
  EXPECT_EQ(Broken().Get().error().message, "broken on purpose");
}

TEST(ClientTest, MayBeUsedFromAnyThread) {
  net::TestServer server;
  Serve(server);
  Client client = Connect({At(server)});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&client] {
      for (int call = 0; call < 50; ++call) EXPECT_TRUE(client.Infer(Request()).Get().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(client.Figures().calls, 200u);
}

TEST(ClientTest, AServerThatComesBackIsFoundAgain) {
  auto server = std::make_unique<net::TestServer>();
  Serve(*server);
  const uint16_t port = server->port();
  Client client = Connect({At(*server)}, {.first_pause = milliseconds(1)});
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
  server.reset();
  EXPECT_EQ(client.Infer(Request()).Get().error().kind, ErrorKind::kUnavailable);
  net::TestServer again({.port = port});
  Serve(again);
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
}

}  // namespace
}  // namespace neso
