#include "perf/tune/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>

#include "base/read_file.h"
#include "base/signal_handler.h"
#include "perf/interrupt.h"

namespace neso::perf {
namespace {

constexpr std::chrono::milliseconds kPause{20};
constexpr size_t kMostLogBytes = size_t{16} << 20;
constexpr size_t kShownLogBytes = 2000;
constexpr int kNotStarted = 127;  // as shells have it
constexpr std::string_view kStarted = "Started HTTPService at ";

// What the new process does. Between fork and exec only what a handler of a signal may do, too.
[[noreturn]] void BecomeServer(char* const* arguments, int log, pid_t parent) {
  setpgid(0, 0);  // the terminal sends Ctrl-C to the group that runs before it
  for (const int number : {SIGINT, SIGTERM}) HandleSignal(number, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kNotStarted);  // it was too late for that
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(arguments[0], arguments);
  constexpr std::string_view kComplaint = "the program cannot be executed\n";
  [[maybe_unused]] const ssize_t told = write(STDERR_FILENO, kComplaint.data(), kComplaint.size());
  _exit(kNotStarted);
}

Expected<pid_t> Spawn(std::vector<std::string> words, int log) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) BecomeServer(arguments.data(), log, parent);
  if (process < 0) return Unavailable("cannot start {}: {}", words[0], std::strerror(errno));
  return process;
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
  OwnedDescriptor log(memfd_create("log of a server", MFD_CLOEXEC));
  if (log.get() < 0) return Unavailable("cannot make a place for the log of a server: {}", std::strerror(errno));
  std::unique_ptr<ServerProcess> server(new ServerProcess(std::move(log), patience));
  std::vector<std::string> words = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                    "--http-address=127.0.0.1", "--http-port=0"};
  words.insert(words.end(), std::make_move_iterator(options.begin()), std::make_move_iterator(options.end()));
  ASSIGN_OR_RETURN(server->process_, Spawn(std::move(words), server->log_.get()));
  return server;
}

ServerProcess::~ServerProcess() {
  if (process_ >= 0) End();
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
    if (InterruptWatch::HasCome()) return Cancelled("interrupted while the server started");
    RETURN_IF_ERROR(CheckRunning());
    const Expected<std::string> log = ReadLog();
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
  const Expected<std::string> log = ReadLog();
  const std::string& text = log ? *log : log.error().message();
  return Unavailable("the server {}; the end of its log:\n{}", what,
                     text.substr(text.size() - std::min(text.size(), kShownLogBytes)));
}

// By its name in /proc it is read from the beginning, whatever the server has written meanwhile.
Expected<std::string> ServerProcess::ReadLog() const {
  return ReadFile(fmt::format("/proc/self/fd/{}", log_.get()), kMostLogBytes);
}

}  // namespace neso::perf
