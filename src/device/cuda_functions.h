// The functions of CUDA's driver library that are used here, found in a library that is opened at run time.
//
// Types are the library's, under our names. All functions return 0 for success.
// Source: CUDA driver API.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace neso {

// cudaIpcMemHandle_t: another process's allocation, as it can be sent.
inline constexpr size_t kCudaIpcHandleBytes = 64;
struct CudaIpcHandle {
  std::array<char, kCudaIpcHandleBytes> bytes;
};

struct CudaFunctions {
  using Device = int;
  using Context = void*;
  using Address = unsigned long long;
  using Stream = void*;
  struct Uuid {
    std::array<unsigned char, 16> bytes;
  };

  int (*initialize)(unsigned flags);
  int (*error_string)(int result, const char** text);

  int (*device_count)(int* count);
  int (*device)(Device* device, int ordinal);
  int (*device_name)(char* name, int size, Device device);
  int (*device_uuid)(Uuid* uuid, Device device);
  int (*device_memory)(size_t* bytes, Device device);
  int (*device_attribute)(int* value, int attribute, Device device);

  int (*retain_primary_context)(Context* context, Device device);
  int (*release_primary_context)(Device device);
  int (*push_context)(Context context);
  int (*pop_context)(Context* context);

  int (*open_ipc_handle)(Address* address, CudaIpcHandle handle, unsigned flags);
  int (*close_ipc_handle)(Address address);
  int (*get_ipc_handle)(CudaIpcHandle* handle, Address address);
  int (*address_range)(Address* base, size_t* size, Address address);

  int (*allocate)(Address* address, size_t bytes);
  int (*free)(Address address);
  int (*allocate_host)(void** memory, size_t bytes, unsigned flags);
  int (*free_host)(void* memory);
  int (*memory_info)(size_t* free, size_t* total);

  // Addresses without memory, memory without address, and the one put behind the other.
  struct MemoryProperties {
    int type = 1;           // CU_MEM_ALLOCATION_TYPE_PINNED
    int handle_types = 0;   // not to be shared
    int location_type = 1;  // CU_MEM_LOCATION_TYPE_DEVICE
    int location_id = 0;
    void* win32_metadata = nullptr;
    std::array<unsigned char, 8> flags{};
  };
  struct Access {
    int location_type = 1;
    int location_id = 0;
    int flags = 3;  // CU_MEM_ACCESS_FLAGS_PROT_READWRITE
  };
  using Memory = unsigned long long;
  int (*reserve_addresses)(Address* address, size_t bytes, size_t alignment, Address wanted, unsigned long long flags);
  int (*free_addresses)(Address address, size_t bytes);
  int (*create_memory)(Memory* memory, size_t bytes, const MemoryProperties* properties, unsigned long long flags);
  int (*release_memory)(Memory memory);
  int (*map)(Address address, size_t bytes, size_t offset, Memory memory, unsigned long long flags);
  int (*unmap)(Address address, size_t bytes);
  int (*set_access)(Address address, size_t bytes, const Access* access, size_t count);

  // Addresses are unified: the driver knows where each lies.
  int (*copy)(Address to, Address from, size_t bytes, Stream stream);
  int (*synchronize)(Stream stream);
  int (*can_access_peer)(int* can, Device device, Device peer);
  int (*enable_peer_access)(Context peer, unsigned flags);

  // Null on success, else the name of the symbol that is missing.
  const char* Find(void* library);
  std::string Text(int result) const;
};

}  // namespace neso
