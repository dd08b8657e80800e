// Where requests find the model that answers them.
//
//   serving.Publish("digits", {version_1, version_2});
//   ModelHandle latest = serving.Find("digits", -1);   // version 2
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/model.h"

namespace neso {

// Thread-safe. Readers share the lock and never wait for each other; writers only swap pointers under it
// (serving_table_benchmark: 25 ns a lookup on one thread).
class ServingTable {
 public:
  // Replaces what the model served. `versions` ascend; none takes the model out.
  void Publish(const std::string& name, std::vector<ModelHandle> versions);

  // The version, or the latest for -1; null if it does not serve.
  ModelHandle Find(std::string_view name, int64_t version) const;
  // Ascending.
  std::vector<ModelHandle> Versions(std::string_view name) const;
  // By name, then version.
  std::vector<ModelHandle> All() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::vector<ModelHandle>, Hash, std::equal_to<>> models_;  // by mutex_
};

}  // namespace neso
