// Where requests find the model that answers them.
//
//   serving.Publish("digits", {version_1, version_2});
//   ModelHandle latest = serving.Find("digits", -1);   // version 2
//
// Models are published under their ids (config/model_id.h). An id that has a namespace need not be given in full: the name
// finds the model, too, if no other model of that name serves.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "core/model.h"

namespace neso {

// Thread-safe. Readers share the lock and never wait for each other; writers only swap pointers under it
// (serving_table_benchmark: 25 ns a lookup on one thread). Whoever wants all, which takes longer, has a list and a lock
// of its own.
class ServingTable {
 public:
  // How many handles of each model it has: one for those who look for it, one in the list of all.
  static constexpr int64_t kHandles = 2;

  // `namespacing`: ids have namespaces.
  explicit ServingTable(bool namespacing = false) : namespacing_(namespacing) {}

  // Replaces what the model served. `versions` ascend; none takes the model out.
  void Publish(const std::string& id, std::vector<ModelHandle> versions);

  // The version, or the latest for -1; null if it does not serve.
  ModelHandle Find(std::string_view name, int64_t version) const;
  // Ascending.
  std::vector<ModelHandle> Versions(std::string_view name) const;
  // By id, then version.
  std::vector<ModelHandle> All() const;
  // With namespacing: of the models that serve, those of this name.
  std::set<std::string> IdsOf(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  // Keeps ids_. With the lock held, as the next.
  void Name(const std::string& id, bool serves);
  // Null: none.
  const std::vector<ModelHandle>* Lookup(std::string_view name) const;

  const bool namespacing_;
  mutable std::shared_mutex mutex_;
  ByText<std::vector<ModelHandle>> models_;  // by mutex_, as the next
  ByText<std::set<std::string>> ids_;        // by name, with namespacing
  mutable Mutex list_mutex_;
  std::map<std::string, std::vector<ModelHandle>> list_ GUARDED_BY(list_mutex_);  // what models_ has
};

}  // namespace neso
