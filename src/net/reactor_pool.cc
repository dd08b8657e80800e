#include "net/reactor_pool.h"

#include <algorithm>

#include "neso/processors.h"

namespace neso::net {

ReactorPool::ReactorPool(Executor& executor, ReactorOptions options) : sentinel_(options.late_after) {
  if (options.groups == 0) options.groups = std::max<size_t>(UsableProcessors() / 2, 1);
  std::vector<ReactorGroup*> watched;
  for (size_t i = 0; i < options.groups; i++) {
    groups_.push_back(std::make_unique<ReactorGroup>(executor, sentinel_, options));
    watched.push_back(groups_.back().get());
  }
  sentinel_.Watch(std::move(watched));
}

ReactorPool::~ReactorPool() {
  sentinel_.Stop();
  groups_.clear();
}

size_t ReactorPool::ThreadsForTest() const {
  size_t threads = 0;
  for (const auto& group : groups_) threads += group->ThreadsForTest();
  return threads;
}

}  // namespace neso::net
