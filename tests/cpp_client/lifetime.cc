// Clients that go while something is under way, for the program of each protocol.
#include <malloc.h>

#include <thread>

#include "either_client.h"

namespace {

class LifetimeTest : public ClientTest {
 protected:
  // Answers what fills its batches of 16 rows, and keeps the rest waiting for longer than any test runs.
  const tc::InferOptions patient{"patient"};
};

// As those of programs do that keep a number of requests under way.
TEST_F(LifetimeTest, AClientMayGoWhileItsCallbackAsksAgain) {
  auto leaving = Connect();
  Client* const asked = leaving.get();
  Answer<bool> running;
  const auto set = running.callback();
  tc::Error error;
  const auto again = [&](tc::InferResult* result) {
    delete result;
    set(true);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the client is about to go
    error = asked->AsyncInfer([](tc::InferResult*) { ADD_FAILURE() << "its client is gone"; }, options, {input.get()});
  };
  ASSERT_OK(leaving->AsyncInfer(again, options, {input.get()}));
  EXPECT_TRUE(running.Wait());
  leaving.reset();
  EXPECT_EQ(error.Message(), "Client is exiting.");
}

TEST_F(LifetimeTest, AClientMayGoWithinItsCallback) {
  Client* const leaving = Connect().release();
  Answer<bool> gone;
  const auto set = gone.callback();
  const auto never = [](tc::InferResult*) { ADD_FAILURE() << "its batch is not full"; };
  ASSERT_OK(leaving->AsyncInfer(never, patient, {input.get()}));
  const auto leave = [&](tc::InferResult* result) {
    delete result;
    delete leaving;
    set(true);
  };
  ASSERT_OK(leaving->AsyncInfer(leave, options, {input.get()}));
  EXPECT_TRUE(gone.Wait());
  const std::vector<int32_t> rows(16, 1);
  input = Input("INPUT0", {16, 1}, "INT32");
  ASSERT_OK(input->AppendRaw(reinterpret_cast<const uint8_t*>(rows.data()), rows.size() * sizeof(int32_t)));
  EXPECT_EQ(Values<int32_t>(*Infer(patient), "OUTPUT0"), rows);  // the one that was dropped would be there by now
}

size_t UsedMemory() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(LifetimeTest, ResultsThatNobodyGetsAreFreed) {
  const std::vector<int32_t> many(1'000'000, 7);
  const auto large = Input("INPUT0", "INT32", many);
  const size_t before = UsedMemory();
  for (int round = 0; round < 10; ++round) {
    const auto leaving = Connect();
    const auto never = [](std::vector<tc::InferResult*>) { ADD_FAILURE() << "one of them waits"; };
    ASSERT_OK(leaving->AsyncInferMulti(never, {options, patient}, {{large.get()}, {input.get()}}));
    tc::InferStat stat;
    while (stat.completed_request_count == 0) ASSERT_OK(leaving->ClientInferStat(&stat));
  }
  EXPECT_LT(UsedMemory(), before + 20'000'000);
}

}  // namespace
