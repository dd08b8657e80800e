// A shared-memory object for tests, as a client makes it; unlinked when it goes.
//
//   TestObject object("pixels", 4096);
//   manager.RegisterSystem("in", {.key = object.key(), .byte_size = 4096});
//   object.bytes()[0] = 1;
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <span>
#include <string>

namespace neso {

class TestObject {
 public:
  // `name` is the test's; the process's number is added, so that tests may run side by side.
  TestObject(const std::string& name, size_t byte_size)
      : key_("/neso_test_" + name + "_" + std::to_string(getpid())), byte_size_(byte_size) {
    shm_unlink(key_.c_str());  // of a process of that number that crashed
    fd_ = shm_open(key_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd_ < 0 || ftruncate(fd_, static_cast<off_t>(byte_size)) != 0) std::abort();
    void* base = mmap(nullptr, byte_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (base == MAP_FAILED) std::abort();
    base_ = static_cast<char*>(base);
  }
  ~TestObject() {
    munmap(base_, byte_size_);
    close(fd_);
    shm_unlink(key_.c_str());
  }
  TestObject(const TestObject&) = delete;
  TestObject& operator=(const TestObject&) = delete;

  const std::string& key() const { return key_; }
  // Not to be touched beyond what Truncate leaves.
  std::span<char> bytes() const { return {base_, byte_size_}; }
  void Truncate(size_t byte_size) const {
    if (ftruncate(fd_, static_cast<off_t>(byte_size)) != 0) std::abort();
  }

 private:
  const std::string key_;
  const size_t byte_size_;
  int fd_ = -1;
  char* base_ = nullptr;
};

}  // namespace neso
