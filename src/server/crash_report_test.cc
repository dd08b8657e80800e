#include "server/crash_report.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/thread_start.h"

namespace neso {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;  // sanitizers end a crashed process in their own way
#else
constexpr bool kIsSanitized = false;
#endif

class CrashReportDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kIsSanitized) GTEST_SKIP() << "sanitizers handle crashes themselves";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

[[gnu::noinline]] size_t Overflow(size_t depth) {
  volatile char page[4096];
  page[depth % sizeof page] = 1;
  if (depth == SIZE_MAX) return 0;  // never
  return Overflow(depth + 1) + static_cast<size_t>(page[0]);
}

TEST_F(CrashReportDeathTest, TellsSignalThreadStackAndThatNoModelExecuted) {
  const char* const report =
      "^Signal \\(6\\) received\\.\nneso [0-9.]+ crashed: SIGABRT sent by process [0-9]+, thread [0-9]+ '.*' of process .*\n"
      "Build id of libtritonserver\\.so: [0-9a-f]+\n"
      "Stack .*:\n(.*\\[0x[0-9a-f]+\\]\n)+"
      "No model executes on this thread\\.\n$";
  EXPECT_EXIT((InstallCrashReports(""), std::abort()), KilledBySignal(SIGABRT), report);
}

TEST_F(CrashReportDeathTest, TellsTheAddressOfAnAccessThatFailed) {
  EXPECT_EXIT(
      {
        InstallCrashReports("");
        auto* const page =
            static_cast<volatile char*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        *page = 1;
      },
      KilledBySignal(SIGSEGV), "crashed: SIGSEGV at address 0x[0-9a-f]+000, thread");
}

TEST_F(CrashReportDeathTest, SurvivesAnOverflowOfAThreadsStack) {
  EXPECT_EXIT(
      {
        InstallCrashReports("");
        std::thread thread;
        if (!TryStartThread(thread, "a test", [] { Overflow(0); })) std::exit(1);
        thread.join();
      },
      KilledBySignal(SIGSEGV), "No model executes on this thread");
}

TEST_F(CrashReportDeathTest, LeavesAFile) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "neso_crash_report_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  EXPECT_EXIT((InstallCrashReports(folder), raise(SIGSEGV)), KilledBySignal(SIGSEGV), "");
  std::filesystem::directory_iterator files(folder);
  ASSERT_NE(files, std::filesystem::directory_iterator());
  std::ifstream file(files->path());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("crashed: SIGSEGV sent by process"), std::string::npos) << text;
  EXPECT_NE(text.find("No model executes"), std::string::npos) << text;
  std::filesystem::remove_all(folder);
}

TEST_F(CrashReportDeathTest, LeavesAloneWhatSomebodyHandles) {
  EXPECT_EXIT(
      {
        std::signal(SIGFPE, [](int) { _exit(7); });
        InstallCrashReports("");
        raise(SIGFPE);
      },
      ExitedWithCode(7), "");
}

}  // namespace
}  // namespace neso
