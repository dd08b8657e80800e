// Inputs and outputs that serve one request after the other, over both protocols and with or without shared memory:
//   reuse_infer_objects_client -u localhost:8000 -g localhost:8001
#include <algorithm>
#include <cstring>

#include "example.h"
#include "grpc_client.h"
#include "http_client.h"
#include "shm_utils.h"

namespace {

constexpr size_t kTensor = 16 * sizeof(int32_t);

struct Objects {
  std::unique_ptr<tc::InferInput> input0 = Input("INPUT0", {1, 16}, "INT32"),
                                  input1 = Input("INPUT1", {1, 16}, "INT32");
  std::unique_ptr<tc::InferRequestedOutput> output0 = Output("OUTPUT0"), output1 = Output("OUTPUT1");
};

template <typename Client>
std::unique_ptr<tc::InferResult> Infer(Client* client, const Objects& objects) {
  tc::InferResult* answer;
  Must(client->Infer(&answer, tc::InferOptions("simple"), {objects.input0.get(), objects.input1.get()},
                     {objects.output0.get(), objects.output1.get()}),
       "inference");
  return std::unique_ptr<tc::InferResult>(answer);
}

// Twice each: the values in the request, then in shared memory, then in the request again.
template <typename Client>
void Ask(Client* client, Objects* objects, const std::string& region, int32_t* memory) {
  const auto ascending = Ascending(), ones = Ones();
  for (int round = 0; round < 2; ++round) {
    Must(objects->input0->Reset(), "INPUT0");
    Must(objects->input1->Reset(), "INPUT1");
    Must(objects->input0->AppendRaw(reinterpret_cast<const uint8_t*>(ascending.data()), kTensor), "INPUT0");
    Must(objects->input1->AppendRaw(reinterpret_cast<const uint8_t*>(ones.data()), kTensor), "INPUT1");
    Must(objects->output0->UnsetSharedMemory(), "OUTPUT0");
    Must(objects->output1->UnsetSharedMemory(), "OUTPUT1");
    CheckSumAndDifference(*Infer(client, *objects));

    std::copy(ascending.begin(), ascending.end(), memory);
    std::copy(ones.begin(), ones.end(), memory + 16);
    Must(objects->input0->SetSharedMemory(region, kTensor), "INPUT0");
    Must(objects->input1->SetSharedMemory(region, kTensor, kTensor), "INPUT1");
    Must(objects->output0->SetSharedMemory(region, kTensor, 2 * kTensor), "OUTPUT0");
    Must(objects->output1->SetSharedMemory(region, kTensor, 3 * kTensor), "OUTPUT1");
    std::memset(memory + 32, 0, 2 * kTensor);
    Infer(client, *objects);
    for (int32_t i = 0; i < 16; ++i) {
      Must(memory[32 + i] == i + 1 && memory[48 + i] == i - 1, "the right sums and differences in shared memory");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8000");
  std::unique_ptr<tc::InferenceServerHttpClient> http;
  std::unique_ptr<tc::InferenceServerGrpcClient> grpc;
  Must(tc::InferenceServerHttpClient::Create(&http, flags.url, flags.verbose), "a client for HTTP");
  Must(tc::InferenceServerGrpcClient::Create(&grpc, flags.grpc_url, flags.verbose), "a client for gRPC");

  const std::string region = "reused-" + std::to_string(getpid()), key = "/" + region;
  int fd;
  void* memory;
  Must(tc::CreateSharedMemoryRegion(key, 4 * kTensor, &fd), key);
  Must(tc::MapSharedMemory(fd, 0, 4 * kTensor, &memory), key);
  Must(tc::CloseSharedMemory(fd), key);
  Must(http->RegisterSystemSharedMemory(region, key, 4 * kTensor), region);

  Objects objects;
  Ask(http.get(), &objects, region, static_cast<int32_t*>(memory));
  Ask(grpc.get(), &objects, region, static_cast<int32_t*>(memory));

  Must(grpc->UnregisterSystemSharedMemory(region), region);
  Must(tc::UnmapSharedMemory(memory, 4 * kTensor), key);
  Must(tc::UnlinkSharedMemoryRegion(key), key);
  std::cout << "PASS : Reuse" << std::endl;
}
