// Where whoever has a request finds the model that is to answer it.
//
//   ASSIGN_OR_RETURN(ModelHandle model, finder.Find("digits", -1));
//   finder.FindThen("digits", -1, [call](Expected<ModelHandle> model) { ... submit ... });
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "core/model_handle.h"

namespace neso {

// Thread-safe. Every request asks here: to find a model that serves costs one shared lock, one hash and one reference.
class ModelFinder {
 public:
  using Found = std::function<void(Expected<ModelHandle>)>;

  virtual ~ModelFinder() = default;

  // The model that serves now; `version` -1: the latest that is ready.
  // Errors: kNotFound, kUnavailable (not ready, starting, stopping) with the texts of the lookup table.
  Expected<ModelHandle> Find(std::string_view name, int64_t version) const {
    if (ModelHandle model = Serving(name, version)) return model;
    return WhyNotServing(name, version);
  }

  // The same for whoever can go on later: a model that does not serve yet may be loaded first. `then` gets what Find
  // returns, once: within this call when there is nothing to wait for, else on a thread that may run inference. No
  // thread waits meanwhile, so `then` owns what it touches.
  template <typename Then>
  void FindThen(std::string_view name, int64_t version, Then&& then) const {
    if (ModelHandle model = Serving(name, version)) {
      then(Expected<ModelHandle>(std::move(model)));
    } else {
      Bring(name, version, Found(std::forward<Then>(then)));
    }
  }

 private:
  // Null: it does not serve.
  virtual ModelHandle Serving(std::string_view name, int64_t version) const = 0;
  virtual Status WhyNotServing(std::string_view name, int64_t version) const = 0;
  // What FindThen does about a model that does not serve: a finder that loads on demand begins to load it.
  virtual void Bring(std::string_view name, int64_t version, Found found) const { found(WhyNotServing(name, version)); }
};

}  // namespace neso
