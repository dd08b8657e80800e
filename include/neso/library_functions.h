// Functions of a library that is opened at run time, and where a plug-in's own lies.
//
//   LibraryFunctions functions(library);
//   functions.Find(initialize, "cuInit");
//   if (functions.missing() != nullptr) ...
#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <string>
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

// What to give to dlopen(): `beside`, a path, if there is such a file; else `name`, which the run path of the library that
// calls leads to: plug-ins that do not carry their framework use the one of its own package.
inline std::string BesideOrOnRunPath(const std::string& beside, const std::string& name) {
  return access(beside.c_str(), F_OK) == 0 ? beside : name;
}

}  // namespace neso
