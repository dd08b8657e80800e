#include "server/upgrade.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/text.h"

extern char** environ;

namespace neso {
namespace {

constexpr int kFirstDescriptor = 3;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentFor(const std::vector<ListeningSocket>& sockets) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    // It is about this process.
    if (!std::string_view(*variable).starts_with("WATCHDOG_PID=")) environment.emplace_back(*variable);
  }
  std::vector<std::string> names;
  for (const ListeningSocket& socket : sockets) names.push_back(socket.service);
  environment.push_back(fmt::format("LISTEN_FDS={}", sockets.size()));
  environment.push_back("LISTEN_FDNAMES=" + Join(names, ":"));
  environment.push_back(fmt::format("{}={}", kUpgradeVariable, kFirstDescriptor + sockets.size()));
  return environment;
}

// What the new process has as descriptors 3, 4 and so on. The copies lie above those numbers, or one would be written over
// before it is copied.
class HandedDescriptors {
 public:
  HandedDescriptors() { posix_spawn_file_actions_init(&actions_); }
  ~HandedDescriptors() { posix_spawn_file_actions_destroy(&actions_); }
  HandedDescriptors(const HandedDescriptors&) = delete;
  HandedDescriptors& operator=(const HandedDescriptors&) = delete;

  bool Add(int fd, int lowest_copy) {
    copies_.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, lowest_copy));
    if (copies_.back().get() < 0) return false;
    return posix_spawn_file_actions_adddup2(&actions_, copies_.back().get(), next_++) == 0;
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
  std::vector<OwnedDescriptor> copies_;
  int next_ = kFirstDescriptor;
};

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

Expected<std::unique_ptr<Upgrade>> Upgrade::Begin(std::vector<std::string> arguments,
                                                  const std::vector<ListeningSocket>& sockets) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Internal("no pipe for a new process: {}", std::strerror(errno));
  OwnedDescriptor answer(ends[0]);
  const OwnedDescriptor its_end(ends[1]);
  HandedDescriptors handed;
  const int lowest_copy = kFirstDescriptor + static_cast<int>(sockets.size()) + 1;
  bool have_all = true;
  for (const ListeningSocket& socket : sockets) have_all = have_all && handed.Add(socket.fd, lowest_copy);
  if (!have_all || !handed.Add(its_end.get(), lowest_copy)) {
    return Internal("no descriptors for a new process: {}", std::strerror(errno));
  }
  std::vector<std::string> environment = EnvironmentFor(sockets);
  pid_t process = 0;
  const int error = posix_spawnp(&process, arguments[0].c_str(), handed.actions(), nullptr, Pointers(arguments).data(),
                                 Pointers(environment).data());
  if (error != 0) return Internal("'{}' cannot be started: {}", arguments[0], std::strerror(error));
  return std::unique_ptr<Upgrade>(new Upgrade(process, std::move(answer)));
}

Upgrade::~Upgrade() {
  if (process_ == 0) return;
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, WNOHANG);  // this process ends, too: what is left of the other is not ours to wait for
}

Expected<pid_t> Upgrade::Finish() {
  char answer = 0;
  const ssize_t size = read(answer_.get(), &answer, 1);
  const pid_t process = std::exchange(process_, 0);
  if (size == 1) return process;
  int status = 0;
  waitpid(process, &status, 0);
  return Internal("the new process {}", HowItEnded(status));
}

}  // namespace neso
