#include "server/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "backend/backend_instance.h"
#include "backend/execution_scope.h"
#include "base/alternate_stack.h"
#include "core/request.h"
#include "server/signal_text.h"

namespace neso {
namespace {

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr size_t kMaxFrames = 64;
constexpr int kMaxRequests = 16;
constexpr int kMaxNesting = 4;
// The unwinder may wait for a lock that the crashed thread holds.
constexpr unsigned kSecondsForAReport = 10;

// A handler takes no argument of ours, so what it needs is static, and filled in beforehand.
std::array<char, 4096> g_file{};     // the report's path; empty: there is none
std::array<char, 128> g_build_id{};  // of the library that all of this is in
std::atomic<pid_t> g_crashing{0};    // the thread whose report is written
std::atomic<int> g_signal{0};

void CopyInto(std::span<char> to, std::string_view text) {
  const size_t size = std::min(text.size(), to.size() - 1);
  std::memcpy(to.data(), text.data(), size);
  to[size] = '\0';
}

// The note of the linker, which debuggers and servers of symbols know a binary by.
int FindBuildId(dl_phdr_info* library, size_t, void* found) {
  const auto* const code = reinterpret_cast<const unsigned char*>(&FindBuildId);
  const auto here = reinterpret_cast<uintptr_t>(code);
  bool is_ours = false;
  for (const ElfW(Phdr) & segment : std::span(library->dlpi_phdr, library->dlpi_phnum)) {
    const uintptr_t begin = library->dlpi_addr + segment.p_vaddr;
    is_ours = is_ours || (segment.p_type == PT_LOAD && here >= begin && here < begin + segment.p_memsz);
  }
  if (!is_ours) return 0;
  for (const ElfW(Phdr) & segment : std::span(library->dlpi_phdr, library->dlpi_phnum)) {
    if (segment.p_type != PT_NOTE) continue;
    const unsigned char* at = code + (library->dlpi_addr + segment.p_vaddr - here);
    const unsigned char* const end = at + segment.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const unsigned char* const id = at + sizeof note + (note.n_namesz + 3) / 4 * 4;
      at = id + (note.n_descsz + 3) / 4 * 4;
      if (note.n_type != NT_GNU_BUILD_ID || at > end) continue;
      for (const unsigned char byte : std::span(id, note.n_descsz)) {
        static_cast<std::string*>(found)->append({"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]});
      }
      return 1;
    }
  }
  return 1;
}

// All that follows runs inside handlers: only async-signal-safe calls.
pid_t ThreadId() { return static_cast<pid_t>(syscall(SYS_gettid)); }

std::string_view NameOf(int signal_number) {
  switch (signal_number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    case SIGABRT: return "SIGABRT";
    default: return "a signal";
  }
}

void DefaultAction(int signal_number) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal_number, &action, nullptr);
}

void WriteRequests(SignalText& text, const ExecutionScope& scope) {
  int unreleased = 0;
  for (const InferenceRequest* request : scope.unreleased()) {
    if (request == nullptr || ++unreleased > kMaxRequests) continue;
    text << (unreleased == 1 ? ", requests " : ", ");
    request->id().empty() ? text << "(without id)" : text << "'" << request->id() << "'";
  }
  if (unreleased > kMaxRequests) text << " and " << unreleased - kMaxRequests << " more";
  if (unreleased == 0) text << ", all requests released";
}

void WriteExecutions(SignalText& text) {
  const ExecutionScope* scope = ExecutionScope::Current();
  if (scope == nullptr) text << "No model executes on this thread.\n";
  for (int nesting = 0; scope != nullptr && nesting < kMaxNesting; ++nesting, scope = scope->outer()) {
    const BackendInstance& instance = scope->instance();
    text << "Executing model '" << instance.model().name() << "' version " << instance.model().version()
         << ", instance '" << instance.name() << "'";
    WriteRequests(text, *scope);
    text << "\n";
  }
}

// What is least likely to crash, too, comes first.
void WriteReport(int fd, int signal_number, const siginfo_t& info, std::span<void* const> frames) {
  std::array<char, 16> thread{};
  prctl(PR_GET_NAME, thread.data());
  {
    SignalText text(fd);
    text << "Signal (" << signal_number << ") received.\nneso " NESO_VERSION " crashed: " << NameOf(signal_number);
    if (info.si_code > 0) {
      text << " at address " << Hex{reinterpret_cast<uintptr_t>(info.si_addr)};
    } else {
      text << " sent by process " << info.si_pid;
    }
    text << ", thread " << ThreadId() << " '" << thread.data() << "' of process " << getpid()
         << "\nBuild id of libtritonserver.so: " << g_build_id.data() << "\n";
  }
  SignalText(fd) << "Stack (addr2line -Cfie FILE OFFSET):\n";
  backtrace_symbols_fd(frames.data(), static_cast<int>(frames.size()), fd);
  SignalText text(fd);
  WriteExecutions(text);
}

int OpenFile() {
  if (g_file[0] == '\0') return -1;
  return open(g_file.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
}

// The first process of a container does not get a signal without a handler, unless the processor itself has found it.
void EndFirstProcess(int signal_number) {
  if (getpid() == 1) _exit(128 + signal_number);
}

void OnTooLong(int) {
  const int signal_number = g_signal;
  EndFirstProcess(signal_number);
  DefaultAction(signal_number);
  kill(getpid(), signal_number);
}

void OnCrash(int signal_number, siginfo_t* info, void*) {
  const int saved_errno = errno;
  pid_t nobody = 0;
  if (g_crashing.compare_exchange_strong(nobody, ThreadId())) {
    g_signal = signal_number;
    struct sigaction too_long = {};
    too_long.sa_handler = OnTooLong;
    sigaction(SIGALRM, &too_long, nullptr);
    alarm(kSecondsForAReport);
    std::array<void*, kMaxFrames> memory;
    const std::span<void* const> frames(memory.data(), static_cast<size_t>(backtrace(memory.data(), kMaxFrames)));
    if (const int file = OpenFile(); file >= 0) {
      WriteReport(file, signal_number, *info, frames);
      close(file);
    }
    if (CanWrite(STDERR_FILENO)) WriteReport(STDERR_FILENO, signal_number, *info, frames);
  } else if (nobody != ThreadId()) {
    // Another thread's report comes first, and ends the process.
    while (true) pause();
  }
  DefaultAction(signal_number);
  // What the processor found it finds again, and so the core file shows the place; what was sent is sent again.
  if (info->si_code <= 0) {
    EndFirstProcess(signal_number);
    raise(signal_number);
  }
  errno = saved_errno;
}

bool IsHandled(int signal_number) {
  struct sigaction present = {};
  sigaction(signal_number, nullptr, &present);
  return (present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL;
}

}  // namespace

void InstallCrashReports(const std::string& folder) {
  if (!folder.empty()) CopyInto(g_file, fmt::format("{}/neso-crash-{}-{}.txt", folder, getpid(), time(nullptr)));
  std::string build_id;
  dl_iterate_phdr(FindBuildId, &build_id);
  CopyInto(g_build_id, build_id.empty() ? "none" : build_id);
  static const AlternateStack stack_of_main;
  // The first backtrace loads the unwinder, which must not happen inside a handler.
  void* frame[1];
  backtrace(frame, 1);
  for (const int signal_number : kCrashes) {
    if (IsHandled(signal_number)) continue;
    struct sigaction action = {};
    action.sa_sigaction = OnCrash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, nullptr);
  }
}

}  // namespace neso
