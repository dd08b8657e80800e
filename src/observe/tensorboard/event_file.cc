#include "observe/tensorboard/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/owned_descriptor.h"
#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using wire::MessageWriter;

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    table[i] = crc;
  }
  return table;
}();

uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

template <typename T>
std::string LittleEndian(T value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string Record(std::string_view event) {
  const std::string length = LittleEndian(uint64_t{event.size()});
  std::string record = length + LittleEndian(MaskedCrc32c(length));
  record += event;
  return record + LittleEndian(MaskedCrc32c(event));
}

// A histogram of what lies between the limits: it has no samples, so sums are those of the buckets' upper ends.
MessageWriter Histogram(const std::vector<HistogramBucket>& buckets) {
  double count = 0, sum = 0, squares = 0;
  MessageWriter limits, counts;
  for (const HistogramBucket& bucket : buckets) {
    count += bucket.count;
    sum += bucket.count * bucket.limit;
    squares += bucket.count * bucket.limit * bucket.limit;
    limits.Add(6, bucket.limit);
    counts.Add(7, bucket.count);
  }
  MessageWriter histogram;
  histogram.Add(1, buckets.front().limit).Add(2, buckets.back().limit);
  histogram.Add(3, count).Add(4, sum).Add(5, squares);
  return histogram.Add(limits).Add(counts);
}

Status Failed(const std::string& file, int error) {
  return Internal("failed to write '{}': {}", file, std::generic_category().message(error));
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

}  // namespace

uint32_t MaskedCrc32c(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

std::string EncodeFileVersion(double wall_time) {
  return MessageWriter().Add(1, wall_time).Add(3, "brain.Event:2").bytes();
}

std::string EncodeSummary(int64_t step, double wall_time, std::span<const SummaryValue> values) {
  MessageWriter summary;
  for (const SummaryValue& value : values) {
    MessageWriter message;
    message.Add(1, value.tag);
    if (value.buckets.empty()) {
      message.Add(2, static_cast<float>(value.number));
    } else {
      message.Add(5, Histogram(value.buckets));
    }
    summary.Add(1, message);
  }
  return MessageWriter().Add(1, wall_time).Add(2, static_cast<uint64_t>(step)).Add(5, summary).bytes();
}

std::string EncodeGraph(double wall_time, std::string_view graph_def) {
  return MessageWriter().Add(1, wall_time).Add(4, graph_def).bytes();
}

Status EventFile::Append(std::span<const std::string> events, double wall_time) {
  if (!GoesOn()) RETURN_IF_ERROR(Begin(wall_time));
  std::string records;
  for (const std::string& event : events) records += Record(event);
  return Write(records);
}

bool EventFile::GoesOn() const {
  if (files_.empty() || written_ >= max_bytes_) return false;
  std::error_code error;
  // Records behind a gap cannot be read. A file without its version is no beginning.
  return written_ > 0 && std::filesystem::file_size(files_.back(), error) == written_;
}

Status EventFile::Begin(double wall_time) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return Failed(folder_, error.value());
  // As TensorBoard knows event files; those of one second are told apart by the process and a number.
  static std::atomic<uint64_t> number{0};
  files_.push_back(fmt::format("{}/events.out.tfevents.{:010}.{}.{}.{}", folder_, static_cast<int64_t>(wall_time),
                               HostName(), getpid(), number.fetch_add(1)));
  written_ = 0;
  Status begun = Write(Record(EncodeFileVersion(wall_time)));
  if (!begun.ok()) {
    // On a full disk those before are all that there is.
    std::filesystem::remove(files_.back(), error);
    files_.pop_back();
  } else if (files_.size() > kFilesKept) {
    std::filesystem::remove(files_.front(), error);
    files_.pop_front();
  }
  return begun;
}

Status EventFile::Write(std::string_view records) {
  const std::string& file = files_.back();
  const OwnedDescriptor descriptor(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (descriptor.get() < 0) return Failed(file, errno);
  size_t done = 0;
  while (done < records.size()) {
    const ssize_t count =
        pwrite(descriptor.get(), records.data() + done, records.size() - done, static_cast<off_t>(written_ + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int reason = count < 0 ? errno : ENOSPC;
      // A part of a record would make the rest of the file unreadable.
      (void)!ftruncate(descriptor.get(), static_cast<off_t>(written_));
      return Failed(file, reason);
    }
    done += static_cast<size_t>(count);
  }
  written_ += records.size();
  return {};
}

}  // namespace neso
