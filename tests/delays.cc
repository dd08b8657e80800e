// Threads that are held up at random, for a run of the tests to preload into its servers (`make delays`): around the
// calls by which threads and processes hand something to each other, so that an order of events that is met once in
// thousands of runs is met in every few. NESO_TEST_DELAYS says for how long: most 0 to 2 ms times it, few up to 120.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <random>

namespace {

constexpr uint32_t kLongest = 900'000;  // microseconds

bool Happens(std::minstd_rand& random, double probability) { return std::bernoulli_distribution(probability)(random); }

uint32_t Microseconds(std::minstd_rand& random) {
  const uint32_t longest = Happens(random, 0.9) ? 2'000 : Happens(random, 0.9) ? 20'000 : 120'000;
  return std::uniform_int_distribution<uint32_t>(0, longest)(random);
}

// In so many of the calls. What is called next finds errno as it was.
void Delay(double probability) {
  thread_local std::minstd_rand random(static_cast<uint32_t>(gettid()) ^ static_cast<uint32_t>(std::time(nullptr)));
  if (!Happens(random, probability)) return;
  static const uint32_t times = [] {
    const char* const told = std::getenv("NESO_TEST_DELAYS");
    return told != nullptr ? static_cast<uint32_t>(std::strtoul(told, nullptr, 10)) : 1;
  }();
  const int error = errno;
  const timespec time{.tv_sec = 0, .tv_nsec = 1000L * std::min(times * Microseconds(random), kLongest)};
  nanosleep(&time, nullptr);
  errno = error;
}

template <typename Call>
auto Delayed(double before, double after, Call call) {
  Delay(before);
  const auto result = call();
  Delay(after);
  return result;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  static auto* const real = Real<decltype(pthread_mutex_unlock)>("pthread_mutex_unlock");
  const int result = real(mutex);
  Delay(0.001);
  return result;
}

int pthread_cond_signal(pthread_cond_t* condition) {
  static auto* const real = Real<decltype(pthread_cond_signal)>("pthread_cond_signal");
  const int result = real(condition);
  Delay(0.01);
  return result;
}

int pthread_cond_broadcast(pthread_cond_t* condition) {
  static auto* const real = Real<decltype(pthread_cond_broadcast)>("pthread_cond_broadcast");
  const int result = real(condition);
  Delay(0.01);
  return result;
}

int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  static auto* const real = Real<decltype(epoll_wait)>("epoll_wait");
  const int result = real(epoll, events, most, timeout);
  if (result > 0) Delay(0.02);
  return result;
}

int epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* timeout, const sigset_t* signals) {
  static auto* const real = Real<decltype(epoll_pwait2)>("epoll_pwait2");
  const int result = real(epoll, events, most, timeout, signals);
  if (result > 0) Delay(0.02);
  return result;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  static auto* const real = Real<decltype(write)>("write");
  return Delayed(0.01, 0.02, [&] { return real(fd, bytes, count); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const real = Real<decltype(writev)>("writev");
  return Delayed(0.01, 0.03, [&] { return real(fd, parts, count); });
}

ssize_t send(int fd, const void* bytes, size_t count, int flags) {
  static auto* const real = Real<decltype(send)>("send");
  return Delayed(0.01, 0.03, [&] { return real(fd, bytes, count, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const real = Real<decltype(sendmsg)>("sendmsg");
  return Delayed(0.01, 0.03, [&] { return real(fd, message, flags); });
}

int close(int fd) {
  static auto* const real = Real<decltype(close)>("close");
  Delay(0.005);
  return real(fd);
}

int kill(pid_t process, int number) {
  static auto* const real = Real<decltype(kill)>("kill");
  return Delayed(0.05, 0.1, [&] { return real(process, number); });
}

pid_t waitpid(pid_t process, int* status, int options) {
  static auto* const real = Real<decltype(waitpid)>("waitpid");
  Delay(0.3);
  return real(process, status, options);
}

}  // extern "C"
