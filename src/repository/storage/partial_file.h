// A file that is written in chunks, by several threads and perhaps several runs of the server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

// Thread-safe: each chunk belongs to one thread at a time.
class PartialFile final {
 public:
  static constexpr uint64_t kChunkBytes = 16U << 20;

  static size_t ChunkCount(uint64_t size) { return static_cast<size_t>((size + kChunkBytes - 1) / kChunkBytes); }

  // Takes up what is there already. Another server may be writing the same bytes to it. Error: kInternal when the disk
  // says no.
  static Expected<std::unique_ptr<PartialFile>> Open(const std::string& path, uint64_t size);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  bool IsDone(size_t chunk) const;
  // Some of it was there when it was opened.
  bool is_resumed() const { return is_resumed_; }
  Status Write(uint64_t offset, std::string_view bytes) const;
  // All of the chunk has been written.
  void MarkDone(size_t chunk) const;
  // Removes it, to begin anew.
  static void Remove(const std::string& path);

 private:
  PartialFile(std::string path, int file, int marks) : path_(std::move(path)), file_(file), marks_(marks) {}
  const std::string path_;
  const int file_;
  const int marks_;  // a byte for each chunk that is done
  bool is_resumed_ = false;
};

}  // namespace neso
