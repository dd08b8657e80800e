// A VersionLoader without backends, and a folder to put models in.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/test_folder.h"
#include "repository/version_loader.h"

namespace neso {

class NullScheduler final : public Scheduler {
 public:
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override { return Unavailable("nobody runs requests"); }
  void Stop() override {}
};

// Builds models that do nothing; fails for the models it is told to.
class FakeLoader final : public VersionLoader {
 public:
  Expected<ModelHandle> Load(const PolledModel& model, int64_t version, const std::stop_token& stop) override {
    std::shared_future<void> may_load;
    {
      MutexLock lock(mutex_);
      ++loads_[model.name + ":" + std::to_string(version)];
      const auto delay = load_delays_.find(model.name);
      if (delay != load_delays_.end()) may_load = delay->second;
    }
    if (may_load.valid()) may_load.wait();
    if (HasHung(model.name, stop)) return Internal("what it waited for has gone");
    MutexLock lock(mutex_);
    last_directory_ = model.local.path;
    const auto failure = failures_.find(model.name);
    if (failure != failures_.end() && failure->second == kThrow) throw std::bad_alloc();
    if (failure != failures_.end()) return Internal("{}", failure->second);
    auto built = std::make_shared<Model>(model.config, version, std::map<std::string, std::vector<std::string>>());
    built->SetScheduler(std::make_unique<NullScheduler>());
    ++live_;
    return built;
  }
  Status UpdateInPlace(Model& serving, const inference::ModelConfig& config, const std::stop_token& stop) override {
    if (HasHung(serving.name(), stop)) return Internal("what it waited for has gone");
    MutexLock lock(mutex_);
    ++updates_;
    return {};
  }

  void End(ModelHandle last) override {
    std::shared_future<void> may_end;
    {
      MutexLock lock(mutex_);
      --live_;
      const auto delay = delays_.find(last->name());
      if (delay != delays_.end()) may_end = delay->second;
    }
    if (may_end.valid()) may_end.wait();
  }
  std::string Explain(const PolledModel& model, int64_t version) override {
    MutexLock lock(mutex_);
    const auto failure = failures_.find(model.name);
    if (failure != failures_.end() && failure->second == kThrowLate) throw std::bad_alloc();
    return "";
  }

  // Messages that make a load throw, and what is asked about one that has failed.
  static constexpr const char* kThrow = "throw";
  static constexpr const char* kThrowLate = "throw late";
  void Fail(const std::string& name, const std::string& message) {
    MutexLock lock(mutex_);
    failures_[name] = message;
  }
  void Heal(const std::string& name) {
    MutexLock lock(mutex_);
    failures_.erase(name);
  }
  // Loads and updates of it end, with an error, when they are stopped.
  void Hang(const std::string& name) {
    MutexLock lock(mutex_);
    hanging_.insert(name);
  }
  void WaitUntilHanging(int count) {
    MutexLock lock(mutex_);
    while (hung_ < count) changed_.Wait(mutex_);
  }
  // The model is loaded once `may_load` is set.
  void DelayLoad(const std::string& name, std::shared_future<void> may_load) {
    MutexLock lock(mutex_);
    load_delays_[name] = std::move(may_load);
  }
  // The model ends once `may_end` is set.
  void DelayEnd(const std::string& name, std::shared_future<void> may_end) {
    MutexLock lock(mutex_);
    delays_[name] = std::move(may_end);
  }
  int loads(const std::string& id) {
    MutexLock lock(mutex_);
    return loads_[id];
  }
  // Copies that were built and do not end yet.
  int live() {
    MutexLock lock(mutex_);
    return live_;
  }
  int updates() {
    MutexLock lock(mutex_);
    return updates_;
  }
  std::string last_directory() {
    MutexLock lock(mutex_);
    return last_directory_;
  }

 private:
  bool HasHung(const std::string& name, const std::stop_token& stop) {
    {
      MutexLock lock(mutex_);
      if (!hanging_.contains(name)) return false;
      ++hung_;
      changed_.NotifyAll();
    }
    std::promise<void> stopped;
    const std::stop_callback wake(stop, [&stopped] { stopped.set_value(); });
    stopped.get_future().wait();
    return true;
  }

  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> hanging_ GUARDED_BY(mutex_);
  int hung_ GUARDED_BY(mutex_) = 0;  // ever
  std::map<std::string, int> loads_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> failures_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_future<void>> load_delays_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_future<void>> delays_ GUARDED_BY(mutex_);
  int live_ GUARDED_BY(mutex_) = 0;
  int updates_ GUARDED_BY(mutex_) = 0;
  std::string last_directory_ GUARDED_BY(mutex_);
};

// A repository that goes with the test.
class RepositoryFolder final : public TestFolder {
 public:
  // An ensemble from I to O through the models of AddModel, or other ensembles, one after the other.
  void AddEnsemble(const std::string& name, const std::vector<std::string>& models) const {
    std::string text =
        "platform: \"ensemble\"\ninput { name: \"I\" data_type: TYPE_FP32 dims: 1 }\n"
        "output { name: \"O\" data_type: TYPE_FP32 dims: 1 }\nensemble_scheduling {\n";
    for (size_t i = 0; i < models.size(); ++i) {
      const std::string from = i == 0 ? "I" : "t" + std::to_string(i);
      const std::string to = i + 1 == models.size() ? "O" : "t" + std::to_string(i + 1);
      text += "step { model_name: \"" + models[i] + "\" model_version: -1 input_map { key: \"I\" value: \"" + from +
              "\" } output_map { key: \"O\" value: \"" + to + "\" } }\n";
    }
    Write(name + "/config.pbtxt", text + "}\n");
    Write(name + "/1/.keep", "");
  }
  // A model of a backend that nobody looks for, with versions 1 to `versions`.
  void AddModel(const std::string& name, int versions = 1, const std::string& more = "") const {
    Write(name + "/config.pbtxt",
          "backend: \"fake\"\ninput { name: \"I\" data_type: TYPE_FP32 dims: 1 }\n"
          "output { name: \"O\" data_type: TYPE_FP32 dims: 1 }\n" +
              more);
    for (int version = 1; version <= versions; ++version) Write(name + "/" + std::to_string(version) + "/model", "x");
  }
};

}  // namespace neso
