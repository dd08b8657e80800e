#include "base/log_repeats.h"

#include <fmt/format.h>

#include <functional>

#include "base/text.h"

namespace neso {
namespace {

// Enough of a line to find it again.
constexpr size_t kShown = 120;

}  // namespace

LogRepeats::Verdict LogRepeats::Admit(const char* file, int line, std::string_view message, Time now) {
  Verdict verdict;
  const size_t hash = std::hash<std::string_view>()(message) * 31 + std::hash<const void*>()(file) + size_t(line);
  MutexLock lock(mutex_);
  CloseOld(now, verdict.notes);
  Text& text = texts_[hash % texts_.size()];
  if (text.hash != hash) {
    Close(text.count, verdict.notes);
    text = {.hash = hash, .count = {}};
  }
  Count& place = places_[{file, line}];
  verdict.is_written = Add(text.count, kSameLines, now, verdict.notes);
  if (!verdict.is_written && text.count.note.empty()) {
    text.count.note = fmt::format("times more: {}", message.substr(0, kShown));
  }
  if (!verdict.is_written) return verdict;
  verdict.is_written = Add(place, kLinesOfPlace, now, verdict.notes);
  if (place.note.empty()) place.note = fmt::format("more lines from {}:{}", BaseName(file), line);
  return verdict;
}

bool LogRepeats::Add(Count& count, uint64_t most, Time now, std::vector<std::string>& notes) {
  if (now - count.begin >= kPeriod) {
    Close(count, notes);
    count = {.begin = now, .written = 0, .left_out = 0, .note = std::move(count.note)};
  }
  if (count.written < most) {
    ++count.written;
    return true;
  }
  ++count.left_out;
  return false;
}

void LogRepeats::Close(Count& count, std::vector<std::string>& notes) {
  if (count.left_out > 0) notes.push_back(fmt::format("left out of the log: {} {}", count.left_out, count.note));
  count.left_out = 0;
}

void LogRepeats::CloseOld(Time now, std::vector<std::string>& notes) {
  for (Text& text : texts_) {
    if (text.count.left_out > 0 && now - text.count.begin >= kPeriod) Close(text.count, notes);
  }
  for (auto& [place, count] : places_) {
    if (count.left_out > 0 && now - count.begin >= kPeriod) Close(count, notes);
  }
}

}  // namespace neso
