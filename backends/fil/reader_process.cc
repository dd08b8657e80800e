#include "reader_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "neso/spawn_attributes.h"

extern char** environ;

namespace neso::fil {
namespace {

using backend::Result;
using backend::Status;

constexpr int kResult = 3;  // its number in the process
// Far above what treelite needs, which is some 10 times the file and a second for each 50 MB of JSON.
constexpr uint64_t kMemory = uint64_t{1} << 29;
constexpr uint64_t kMemoryPerByte = 64;
constexpr uint64_t kMilliseconds = 500;
constexpr uint64_t kBytesPerMillisecond = 512;

// A file without a name, in memory.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(memfd_create(name, MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

std::string Text(int file) {
  const MappedBytes mapped(file);
  const std::span<const std::byte> bytes = mapped.bytes();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text = text.substr(0, 2000);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return std::string(text);
}

class SpawnActions {
 public:
  SpawnActions(int result, int log) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, log, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, log, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files_, result, kResult);
  }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&files_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  // 0, or the error's number.
  int Spawn(const char* const* arguments, pid_t& process) const {
    return posix_spawn(&process, arguments[0], &files_, attributes_.get(), const_cast<char**>(arguments), environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  const SpawnAttributes attributes_{ProcessGroup::kOfParent};
};

Status Unknown(const std::string& text) { return {TRITONSERVER_ERROR_UNKNOWN, text}; }

// Why there is no checkpoint.
Status Failure(int status, int result, const std::string& log) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
    const std::string text = Text(result);
    return Unknown(text.empty() ? "treelite does not say why" : text);
  }
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGKILL)) {
    return Unknown("the file is damaged: treelite does not come to its end");
  }
  if (WIFSIGNALED(status)) {
    return Unknown(backend::Concat("the file is damaged: treelite ended with signal ", WTERMSIG(status),
                                   log.empty() ? "" : ": ", log));
  }
  return Unknown(backend::Concat("the process that reads it ended with status ", WEXITSTATUS(status),
                                 log.empty() ? "" : ": ", log));
}

}  // namespace

MappedBytes::MappedBytes(int file) {
  struct stat facts = {};
  if (fstat(file, &facts) != 0 || facts.st_size <= 0) return;
  void* const memory = mmap(nullptr, static_cast<size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED) return;
  data_ = static_cast<const std::byte*>(memory);
  size_ = static_cast<size_t>(facts.st_size);
}

MappedBytes::~MappedBytes() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

Result<std::unique_ptr<MappedBytes>> ReadModelFile(const std::string& program, const ModelFile& file,
                                                   std::string& warnings) {
  struct stat facts = {};
  if (stat(file.path.c_str(), &facts) != 0) return Unknown(std::strerror(errno));
  const auto size = static_cast<uint64_t>(facts.st_size);
  const std::string memory = std::to_string(kMemory + (kMemoryPerByte * size));
  const std::string milliseconds = std::to_string(kMilliseconds + (size / kBytesPerMillisecond));
  const MemoryFile result("tree model");
  const MemoryFile log("tree reader");
  if (result.descriptor() < 0 || log.descriptor() < 0) {
    return Status::Internal("no file in memory can be made: ", std::strerror(errno));
  }
  const std::array<const char*, 7> arguments = {program.c_str(),
                                                file.format.c_str(),
                                                file.path.c_str(),
                                                file.allow_unknown_fields ? "true" : "false",
                                                memory.c_str(),
                                                milliseconds.c_str(),
                                                nullptr};
  pid_t process = 0;
  if (const int error = SpawnActions(result.descriptor(), log.descriptor()).Spawn(arguments.data(), process)) {
    return Status::Internal("unable to start '", program, "': ", std::strerror(error));
  }
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return Status::Internal("the process that reads the file is lost: ", std::strerror(errno));
  }
  warnings = Text(log.descriptor());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return Failure(status, result.descriptor(), warnings);
  return std::make_unique<MappedBytes>(result.descriptor());
}

}  // namespace neso::fil
