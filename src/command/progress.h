// A bar on a terminal, for work that takes a while. Nothing where stderr is none, or the work is quick.
//
//   Progress progress("copying digits", total_bytes);
//   progress.Add(block.size());
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace neso::command {

// "copying digits  [#####.....]  50 %"
std::string ProgressLine(const std::string& what, uint64_t done, uint64_t total);

// Confined to a thread.
class Progress {
 public:
  Progress(std::string what, uint64_t total);
  ~Progress();  // takes the bar away
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(uint64_t amount);

 private:
  const std::string what_;
  const uint64_t total_;
  const bool is_shown_;
  uint64_t done_ = 0;
  std::chrono::steady_clock::time_point next_;
  bool has_drawn_ = false;
};

}  // namespace neso::command
