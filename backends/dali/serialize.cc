#include "serialize.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>

#include "neso/backend/read_file.h"
#include "neso/spawn_attributes.h"

extern char** environ;

namespace neso::dali {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kToldOfWords = 4000;  // the last ones: a traceback ends with what went wrong

// Goes with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = std::filesystem::temp_directory_path(error) / "neso_dali_XXXXXX";
    if (!error && mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A process in a group of its own whose output, errors included, comes through a pipe.
class Child {
 public:
  ~Child() {
    if (pid_ > 0) kill(-pid_, SIGKILL);
    if (pid_ > 0 && !status_) waitpid(pid_, nullptr, 0);
    if (output_ >= 0) close(output_);
  }
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Status Start(const std::vector<std::string>& command);
  // Its exit status as waitpid tells it; nullopt if it has not ended by `deadline`.
  std::optional<int> WaitUntil(Clock::time_point deadline);
  const std::string& words() const { return words_; }

 private:
  void ReadWords();

  pid_t pid_ = -1;
  int output_ = -1;
  std::optional<int> status_;
  std::string words_;
};

Status Child::Start(const std::vector<std::string>& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Status::Internal("no pipe: ", std::strerror(errno));
  output_ = ends[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
  const SpawnAttributes attributes(ProcessGroup::kOwn);
  const int error = posix_spawnp(&pid_, arguments[0], &files, attributes.get(), arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  if (error == 0) return {};
  pid_ = -1;
  return Status::Internal("cannot run '", command[0], "': ", std::strerror(error));
}

void Child::ReadWords() {
  char piece[4096];
  ssize_t size = 0;
  while ((size = read(output_, piece, sizeof(piece))) > 0) {
    words_.append(piece, static_cast<size_t>(size));
    if (words_.size() > kToldOfWords) words_.erase(0, words_.size() - kToldOfWords);
  }
}

std::optional<int> Child::WaitUntil(Clock::time_point deadline) {
  // What it started may hold the pipe open for longer than it lives, so its end is looked for as well.
  constexpr int kLookEveryMs = 20;
  while (true) {
    pollfd waited{.fd = output_, .events = POLLIN, .revents = 0};
    poll(&waited, 1, kLookEveryMs);
    const bool closed = (waited.revents & (POLLIN | POLLHUP)) == POLLHUP;
    if (closed) std::ignore = poll(nullptr, 0, kLookEveryMs);
    ReadWords();
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      ReadWords();
      status_ = status;
      return status;
    }
    if (Clock::now() >= deadline) return std::nullopt;
  }
}

Status Failure(std::string_view what, std::string_view words) {
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.remove_suffix(1);
  return Status::Internal(what, words.empty() ? "" : ":\n", words);
}

}  // namespace

Result<std::string> RunForOutput(std::vector<std::string> command, std::chrono::milliseconds limit) {
  const TemporaryFolder folder;
  if (folder.path().empty()) return Status::Internal("cannot make a temporary folder: ", std::strerror(errno));
  const std::string target = folder.path() + "/model.dali";
  command.push_back(target);
  Child child;
  NESO_RETURN_IF_ERROR(child.Start(command));
  const std::optional<int> status = child.WaitUntil(Clock::now() + limit);
  if (!status) {
    const auto seconds = std::chrono::duration<double>(limit).count();
    return Failure(backend::Concat("it was not serialized within ", seconds, " s"), child.words());
  }
  if (*status != 0) return Failure("it could not be serialized", child.words());
  Result<std::string> serialized = backend::ReadWholeFile(target);
  if (!serialized) return Failure("it was run, and has serialized nothing", child.words());
  return serialized;
}

}  // namespace neso::dali
