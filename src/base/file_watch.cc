#include "base/file_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/exception_status.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
constexpr int kMaxLinks = 40;  // as the system follows
// A file is read when nothing has happened in its folder for this long, but not much later than kSettledBy.
constexpr std::chrono::milliseconds kSettle{20};
constexpr int kSettledBy = 25;  // times kSettle

}  // namespace

FileWatch::FileWatch(std::string path, const FileStamp& seen, std::function<void()> changed)
    : path_(std::move(path)),
      changed_(std::move(changed)),
      inotify_fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stop_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      seen_(seen) {
  thread_ = std::thread([this] { ThreadMain(); });
}

FileWatch::~FileWatch() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_fd_, &one, sizeof(one));
  thread_.join();
  if (inotify_fd_ >= 0) close(inotify_fd_);
  close(stop_fd_);
}

void FileWatch::ThreadMain() {
  bool happened = false;
  do {
    for (int i = 0; happened && i < kSettledBy; ++i) {
      if (!Wait(kSettle, &happened)) return;
    }
    WatchFolders();  // before the look: what changes after it is told
    Look();
  } while (Wait(kLookEvery, &happened));
}

void FileWatch::Look() {
  const FileStamp now(path_);
  if (now == seen_) return;
  seen_ = now;
  try {
    changed_();
  } catch (...) {
    LogException("a changed file");
  }
}

bool FileWatch::Wait(std::chrono::milliseconds timeout, bool* happened) {
  std::array<pollfd, 2> descriptors{pollfd{.fd = stop_fd_, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = inotify_fd_, .events = POLLIN, .revents = 0}};
  const int ready = poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  *happened = ready > 0 && descriptors[1].revents != 0;
  if (*happened) DropEvents();
  return ready <= 0 || descriptors[0].revents == 0;
}

// Which they are does not matter: what the path names is looked at.
void FileWatch::DropEvents() {
  alignas(inotify_event) std::array<char, 4096> events;
  while (read(inotify_fd_, events.data(), events.size()) > 0) {
  }
}

void FileWatch::WatchFolders() {
  if (inotify_fd_ < 0) return;
  std::error_code error;
  fs::path at = path_;
  for (int i = 0; i < kMaxLinks; ++i) {
    const fs::path folder = at.has_parent_path() ? at.parent_path() : fs::path(".");
    inotify_add_watch(inotify_fd_, folder.c_str(), kEvents | IN_ONLYDIR);  // known ones stay as they are
    const fs::path target = fs::read_symlink(at, error);
    if (error) return;
    at = target.is_absolute() ? target : folder / target;
  }
}

}  // namespace neso
