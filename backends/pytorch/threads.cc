#include "threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#include "neso/backend/log.h"
#include "neso/processors.h"
#include "torch_call.h"

// Of the OpenMP library that PyTorch's uses: how large a team the calling thread has from now on. at::set_num_threads() would
// start the threads of a second pool.
extern "C" void omp_set_num_threads(int count);

namespace neso::pytorch {
namespace {

std::atomic<int64_t> chosen_intra_op{0};  // 0: nobody did
std::atomic<int64_t> chosen_inter_op{0};
std::atomic<int64_t> executions{0};  // that run now

bool ChooseFirst(std::atomic<int64_t>& chosen, int64_t count) {
  int64_t nobody = 0;
  return count > 0 && chosen.compare_exchange_strong(nobody, count);
}

}  // namespace

void SetThreadCounts(int64_t intra_op, int64_t inter_op) {
  ChooseFirst(chosen_intra_op, intra_op);
  if (!ChooseFirst(chosen_inter_op, inter_op)) return;
  const backend::Status set = TryTorch("", [&] { at::set_num_interop_threads(static_cast<int>(inter_op)); });
  if (!set.ok()) NESO_LOG_WARNING("INTER_OP_THREAD_COUNT comes too late, models have run: ", set.message());
}

ThreadShare::ThreadShare() {
  const int64_t running = executions.fetch_add(1) + 1;
  const int64_t chosen = chosen_intra_op.load(std::memory_order_relaxed);
  const auto processors = static_cast<int64_t>(UsableProcessors());
  at::get_num_threads();  // PyTorch sets a thread's number itself when it is first asked for it
  omp_set_num_threads(static_cast<int>(chosen > 0 ? chosen : std::max<int64_t>(processors / running, 1)));
}

ThreadShare::~ThreadShare() { executions.fetch_sub(1); }

}  // namespace neso::pytorch
