// POSIX shared memory, to be registered with a server on the same machine.
//
//   int fd;
//   void* memory;
//   tc::CreateSharedMemoryRegion("/images", byte_size, &fd);
//   tc::MapSharedMemory(fd, 0, byte_size, &memory);
//   client->RegisterSystemSharedMemory("images", "/images", byte_size);
#pragma once

#include <cstddef>
#include <string>

#include "common.h"

namespace triton {
namespace client {

// Opens the region of that key, which begins with '/', or makes it, and gives it `byte_size` bytes.
Error CreateSharedMemoryRegion(std::string shm_key, size_t byte_size, int* shm_fd);

// `offset` is a multiple of the page size.
Error MapSharedMemory(int shm_fd, size_t offset, size_t byte_size, void** shm_addr);

Error CloseSharedMemory(int shm_fd);

Error UnlinkSharedMemoryRegion(std::string shm_key);

Error UnmapSharedMemory(void* shm_addr, size_t byte_size);

}  // namespace client
}  // namespace triton
