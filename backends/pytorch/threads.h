// The processors that PyTorch's executions share.
//
//   const ThreadShare share;     // while a model runs
//
// OpenMP gives each thread that calls a model a team of its own, as large as the machine: a few models at once would fight
// for the cores. Here an execution gets a team of all processors that this process may use if it is alone, and its part of
// them if it is not. INTRA_OP_THREAD_COUNT of a model replaces their number, for the whole process.
#pragma once

#include <cstdint>

namespace neso::pytorch {

// Counts above 0; the first one for each holds until the process ends.
void SetThreadCounts(int64_t intra_op, int64_t inter_op);

class ThreadShare {
 public:
  ThreadShare();
  ~ThreadShare();
  ThreadShare(const ThreadShare&) = delete;
  ThreadShare& operator=(const ThreadShare&) = delete;
};

}  // namespace neso::pytorch
