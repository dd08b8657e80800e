// What is the same over HTTP and gRPC, for the program of each.
#include "either_client.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "shm_utils.h"

namespace {

TEST_F(ClientTest, TellsHealth) {
  bool yes = false;
  EXPECT_OK(client->IsServerLive(&yes));
  EXPECT_TRUE(yes);
  EXPECT_OK(client->IsServerReady(&yes));
  EXPECT_TRUE(yes);
  EXPECT_OK(client->IsModelReady(&yes, "identity", "1"));
  EXPECT_TRUE(yes);
  EXPECT_OK(client->IsModelReady(&yes, "nobody"));
  EXPECT_FALSE(yes);
}

// Memory of this process, which the server maps as "region".
class SharedMemoryTest : public ClientTest {
 protected:
  static constexpr size_t kPage = 4096;

  SharedMemoryTest() {
    int fd;
    void* memory;
    EXPECT_OK(tc::CreateSharedMemoryRegion(key, kPage, &fd));
    EXPECT_OK(tc::MapSharedMemory(fd, 0, kPage, &memory));
    EXPECT_OK(tc::CloseSharedMemory(fd));
    numbers = static_cast<int32_t*>(memory);
  }
  ~SharedMemoryTest() override {
    EXPECT_OK(tc::UnmapSharedMemory(numbers, kPage));
    EXPECT_OK(tc::UnlinkSharedMemoryRegion(key));
  }

  const std::string key = "/cpp-client-" + std::to_string(getpid());
  int32_t* numbers;
};

TEST_F(SharedMemoryTest, HoldsInputsAndOutputs) {
  EXPECT_OK(client->RegisterSystemSharedMemory("region", key, kPage));
  std::copy(kNumbers.begin(), kNumbers.end(), numbers + 8);
  EXPECT_OK(input->SetSharedMemory("region", 16, 32));
  EXPECT_OK(output->SetSharedMemory("region", 16, 64));
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {output.get()}));
  EXPECT_EQ(std::vector<int32_t>(numbers + 16, numbers + 20), kNumbers);
  const uint8_t* data = nullptr;
  size_t byte_size = 0;
  std::unique_ptr<tc::InferResult>(answer)->RawData("OUTPUT0", &data, &byte_size);
  EXPECT_EQ(byte_size, 0u);  // over HTTP it is not in the answer at all
  // Triton has the region in use for a moment after its answer.
  tc::Error unregistered = client->UnregisterSystemSharedMemory("region");
  while (unregistered.Message().find("currently in use") != std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    unregistered = client->UnregisterSystemSharedMemory("region");
  }
  EXPECT_OK(unregistered);
  EXPECT_FALSE(client->Infer(&answer, options, {input.get()}, {output.get()}).IsOk());
  delete answer;
  EXPECT_OK(client->UnregisterSystemSharedMemory());
}

TEST_F(ClientTest, RegistersNoGpuMemoryThatIsNone) {
  EXPECT_FALSE(client->RegisterCudaSharedMemory("gpu", tc::cudaIpcMemHandle_t(), 0, 64).IsOk());
  EXPECT_OK(client->UnregisterCudaSharedMemory());
}

TEST_F(ClientTest, Infers) {
  options.request_id_ = "one";
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {output.get()}));
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers);
  std::vector<int64_t> shape;
  EXPECT_OK(result->Shape("OUTPUT0", &shape));
  EXPECT_EQ(shape, (std::vector<int64_t>{1, 4}));
  EXPECT_OK(result->Datatype("OUTPUT0", &text));
  EXPECT_EQ(text, "INT32");
  EXPECT_OK(result->ModelName(&text));
  EXPECT_EQ(text, "identity");
  EXPECT_OK(result->ModelVersion(&text));
  EXPECT_EQ(text, "1");
  EXPECT_OK(result->Id(&text));
  EXPECT_EQ(text, "one");
  bool last = false, nothing = true;
  EXPECT_OK(result->IsFinalResponse(&last));
  EXPECT_OK(result->IsNullResponse(&nothing));
  EXPECT_TRUE(last);
  EXPECT_FALSE(nothing);
  EXPECT_NE(result->DebugString().find("OUTPUT0"), std::string::npos);

  std::vector<std::string> strings;
  EXPECT_EQ(result->StringData("OUTPUT0", &strings).Message(),
            "This function supports tensors with datatype 'BYTES', requested output tensor 'OUTPUT0' with datatype "
            "'INT32'");
  EXPECT_EQ(result->IsFinalResponse(nullptr).Message(), "is_final_response cannot be nullptr");
  EXPECT_EQ(result->IsNullResponse(nullptr).Message(), "is_null_response cannot be nullptr");
}

TEST_F(ClientTest, GivesTheServersError) {
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, tc::InferOptions("nobody"), {input.get()});
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_NE(error.Message().find("unknown model"), std::string::npos) << error;
  EXPECT_EQ(result->RequestStatus().Message(), error.Message());
}

TEST_F(ClientTest, GivesNoResultOfARequestThatCannotBeMade) {
  options.request_parameters["number"] = {"number", "many", "int"};
  tc::InferResult* answer = reinterpret_cast<tc::InferResult*>(this);
  EXPECT_EQ(client->Infer(&answer, options, {input.get()}).Message(),
            "request parameter 'number': expected an integer, got 'many'");
  EXPECT_EQ(answer, nullptr);
  options.request_parameters["number"].value = " +5";
  EXPECT_EQ(Values<int32_t>(*Infer(options), "OUTPUT0"), kNumbers);
}

TEST_F(ClientTest, TheLongestTimeoutsAreNotAtOnce) {
  for (const uint64_t timeout : {UINT64_MAX, UINT64_MAX / 2, UINT64_MAX / 1000, uint64_t{INT64_MAX} / 1000}) {
    options.client_timeout_ = timeout;
    EXPECT_EQ(Values<int32_t>(*Infer(options), "OUTPUT0"), kNumbers) << timeout;
  }
}

TEST_F(ClientTest, TensorsMayBeEmpty) {
  tc::InferResult* answer = nullptr;
  for (const bool has_piece : {false, true}) {
    const auto empty = Input("INPUT0", {1, 0}, "INT32");
    if (has_piece) {
      EXPECT_OK(empty->AppendRaw(nullptr, 0));
    }
    ASSERT_OK(client->Infer(&answer, options, {empty.get()}));
    EXPECT_EQ(Values<int32_t>(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT0"), std::vector<int32_t>{});
  }
}

TEST_F(ClientTest, InfersAsynchronously) {
  Answer<tc::InferResult*> answer;
  ASSERT_OK(client->AsyncInfer(answer.callback(), options, {input.get()}));
  const std::unique_ptr<tc::InferResult> result(answer.Wait());
  EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers);
  EXPECT_EQ(client->AsyncInfer(nullptr, options, {input.get()}).Message(),
            "Callback function must be provided along with AsyncInfer() call.");
  tc::InferStat stat;
  EXPECT_OK(client->ClientInferStat(&stat));
  EXPECT_EQ(stat.completed_request_count, 1u);
  EXPECT_GE(stat.cumulative_total_request_time_ns, stat.cumulative_send_time_ns + stat.cumulative_receive_time_ns);
}

TEST_F(ClientTest, InfersSeveral) {
  const std::vector<std::vector<tc::InferInput*>> inputs(3, {input.get()});
  std::vector<tc::InferResult*> results;
  EXPECT_OK(client->InferMulti(&results, {options}, inputs));
  EXPECT_EQ(results.size(), 3u);
  for (tc::InferResult* result : results) EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers), delete result;

  results.clear();
  const tc::InferOptions unknown("nobody");
  EXPECT_FALSE(client->InferMulti(&results, {options, unknown, options}, inputs).IsOk());
  EXPECT_EQ(results.size(), 2u);
  for (tc::InferResult* result : results) delete result;

  EXPECT_EQ(client->InferMulti(&results, {options, options}, inputs).Message(),
            "'options' must either contain 1 element or match size of 'inputs'");
  EXPECT_EQ(client->InferMulti(&results, {options}, inputs, {{}, {}}).Message(),
            "'outputs' must either contain 0/1 element or match size of 'inputs'");
}

TEST_F(ClientTest, InfersSeveralAsynchronously) {
  const std::vector<std::vector<tc::InferInput*>> inputs(3, {input.get()});
  Answer<std::vector<tc::InferResult*>> answer;
  const tc::InferOptions unknown("nobody");
  ASSERT_OK(client->AsyncInferMulti(answer.callback(), {options, unknown, options}, inputs, {{output.get()}}));
  const auto results = answer.Wait();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_OK(results[0]->RequestStatus());
  EXPECT_FALSE(results[1]->RequestStatus().IsOk());
  EXPECT_EQ(Values<int32_t>(*results[2], "OUTPUT0"), kNumbers);
  for (tc::InferResult* result : results) delete result;
  EXPECT_FALSE(client->AsyncInferMulti(nullptr, {options}, inputs).IsOk());
}

TEST_F(ClientTest, MayBeUsedFromAnyThread) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      const std::vector<int32_t> own(64, i);
      const auto tensor = Input("INPUT0", "INT32", own);
      for (int round = 0; round < 50; ++round) {
        tc::InferResult* answer = nullptr;
        EXPECT_OK(client->Infer(&answer, options, {tensor.get()}));
        EXPECT_EQ(Values<int32_t>(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT0"), own);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  tc::InferStat stat;
  EXPECT_OK(client->ClientInferStat(&stat));
  EXPECT_EQ(stat.completed_request_count, 200u);
}

TEST(SharedMemoryHelpersTest, TellWhatFailed) {
  int fd;
  void* memory;
  EXPECT_EQ(tc::CreateSharedMemoryRegion("/a/b", 8, &fd).Message(),
            "unable to get shared memory descriptor for shared-memory key '/a/b'");
  const std::string key = "/cpp-client-too-large-" + std::to_string(getpid());
  EXPECT_EQ(tc::CreateSharedMemoryRegion(key, SIZE_MAX, &fd).Message(),
            "unable to initialize shared-memory key '" + key + "' to requested size: 18446744073709551615 bytes");
  EXPECT_EQ(fd, -1);
  EXPECT_OK(tc::UnlinkSharedMemoryRegion(key));
  EXPECT_EQ(tc::MapSharedMemory(-1, 0, 8, &memory).Message(),
            "unable to process address space or shared-memory descriptor: -1");
  EXPECT_EQ(tc::CloseSharedMemory(-1).Message(), "unable to close shared-memory descriptor: -1");
  EXPECT_EQ(tc::UnlinkSharedMemoryRegion("/nobody").Message(), "unable to unlink shared memory for key '/nobody'");
  EXPECT_EQ(tc::UnmapSharedMemory(reinterpret_cast<void*>(1), 8).Message(), "unable to munmap shared memory region");
}

}  // namespace
