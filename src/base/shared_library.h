// A plug-in's library, opened for as long as the process lives.
//
//   ASSIGN_OR_RETURN(SharedLibrary library, SharedLibrary::Open("/backends/foo/libtriton_foo.so"));
//   auto* execute = library.Find<ExecuteFunction>("TRITONBACKEND_ModelInstanceExecute");
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/status.h"

namespace neso {

// Never closed: frameworks leave threads and exit handlers behind. A value; copies mean the same library.
class SharedLibrary {
 public:
  // All symbols are resolved at once, and none is visible to other libraries.
  // Errors: kNotFound "unable to load shared library: <the loader's reason>".
  static Expected<SharedLibrary> Open(const std::string& path);

  const std::string& path() const { return path_; }

  // Null if the library does not define `symbol`.
  template <typename Type>
  Type* Find(const char* symbol) const {
    return reinterpret_cast<Type*>(FindAddress(symbol));
  }
  // Whether the library has a struct `symbol` (neso/backend/traits.h, neso/cache/traits.h) whose flags contain `trait`.
  template <typename Traits>
  bool Promises(const char* symbol, uint32_t trait) const {
    const auto* const traits = Find<const Traits>(symbol);
    return traits != nullptr && traits->struct_size >= sizeof(Traits) && (traits->flags & trait) != 0;
  }
  // Errors: kNotFound "unable to find required entrypoint '<symbol>' in shared library: <the loader's reason>".
  Status Require(const char* symbol) const;

 private:
  SharedLibrary(std::string path, void* handle) : path_(std::move(path)), handle_(handle) {}
  void* FindAddress(const char* symbol) const;

  std::string path_;
  void* handle_;
};

}  // namespace neso
