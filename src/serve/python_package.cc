#include "serve/python_package.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/owned_descriptor.h"
#include "base/text.h"
#include "neso/spawn_attributes.h"

extern char** environ;

namespace neso {
namespace {

// Finds, and imports nothing: a package's own code may do anything. A distribution's first package is that of the first of its
// files that lies in a folder.
constexpr const char* kScript = R"(
import importlib.metadata as metadata, importlib.util, os, sys
def folder(name):
    try:
        spec = importlib.util.find_spec(name) if '.' not in name else None
    except (ImportError, ValueError):
        spec = None
    return next(iter(spec.submodule_search_locations or []), None) if spec else None
name = sys.argv[1]
found = folder(name)
if not found:
    try:
        tops = [file.parts[0] for file in metadata.files(name) or [] if file.suffix == '.py' and len(file.parts) > 1]
        found = next(filter(None, map(folder, tops)), None)
    except metadata.PackageNotFoundError:
        pass
print(os.path.abspath(found) if found else '')
)";

struct Pipe {
  OwnedDescriptor read{-1};
  OwnedDescriptor write{-1};
};

Expected<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return NotFound("; no pipe to python3 could be made");
  return Pipe{.read = OwnedDescriptor(ends[0]), .write = OwnedDescriptor(ends[1])};
}

std::string ReadAll(int fd) {
  std::string text;
  char block[4096];
  while (true) {
    const ssize_t got = read(fd, block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(block, static_cast<size_t>(got));
  }
}

}  // namespace

Expected<std::string> FolderOfPackage(const std::string& name) {
  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, pipe.write.get(), STDOUT_FILENO);
  const SpawnAttributes attributes(ProcessGroup::kOfParent);
  const char* const arguments[] = {"python3", "-c", kScript, name.c_str(), nullptr};
  pid_t process = -1;
  const int error = posix_spawnp(&process, "python3", &files, attributes.get(), const_cast<char**>(arguments), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return NotFound("; there is no python3 that could be asked for packages");
  pipe.write = OwnedDescriptor(-1);
  const std::string said = ReadAll(pipe.read.get());
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  std::string folder(TrimBlanks(said));
  if (folder.empty()) return NotFound("");
  return folder;
}

}  // namespace neso
