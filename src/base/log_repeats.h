// Which warnings and errors of the server go into the log when the same ones come again and again: a client, or a fault
// that each request meets, must not fill the disk.
//
//   LogRepeats::Verdict verdict = repeats.Admit("lifecycle.cc", 98, message, now);
//   if (verdict.is_written) ...
//   for (const std::string& note : verdict.notes) ...     // of lines that were left out before
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace neso {

// Thread-safe. Its memory does not grow with what is logged.
class LogRepeats {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPeriod{10};
  static constexpr uint64_t kSameLines = 5;        // in a period: of one text from one place
  static constexpr uint64_t kLinesOfPlace = 1000;  // in a period: of any text from one place

  struct Verdict {
    bool is_written = true;
    std::vector<std::string> notes;
  };
  // `file` is a text that stays, as __FILE__ does.
  Verdict Admit(const char* file, int line, std::string_view message, Time now);

 private:
  // Lines of one kind since `begin`.
  struct Count {
    Time begin{};
    uint64_t written = 0;
    uint64_t left_out = 0;
    std::string note;  // what is left out
  };
  struct Text {
    size_t hash = 0;
    Count count;
  };
  using Place = std::pair<const char*, int>;

  static bool Add(Count& count, uint64_t most, Time now, std::vector<std::string>& notes);
  static void Close(Count& count, std::vector<std::string>& notes);
  void CloseOld(Time now, std::vector<std::string>& notes) REQUIRES(mutex_);

  Mutex mutex_;
  // Texts that fall on the same of these push each other out: that lets lines through, and loses none.
  std::array<Text, 64> texts_ GUARDED_BY(mutex_);
  std::map<Place, Count> places_ GUARDED_BY(mutex_);  // as many as the source has
};

}  // namespace neso
