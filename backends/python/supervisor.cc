#include "supervisor.h"

#include <algorithm>
#include <system_error>

#include "neso/backend/log.h"
#include "neso/backend/lost.h"

namespace neso::python {

using backend::Status;

namespace {

// A worker that lived that long has not died of what killed the one before it.
constexpr std::chrono::seconds kLivedWell{60};
constexpr int kMostDeaths = 8;
constexpr std::chrono::milliseconds kFirstDelay{500};
constexpr std::chrono::milliseconds kLongestDelay{30'000};

std::chrono::milliseconds Delay(int deaths) {
  if (deaths <= 1) return std::chrono::milliseconds(0);
  return std::min(kFirstDelay * (1 << std::min(deaths - 2, 10)), kLongestDelay);
}

}  // namespace

backend::Result<std::shared_ptr<Worker>> Supervisor::Launch() {
  NESO_ASSIGN_OR_RETURN(std::shared_ptr<Worker> worker, Worker::Start(interpreter_, place_, [weak = weak_from_this()] {
                          if (const std::shared_ptr<Supervisor> self = weak.lock()) self->OnExit();
                        }));
  {
    const std::lock_guard lock(mutex_);
    starting_ = worker;
    if (stopping_) worker->Kill();
  }
  Status initialized = worker->Initialize(arguments_);
  {
    const std::lock_guard lock(mutex_);
    starting_.reset();
  }
  if (!initialized.ok()) {
    worker->Kill();
    return initialized;
  }
  return worker;
}

Status Supervisor::Start() {
  NESO_ASSIGN_OR_RETURN(std::shared_ptr<Worker> worker, Launch());
  const std::lock_guard lock(mutex_);
  if (worker->gone()) return NotHealthy(place_.name);
  worker_ = std::move(worker);
  started_ = std::chrono::steady_clock::now();
  return {};
}

std::shared_ptr<Worker> Supervisor::worker() {
  const std::lock_guard lock(mutex_);
  return worker_ != nullptr && !worker_->gone() ? worker_ : nullptr;
}

Status Supervisor::CheckReady() {
  std::shared_ptr<Worker> current;
  {
    const std::lock_guard lock(mutex_);
    if (!why_given_up_.empty()) return Status::Internal(why_given_up_);
    current = worker_;
  }
  return current != nullptr ? current->CheckReady() : NotHealthy(place_.name);
}

void Supervisor::OnExit() {
  const std::lock_guard lock(mutex_);
  // One that died while it started is the starter's business.
  if (stopping_ || restarting_ || worker_ == nullptr || !worker_->gone()) return;
  worker_.reset();
  const auto lived = std::chrono::steady_clock::now() - started_;
  deaths_ = lived > kLivedWell ? 1 : deaths_ + 1;
  NESO_LOG_ERROR("the Python process of '", place_.name, "' has died; it is started again");
  if (restart_.joinable()) restart_.join();  // it has nothing left to do
  restarting_ = true;
  try {
    restart_ = std::thread([self = shared_from_this()] { self->Restart(); });
  } catch (const std::system_error& error) {
    restarting_ = false;
    GiveUp("No thread could be started to restart it: load the model anew.");
  }
}

void Supervisor::Restart() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (deaths_ > kMostDeaths) {
      GiveUp(
          backend::Concat("It has died ", deaths_, " times in a row and is not started again: load the model anew."));
      break;
    }
    if (stop_.wait_for(lock, Delay(deaths_), [this] { return stopping_; })) break;
    lock.unlock();
    backend::Result<std::shared_ptr<Worker>> launched = Launch();
    lock.lock();
    if (launched && !(*launched)->gone()) {
      worker_ = *launched;
      started_ = std::chrono::steady_clock::now();
      break;
    }
    if (stopping_) break;
    ++deaths_;
    if (!launched) NESO_LOG_ERROR("cannot restart '", place_.name, "': ", launched.status().message());
  }
  restarting_ = false;
}

void Supervisor::GiveUp(std::string_view why) {
  why_given_up_ = backend::Concat(NotHealthy(place_.name).message(), " ", why);
  NESO_LOG_ERROR(why_given_up_);
  if (NESOBACKEND_ModelInstanceLost == nullptr) return;
  NESO_LOG_IF_ERROR(NESOBACKEND_ModelInstanceLost(place_.instance, why_given_up_.c_str()), place_.name,
                    ": nobody is told that it is lost");
}

void Supervisor::EndStart() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  if (starting_ != nullptr) starting_->Kill();
  stop_.notify_all();
}

void Supervisor::Stop() {
  EndStart();
  std::thread restart;
  {
    const std::lock_guard lock(mutex_);
    restart.swap(restart_);
  }
  if (restart.joinable()) restart.join();
  std::shared_ptr<Worker> last;
  {
    const std::lock_guard lock(mutex_);
    last.swap(worker_);
  }
  if (last != nullptr) last->Finalize();
}

}  // namespace neso::python
