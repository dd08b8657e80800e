// Functions of a library that is opened at run time.
//
//   LibraryFunctions functions(library);
//   functions.Find(initialize, "cuInit");
//   if (functions.missing() != nullptr) ...
#pragma once

#include <dlfcn.h>

#include <type_traits>

namespace neso {

class LibraryFunctions {
 public:
  explicit LibraryFunctions(void* library) : library_(library) {}

  template <typename Function>
  void Find(Function& function, const char* symbol) {
    static_assert(std::is_function_v<std::remove_pointer_t<Function>>);
    function = reinterpret_cast<Function>(dlsym(library_, symbol));
    if (function == nullptr && missing_ == nullptr) missing_ = symbol;
  }
  // The first symbol that was not found; null if all were.
  const char* missing() const { return missing_; }

 private:
  void* const library_;
  const char* missing_ = nullptr;
};

}  // namespace neso
