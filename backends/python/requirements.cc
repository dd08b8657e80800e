#include "requirements.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "neso/backend/log.h"
#include "neso/backend/on_load_end.h"
#include "watcher.h"

namespace neso::python {
namespace {

using backend::Status;

// worker/neso_python_worker/requirements.py
constexpr const char* kMake =
    "import sys; sys.path[0] = sys.argv[1]; from neso_python_worker.requirements import main; main()";
constexpr size_t kLinesOfError = 12;
constexpr size_t kLongestLine = 1000;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    close(ends_[0]);
    CloseWriter();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool ok() const { return ends_[0] >= 0; }
  int writer() const { return ends_[1]; }
  void CloseWriter() { close(std::exchange(ends_[1], -1)); }
  // Until all writers are gone.
  void ReadLines(const std::function<void(std::string_view)>& take) const {
    std::string line;
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = read(ends_[0], bytes.data(), bytes.size())) > 0 || (got < 0 && errno == EINTR)) {
      for (const char c : std::string_view(bytes.data(), got > 0 ? static_cast<size_t>(got) : 0)) {
        if (c != '\n' && line.size() < kLongestLine) line += c;
        if (c == '\n') take(std::exchange(line, {}));
      }
    }
    if (!line.empty()) take(line);
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

int ExitStatus(int pid) {
  int status = -1;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

backend::Result<Interpreter> WithRequirements(const Interpreter& base, const std::string& requirements,
                                              const backend::Model& model) {
  Pipe progress;
  Pipe result;
  if (!progress.ok() || !result.ok()) return Status::Internal("cannot make a pipe: ", std::strerror(errno));
  const Watcher::Program program{
      .arguments = {base.executable, "-c", kMake, LibraryFolder(), std::to_string(getpid()), requirements},
      .environment = base.environment,
      .inherited = {progress.writer(), result.writer()}};
  NESO_ASSIGN_OR_RETURN(const int pid, Watcher::Get().Spawn(program));
  progress.CloseWriter();
  result.CloseWriter();

  // With its group, which pip is in. Its number is its own until it has been waited for.
  std::optional<backend::OnLoadEnd> on_end(std::in_place, model.handle(), [pid] { kill(-pid, SIGKILL); });
  std::deque<std::string> last;
  progress.ReadLines([&](std::string_view line) {
    NESO_LOG_INFO("model '", model.name(), "': requirements.txt: ", line);
    last.emplace_back(line);
    if (last.size() > kLinesOfError) last.pop_front();
  });
  std::string folder;
  result.ReadLines([&](std::string_view line) { folder = line; });
  on_end.reset();
  if (ExitStatus(pid) == 0) return InterpreterOf(folder);

  std::string error = backend::Concat("cannot install '", requirements, "' for model '", model.name(), "':");
  for (const std::string& line : last) error += "\n  " + line;
  return Status::Internal(error);
}

}  // namespace neso::python
