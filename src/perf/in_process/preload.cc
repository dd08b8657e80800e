#include "perf/in_process/preload.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/shared_library.h"

namespace neso::perf {
namespace {

constexpr const char* kVariable = "LD_PRELOAD";

bool IsInProcess(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
  if (handle != nullptr) dlclose(handle);
  return handle != nullptr;
}

// What models start is to have what there was.
void TakeBack(const std::string& added, const std::string& preloaded) {
  if (preloaded == added) {
    unsetenv(kVariable);
  } else if (preloaded.starts_with(added + ":")) {
    setenv(kVariable, preloaded.c_str() + added.size() + 1, 1);
  }
}

Status BeginAnew(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv("/proc/self/exe", words.data());
  return Unavailable("cannot begin anew: {}", std::strerror(errno));
}

}  // namespace

Status BeginWithLibrary(const std::string& library, const std::vector<std::string>& arguments) {
  std::error_code error;
  const std::string file = std::filesystem::canonical(library, error);
  const char* const set = std::getenv(kVariable);
  const std::string preloaded = set == nullptr ? "" : set;
  const std::string& added = file.empty() ? library : file;
  if (IsInProcess(added)) {
    TakeBack(added, preloaded);
    return {};
  }
  RETURN_IF_ERROR(SharedLibrary::Open(added).status());
  // Colons and blanks separate names there.
  if (preloaded.starts_with(added) || added.find_first_of(": ") != std::string::npos)
    return Unavailable("the loader does not take {} before this program's own libtritonserver.so", added);
  setenv(kVariable, preloaded.empty() ? added.c_str() : (added + ":" + preloaded).c_str(), 1);
  return BeginAnew(arguments);
}

}  // namespace neso::perf
