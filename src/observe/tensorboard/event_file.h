// Event files, which TensorBoard reads: records with checksums, each an Event message.
//
//   EventFile file("/logs/digits.1", max_bytes);
//   RETURN_IF_ERROR(file.Append({EncodeSummary(step, wall_time, values)}));
//
// A file is open only while something is appended: there is one for every model.
// Source: TFRecord's framing, event.proto and summary.proto of TensorFlow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace neso {

struct HistogramBucket {
  double limit;  // the upper end; buckets are in ascending order
  double count;
};

// One value of a summary, at a tag: a number, or a histogram where there are buckets.
struct SummaryValue {
  std::string tag;
  double number = 0;
  std::vector<HistogramBucket> buckets{};
};

// Event messages. `wall_time`: seconds since the epoch.
std::string EncodeFileVersion(double wall_time);
std::string EncodeSummary(int64_t step, double wall_time, std::span<const SummaryValue> values);
std::string EncodeGraph(double wall_time, std::string_view graph_def);

// CRC-32C (Castagnoli), masked as TFRecord has it.
uint32_t MaskedCrc32c(std::string_view bytes);

// Confined to one thread.
class EventFile {
 public:
  // In `folder`, which is made when it is needed. When a file has `max_bytes`, or somebody has taken it away, another
  // one begins; of those that this object has begun kFilesKept stay.
  EventFile(std::string folder, size_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  // Error: kInternal with the file and the system's reason; what had been written is whole records then.
  Status Append(std::span<const std::string> events, double wall_time);

  static constexpr size_t kFilesKept = 4;

 private:
  // Whether there is a file, as it was left, that may take more.
  bool GoesOn() const;
  Status Begin(double wall_time);
  Status Write(std::string_view records);

  const std::string folder_;
  const size_t max_bytes_;
  std::deque<std::string> files_;  // the last one is written to
  size_t written_ = 0;             // to the last one
};

}  // namespace neso
