#include "frontend/grpc/open_streams.h"

#include <algorithm>

namespace neso {

void OpenStreams::Add(const std::weak_ptr<Stream>& stream) {
  {
    MutexLock lock(mutex_);
    if (!is_ending()) {
      if (streams_.size() >= sweep_at_) {
        std::erase_if(streams_, [](const auto& each) { return each.expired(); });
        sweep_at_ = std::max<size_t>(64, 2 * streams_.size());
      }
      return streams_.push_back(stream);
    }
  }
  // Its call came before the drain, and is late.
  if (const std::shared_ptr<Stream> late = stream.lock()) late->EndIfIdle();
}

void OpenStreams::EndIdle() {
  std::vector<std::weak_ptr<Stream>> streams;
  {
    MutexLock lock(mutex_);
    // Before they are looked at: one that is busy now sees it when its last answer is out.
    is_ending_.store(true);
    streams.swap(streams_);
  }
  for (const std::weak_ptr<Stream>& each : streams) {
    if (const std::shared_ptr<Stream> stream = each.lock()) stream->EndIfIdle();
  }
}

}  // namespace neso
