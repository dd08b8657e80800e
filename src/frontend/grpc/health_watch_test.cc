// What clients of Health/Watch hear, also when a word could not be sent.
#include "frontend/grpc/health_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "frontend/grpc/health.pb.h"

namespace neso {
namespace {

using Health = grpc::health::v1::HealthCheckResponse;

// Fails to send as often as it is told to.
class FailingCall final : public net::GrpcCall {
 public:
  const net::HttpHead& head() const override { return head_; }
  void SendMetadata(net::GrpcMetadata) override {}
  bool Send(net::GrpcMessage message) override {
    if (failures > 0) {
      failures--;
      throw std::bad_alloc();
    }
    Health response;
    EXPECT_TRUE(response.ParseFromArray(message.head.data(), static_cast<int>(message.head.size())));
    last_heard = response.status();
    return true;
  }
  void Finish(net::GrpcStatus) override {}
  void SendAndFinish(net::GrpcMessage) override {}

  std::atomic<int> failures{0};
  std::atomic<int> last_heard{-1};

 private:
  net::HttpHead head_;
};

class HealthWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    repository_ = ::testing::TempDir() + "health_watch_test";
    std::filesystem::create_directories(repository_);
    ServerOptions options;
    options.model_repositories = {repository_};
    options.control_mode = TRITONSERVER_MODEL_CONTROL_NONE;
    auto started = InferenceServer::Start(options);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = *std::move(started);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(repository_);
  }
  static net::GrpcReceiverRef Ask(HealthWatchers& watchers, const std::shared_ptr<FailingCall>& call) {
    net::GrpcReceiverRef receiver = watchers.Begin(call);
    receiver->OnMessage(Buffer::Allocate(0));
    receiver->OnEnd();
    return receiver;
  }
  static bool Hears(const FailingCall& call, Health::ServingStatus status) {
    for (int i = 0; i < 10'000 && call.last_heard != status; i++) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return call.last_heard == status;
  }

  std::string repository_;
  std::unique_ptr<InferenceServer> server_;
};

TEST_F(HealthWatchTest, AWordThatCouldNotBeSentIsSaidAgainAndTheOthersHearTheirs) {
  HealthWatchers watchers(*server_);
  const auto failing = std::make_shared<FailingCall>();
  const auto other = std::make_shared<FailingCall>();
  const net::GrpcReceiverRef receivers[] = {Ask(watchers, failing), Ask(watchers, other)};
  EXPECT_TRUE(Hears(*failing, Health::SERVING));
  failing->failures = 2;

  ASSERT_TRUE(server_->Stop().ok());

  EXPECT_TRUE(Hears(*other, Health::NOT_SERVING));
  EXPECT_TRUE(Hears(*failing, Health::NOT_SERVING));
  EXPECT_EQ(failing->failures, 0);
  for (const net::GrpcReceiverRef& receiver : receivers) receiver->OnCancel();
}

TEST_F(HealthWatchTest, WhoGoesHearsNoMoreAndTheOthersDo) {
  HealthWatchers watchers(*server_);
  std::vector<std::shared_ptr<FailingCall>> calls;
  std::vector<net::GrpcReceiverRef> receivers;
  for (int i = 0; i < 6; i++) {
    receivers.push_back(Ask(watchers, calls.emplace_back(std::make_shared<FailingCall>())));
    EXPECT_TRUE(Hears(*calls.back(), Health::SERVING));
  }
  for (const size_t gone : {2u, 5u, 0u, 2u}) receivers[gone]->OnCancel();  // one says so twice

  ASSERT_TRUE(server_->Stop().ok());

  for (const size_t left : {1u, 3u, 4u}) EXPECT_TRUE(Hears(*calls[left], Health::NOT_SERVING));
  for (const size_t gone : {0u, 2u, 5u}) EXPECT_EQ(calls[gone]->last_heard, Health::SERVING);
  for (const size_t left : {1u, 3u, 4u}) receivers[left]->OnCancel();
}

}  // namespace
}  // namespace neso
