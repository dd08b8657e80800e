// What this process, the processes that it has started and the GPUs have in use: the readings between which the growth over a
// load is a model's memory (growth_meter.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace neso {

struct MemoryReading {
  // Two views of this process, each blind for something: what malloc has given out, which frameworks that map memory
  // themselves do not use, and what is resident and no file's, in which memory that was free before does not show. Without
  // what requests and answers take.
  int64_t heap = 0;
  int64_t resident = 0;
  int64_t free = 0;               // what malloc was given back and keeps, resident or not: no part of the heap
  int64_t children = 0;           // private to the processes below this one: workers of Python models
  std::map<int, int64_t> gpus{};  // used on each device, by whomever
  uint64_t opened_libraries = 0;  // since the process began: what they bring with them is nobody's in particular
};

// Thread-safe.
class MemoryReader {
 public:
  virtual ~MemoryReader() = default;
  virtual MemoryReading Read() const = 0;
  // At the end of what began with `before`, of which what malloc keeps is no part.
  virtual MemoryReading ReadAfter(const MemoryReading& before) const = 0;
};

class SystemMemory final : public MemoryReader {
 public:
  using ReadGpus = std::function<std::map<int, int64_t>()>;
  // `read_gpus` may be empty: there are none, or nobody tells.
  explicit SystemMemory(ReadGpus read_gpus) : read_gpus_(std::move(read_gpus)) {}
  // Takes some tenths of a millisecond, and more the more free pieces malloc keeps and the more workers there are.
  MemoryReading Read() const override;
  // Where something is resident for which there is no other reason, what malloc keeps is given back to the system first.
  MemoryReading ReadAfter(const MemoryReading& before) const override;

 private:
  const ReadGpus read_gpus_;
};

}  // namespace neso
