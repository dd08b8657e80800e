// Tensors in GPU memory that this program and the server share: only handles of that memory, and places in it, travel. Needs a
// GPU on this machine, and a server on the same one.
#include <cuda_runtime_api.h>

#include "shared_tensors.h"

namespace {

constexpr int kGpu = 0;

void MustBeDone(cudaError_t error, const std::string& what) {
  Must(tc::Error(error == cudaSuccess ? "" : cudaGetErrorString(error)), what);
}

// Room for two tensors.
char* Share(Client* client, const std::string& name) {
  void* memory;
  cudaIpcMemHandle_t handle;
  MustBeDone(cudaMalloc(&memory, 2 * kTensor), "GPU memory");
  MustBeDone(cudaIpcGetMemHandle(&handle, memory), "a handle of GPU memory");
  Must(client->RegisterCudaSharedMemory(name, handle, kGpu, 2 * kTensor), name);
  return static_cast<char*>(memory);
}

void Unshare(Client* client, const std::string& name, char* memory) {
  Must(client->UnregisterCudaSharedMemory(name), name);
  MustBeDone(cudaFree(memory), name);
}

void Write(char* to, const std::vector<int32_t>& values) {
  MustBeDone(cudaMemcpy(to, values.data(), kTensor, cudaMemcpyHostToDevice), "a copy to the GPU");
}

std::vector<int32_t> Read(const char* from) {
  std::vector<int32_t> values(16);
  MustBeDone(cudaMemcpy(values.data(), from, kTensor, cudaMemcpyDeviceToHost), "a copy from the GPU");
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags(argc, argv, kDefaultUrl);
  MustBeDone(cudaSetDevice(kGpu), "GPU 0");
  std::unique_ptr<Client> client;
  Must(Client::Create(&client, flags.url, flags.verbose), "a client");

  const std::string own = std::to_string(getpid());
  const std::string in_name = "gpu-in-" + own, out_name = "gpu-out-" + own;
  char* in = Share(client.get(), in_name);
  char* out = Share(client.get(), out_name);
  Write(in, Ascending());
  Write(in + kTensor, Ones());

  InferInSharedMemory(client.get(), in_name, out_name);
  const auto sum = Read(out), difference = Read(out + kTensor);
  for (int32_t i = 0; i < 16; ++i) Must(sum[i] == i + 1 && difference[i] == i - 1, "the right sums and differences");

  Unshare(client.get(), in_name, in);
  Unshare(client.get(), out_name, out);
  std::cout << "PASS : Cuda Shared Memory" << std::endl;
}
