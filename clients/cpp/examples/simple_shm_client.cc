// Tensors in memory that this program and the server share: only their places travel.
#include <cstring>

#include "shared_tensors.h"
#include "shm_utils.h"

namespace {

int32_t* Share(Client* client, const std::string& name, const std::string& key) {
  int fd;
  void* memory;
  Must(tc::CreateSharedMemoryRegion(key, 2 * kTensor, &fd), key);
  Must(tc::MapSharedMemory(fd, 0, 2 * kTensor, &memory), key);
  Must(tc::CloseSharedMemory(fd), key);
  Must(client->RegisterSystemSharedMemory(name, key, 2 * kTensor), name);
  return static_cast<int32_t*>(memory);
}

void Unshare(Client* client, const std::string& name, const std::string& key, void* memory) {
  Must(client->UnregisterSystemSharedMemory(name), name);
  Must(tc::UnmapSharedMemory(memory, 2 * kTensor), key);
  Must(tc::UnlinkSharedMemoryRegion(key), key);
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags(argc, argv, kDefaultUrl);
  std::unique_ptr<Client> client;
  Must(Client::Create(&client, flags.url, flags.verbose), "a client");

  const std::string own = std::to_string(getpid());
  const std::string in_name = "in-" + own, out_name = "out-" + own, in_key = "/in-" + own, out_key = "/out-" + own;
  int32_t* in = Share(client.get(), in_name, in_key);
  int32_t* out = Share(client.get(), out_name, out_key);
  std::memcpy(in, Ascending().data(), kTensor);
  std::memcpy(in + 16, Ones().data(), kTensor);

  InferInSharedMemory(client.get(), in_name, out_name);
  for (int32_t i = 0; i < 16; ++i) Must(out[i] == i + 1 && out[16 + i] == i - 1, "the right sums and differences");

  Unshare(client.get(), in_name, in_key, in);
  Unshare(client.get(), out_name, out_key, out);
  std::cout << "PASS : System Shared Memory" << std::endl;
}
