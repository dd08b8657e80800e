// Servers that answer as no proper one does, for the program of HTTP.
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "either_client.h"

namespace {

// Takes one connection, reads a request's head, sends the answer, and neither sends nor reads any more.
class OddServer {
 public:
  explicit OddServer(std::string answer) : answer_(std::move(answer)), thread_(&OddServer::Run, this) {}
  // After it was asked.
  ~OddServer() {
    thread_.join();
    close(connection_);
  }

  const std::string& url() const { return socket_.url(); }

 private:
  void Run() {
    connection_ = accept(socket_.get(), nullptr, nullptr);
    std::string request;
    char bytes[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = recv(connection_, bytes, sizeof bytes, 0);
      if (n <= 0) break;
      request.append(bytes, static_cast<size_t>(n));
    }
    send(connection_, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    shutdown(connection_, SHUT_WR);
  }

  const std::string answer_;
  const SilentSocket socket_;
  int connection_ = -1;
  std::thread thread_;
};

std::string Body(const std::string& body, const std::string& headers = "") {
  return headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kAnswer =
    R"({"model_name":"m","outputs":[{"name":"OUTPUT0","datatype":"INT32","shape":[1],"data":[7]}]})";

class OddServerTest : public ClientTest {
 protected:
  // What a request to a server gives that answers with `text`.
  tc::Error InferWith(const std::string& text) {
    const OddServer server(text);
    const auto odd = Connect(server.url());
    tc::InferResult* answer = nullptr;
    tc::Error error = odd->Infer(&answer, options, {input.get()});
    result.reset(answer);
    EXPECT_OK(odd->ClientInferStat(&stat));
    return error;
  }

  std::unique_ptr<tc::InferResult> result;
  tc::InferStat stat;
};

TEST_F(OddServerTest, AnswersInPiecesAreRead) {
  for (const std::string& text :
       {kOk + Body(kAnswer), "HTTP/1.1 100 Continue\r\n\r\n" + kOk + Body(kAnswer), kOk + "\r\n" + kAnswer,
        kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + kAnswer.substr(0, 5) + "\r\n8;x=y\r\n" +
            kAnswer.substr(5, 8) + "\r\n4e\r\n" + kAnswer.substr(13) + "\r\n0\r\n\r\n",
        kOk + Body(kAnswer, "X-Long: " + std::string(90'000, 'x') + "\r\n")}) {
    ASSERT_OK(InferWith(text));
    EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), std::vector<int32_t>{7});
  }
}

TEST_F(OddServerTest, AnswersThatAreNoneAreErrors) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "HTTP client failed: "},
      {"SSH-2.0\r\n", "HTTP client failed: "},
      {kOk + "Content-Length: 500\r\n\r\n" + kAnswer, "HTTP client failed: "},
      {kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP client failed: "},
      {kOk + Body("<html>"), "failed to parse JSON at 0: "},
      {kOk + Body(kAnswer, "Inference-Header-Content-Length: 500\r\n"),
       "the response's JSON should have 500 bytes, but "},
      {kOk + Body(R"({"outputs":[{"name":"y","datatype":"FP16","shape":[1],"data":[1]}]})"),
       "datatype 'FP16' is not supported with JSON."},
      {kOk + Body(R"({"outputs":[{"name":"y","datatype":"INT32","shape":[1],"data":["a"]}]})"),
       "an element of the response's data is not of datatype 'INT32'"},
      {kOk + Body(R"({"outputs":[{"name":"y","datatype":"INT8","shape":[1],"data":[300]}]})"),
       "an element of the response's data is not of datatype 'INT8'"},
      {"HTTP/1.1 500 Oh\r\n" + Body("<html>"), "inference failed with unknown error"},
      {"HTTP/1.1 404 Not Found\r\n" + Body(R"({"error":"no such model"})"), "no such model"},
  };
  for (const auto& [text, message] : cases) {
    const tc::Error error = InferWith(text);
    EXPECT_EQ(error.Message().rfind(message, 0), 0u) << error << " for " << text;
    ASSERT_NE(result, nullptr);
    EXPECT_EQ(result->RequestStatus().Message(), error.Message());
  }
}

TEST_F(OddServerTest, AnAnswerBeforeTheRequestIsSentIsCounted) {
  const std::vector<int32_t> many(10'000'000, 7);
  input = Input("INPUT0", "INT32", many);
  testing::internal::CaptureStderr();
  const tc::Error error = InferWith("HTTP/1.1 413 Too Large\r\n" + Body(R"({"error":"too large"})"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(error.Message(), "too large");
  EXPECT_EQ(stat.completed_request_count, 1u);
}

}  // namespace
