#include "frontend/grpc/health_watch.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "base/exception_status.h"
#include "frontend/grpc/control_message.h"
#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/health.pb.h"

namespace neso {
namespace {

using Health = grpc::health::v1::HealthCheckResponse;

constexpr std::chrono::milliseconds kInterval{100};
// "" is the server as a whole.
constexpr std::string_view kServices[] = {"", "inference.GRPCInferenceService", "grpc.health.v1.Health"};

}  // namespace

// One call.
class HealthWatchers::Watch final : public net::GrpcReceiver, public std::enable_shared_from_this<Watch> {
 public:
  Watch(HealthWatchers& watchers, net::GrpcCallRef call) : watchers_(watchers), call_(std::move(call)) {}

  void OnMessage(BufferRef message) override {
    ++message_count_;
    const size_t size = message ? message->size() : 0;
    grpc::health::v1::HealthCheckRequest request;
    is_readable_ =
        size <= INT32_MAX && request.ParseFromArray(size == 0 ? "" : message->data(), static_cast<int>(size));
    is_known_ = std::find(std::begin(kServices), std::end(kServices), request.service()) != std::end(kServices);
  }
  void OnEnd() override {
    if (message_count_ != 1 || !is_readable_) return call_->Finish(UnreadableRequest());
    watchers_.AddLater(shared_from_this());
  }
  void OnCancel() override {
    is_gone_ = true;
    watchers_.Remove(*this);
  }

  bool is_gone() const { return is_gone_; }
  // Says it if it is news. Only one thread at a time.
  void Tell(bool is_serving) {
    const Health::ServingStatus status = !is_known_   ? Health::SERVICE_UNKNOWN
                                         : is_serving ? Health::SERVING
                                                      : Health::NOT_SERVING;
    if (status == told_) return;
    Health response;
    response.set_status(status);
    call_->Send(Serialized(response));
    told_ = status;  // an exception above leaves it to be said again
  }
  void End() { call_->Finish({net::GrpcCode::kUnavailable, kShuttingDown}); }
  void Fail(const Status& error) { call_->Finish(ToGrpcStatus(error)); }

  size_t place = 0;  // in `watches_`, and with its lock

 private:
  HealthWatchers& watchers_;
  const net::GrpcCallRef call_;
  size_t message_count_ = 0;
  bool is_readable_ = false;
  bool is_known_ = false;
  std::atomic<bool> is_gone_{false};
  Health::ServingStatus told_ = Health::UNKNOWN;
};

net::GrpcReceiverRef HealthWatchers::Begin(net::GrpcCallRef call) {
  return std::make_shared<Watch>(*this, std::move(call));
}

bool HealthWatchers::IsServing() const {
  const Expected<bool> ready = server_.IsReady();
  return ready && *ready;
}

void HealthWatchers::AddLater(std::shared_ptr<Watch> watch) {
  timers_.Schedule(std::chrono::steady_clock::now(), [this, watch = std::move(watch)] {
    try {
      Add(watch);
    } catch (...) {
      watch->Fail(StatusOfException());
    }
  });
}

// The first word is said before anybody else can see the watch.
void HealthWatchers::Add(std::shared_ptr<Watch> watch) {
  watch->Tell(IsServing());
  {
    MutexLock lock(mutex_);
    if (!is_draining_) {
      if (watch->is_gone()) return;  // Remove has been here
      watch->place = watches_.size();
      watches_.push_back(std::move(watch));
      if (!is_looking_) LookLater();
      return;
    }
  }
  watch->Tell(false);
  watch->End();
}

void HealthWatchers::Remove(const Watch& watch) {
  std::shared_ptr<Watch> removed;  // let go of without the lock
  MutexLock lock(mutex_);
  const size_t place = watch.place;
  if (place >= watches_.size() || watches_[place].get() != &watch) return;
  std::swap(watches_[place], watches_.back());
  watches_[place]->place = place;
  removed = std::move(watches_.back());
  watches_.pop_back();
}

void HealthWatchers::LookLater() {
  timers_.Schedule(std::chrono::steady_clock::now() + kInterval, [this] { Look(); });
  is_looking_ = true;
}

// Whatever fails in one look, there is a next one.
void HealthWatchers::Look() {
  try {
    TellAll();
  } catch (...) {
    LogException("a health watch");
  }
  MutexLock lock(mutex_);
  is_looking_ = false;
  if (!watches_.empty()) LookLater();
}

void HealthWatchers::TellAll() {
  const bool is_serving = IsServing();
  std::vector<std::shared_ptr<Watch>> watches;
  {
    MutexLock lock(mutex_);
    watches = watches_;
  }
  for (const std::shared_ptr<Watch>& watch : watches) {
    try {
      watch->Tell(is_serving);
    } catch (...) {
      LogException("a health watch");  // the others are to hear of it now, this one at the next look
    }
  }
}

void HealthWatchers::BeginDrain() {
  {
    MutexLock lock(mutex_);
    is_draining_ = true;
    if (watches_.empty()) return;
  }
  // On the thread that looks, so that no older word comes after the last one.
  timers_.Schedule(std::chrono::steady_clock::now(), [this] {
    std::vector<std::shared_ptr<Watch>> watches;
    {
      MutexLock lock(mutex_);
      watches.swap(watches_);
    }
    for (const std::shared_ptr<Watch>& watch : watches) {
      watch->Tell(false);
      watch->End();
    }
  });
}

}  // namespace neso
