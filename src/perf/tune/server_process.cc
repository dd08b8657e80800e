#include "perf/tune/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/owned_descriptor.h"
#include "base/read_file.h"

namespace neso::perf {
namespace {

constexpr std::chrono::milliseconds kPause{20};
constexpr size_t kMostLogBytes = size_t{16} << 20;
constexpr size_t kShownLogBytes = 2000;
constexpr std::string_view kStarted = "Started HTTPService at ";

// Under a name that nobody could know before, and that nobody else may read. Its path is put into `path`.
Expected<OwnedDescriptor> MakeLogFile(std::string& path) {
  path = (std::filesystem::temp_directory_path() / "neso-tune-XXXXXX").string();
  OwnedDescriptor file(mkostemp(path.data(), O_CLOEXEC));
  if (file.get() < 0)
    return Unavailable("cannot make a file for the log of a server, {}: {}", path, std::strerror(errno));
  return file;
}

Expected<pid_t> Spawn(std::vector<std::string> words, int log) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
  pid_t process = -1;
  const int error = posix_spawn(&process, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Unavailable("cannot start {}: {}", words[0], std::strerror(error));
  return process;
}

std::string EndOfLog(const std::string& log_file) {
  const Expected<std::string> text = ReadFile(log_file, kMostLogBytes);
  if (!text) return text.error().message();
  return text->substr(text->size() - std::min(text->size(), kShownLogBytes));
}

// What stands in the log behind kStarted, once the line is whole.
std::optional<std::string> AddressIn(std::string_view log) {
  const size_t at = log.find(kStarted);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = log.substr(at + kStarted.size());
  const size_t end = rest.find_first_of("\r\n\" ");
  return end == std::string_view::npos ? std::nullopt : std::optional(std::string(rest.substr(0, end)));
}

}  // namespace

Expected<std::unique_ptr<ServerProcess>> ServerProcess::Start(std::vector<std::string> options, Nanoseconds patience) {
  std::string log_file;
  ASSIGN_OR_RETURN(const OwnedDescriptor log, MakeLogFile(log_file));
  std::unique_ptr<ServerProcess> server(new ServerProcess(std::move(log_file), patience));
  std::vector<std::string> words = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                    "--http-address=127.0.0.1", "--http-port=0"};
  words.insert(words.end(), std::make_move_iterator(options.begin()), std::make_move_iterator(options.end()));
  ASSIGN_OR_RETURN(server->process_, Spawn(std::move(words), log.get()));
  return server;
}

ServerProcess::~ServerProcess() {
  if (process_ >= 0) End();
  std::error_code ignored;
  std::filesystem::remove(log_file_, ignored);
}

void ServerProcess::End() {
  kill(process_, SIGTERM);
  const TimePoint deadline = std::chrono::steady_clock::now() + patience_;
  while (waitpid(process_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) kill(process_, SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
}

Expected<std::string> ServerProcess::AwaitAddress(TimePoint deadline) {
  while (std::chrono::steady_clock::now() < deadline) {
    RETURN_IF_ERROR(CheckRunning());
    const Expected<std::string> log = ReadFile(log_file_, kMostLogBytes);
    if (std::optional<std::string> address = log ? AddressIn(*log) : std::nullopt) return *std::move(address);
    std::this_thread::sleep_for(kPause);
  }
  return Failure("does not say in time where it listens");
}

Status ServerProcess::CheckRunning() {
  if (process_ < 0 || waitpid(process_, nullptr, WNOHANG) != process_) return {};
  process_ = -1;
  return Failure("ended while it started");
}

Status ServerProcess::Failure(const char* what) const {
  return Unavailable("the server {}; the end of its log:\n{}", what, EndOfLog(log_file_));
}

}  // namespace neso::perf
