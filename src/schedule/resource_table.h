// What there is of each resource that instances need while they execute, and what of it is in use.
//
// A resource is global, or there is one of its name for each device. There is as much of it as its limit says; without
// limits, as much as the instance needs that needs most of it. So each instance alone can always execute.
// Source: model configuration, "rate_limiter"; options --rate-limit-resource.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// A limit that the server was started with.
struct ResourceLimit {
  static constexpr int kEveryDevice = -1;
  std::string name;
  uint64_t count = 0;
  int device = kEveryDevice;  // of no meaning for a global resource
};

struct ResourceNeed {
  size_t resource = 0;  // its place in the table
  uint64_t count = 0;
};

// Thread-compatible.
class ResourceTable {
 public:
  // Of several limits for a resource the largest counts; of several for the same device, the smallest.
  explicit ResourceTable(std::span<const ResourceLimit> limits);

  // The needs of one more instance on `device`, until Remove.
  // Errors: kInvalidArg for more than a limit allows, and for a name that is both global and of a device. On error
  // nothing has changed.
  Expected<std::vector<ResourceNeed>> Add(const inference::ModelRateLimiter& limiter, int device);
  void Remove(std::span<const ResourceNeed> needs);

  // Precondition: there is as much.
  void Use(std::span<const ResourceNeed> needs);
  void GiveBack(std::span<const ResourceNeed> needs);
  // What nobody uses, by the places of the resources.
  std::span<const uint64_t> free() const { return free_; }

 private:
  static constexpr int kGlobal = -2;        // where a device would stand
  using Key = std::pair<int, std::string>;  // device, name
  using Counts = std::map<Key, uint64_t>;
  struct Resource {
    Key key;
    std::multiset<uint64_t> needs;  // of the instances; none: the place is vacant
    uint64_t in_use = 0;
  };
  struct Uses {
    size_t global = 0, of_devices = 0;  // resources of a name
  };

  Status CheckLimit(const Key& key, uint64_t count) const;
  Status CheckKind(const Counts& counts) const;
  uint64_t LimitOf(const Key& key) const;
  size_t PlaceOf(const Key& key);
  void Vacate(size_t place);
  void Refresh(size_t place);

  Counts limits_;
  std::vector<Resource> resources_;
  std::vector<uint64_t> free_;
  std::vector<size_t> vacant_;
  std::map<Key, size_t> places_;
  std::map<std::string, Uses> uses_;
};

}  // namespace neso
