// The one name that this library shows.
#include "object_store/stores.h"

namespace neso::object_store {
namespace {

std::unique_ptr<ObjectStores> Make(ObjectStoreHost& host) {
  return std::make_unique<Stores>(host, MakeCurlClient(host));
}

}  // namespace
}  // namespace neso::object_store

extern "C" {
extern const neso::ObjectStoreEntry neso_object_store_entry __attribute__((visibility("default")));
const neso::ObjectStoreEntry neso_object_store_entry = neso::object_store::Make;
}
