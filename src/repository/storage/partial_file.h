// A file that is written in chunks, by several threads and perhaps several runs of the server.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<PartialFile> part, PartialFile::Hold(folder + "/parts/" + id, size));
//   if (part == nullptr) ...  // another server writes to it
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/owned_descriptor.h"
#include "base/status.h"

namespace neso {

// Nobody else writes to its file, moves or removes it while this lives, so its path names what was written here.
// Thread-safe: each chunk belongs to one thread at a time.
class PartialFile final {
 public:
  static constexpr uint64_t kChunkBytes = 16U << 20;

  static size_t ChunkCount(uint64_t size) { return static_cast<size_t>((size + kChunkBytes - 1) / kChunkBytes); }

  // Takes up what is there already. Nothing: somebody else holds it, in this process or another one, or the disk knows
  // no locks. Error: kInternal when the disk says no.
  static Expected<std::unique_ptr<PartialFile>> Hold(const std::string& path, uint64_t size);
  // A new one of a name that nobody else has. It goes with this unless it is moved. Error: as Hold's.
  static Expected<std::unique_ptr<PartialFile>> MakeOwn(const std::string& prefix, uint64_t size);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return path_; }
  bool IsDone(size_t chunk) const;
  // Some of it was there when it was opened.
  bool is_resumed() const { return is_resumed_; }
  Status Write(uint64_t offset, std::string_view bytes) const;
  // All of the chunk has been written.
  void MarkDone(size_t chunk) const;
  // Gives the whole file another name. It is no part any more.
  Status MoveTo(const std::string& path);
  // Removes it, to begin anew with another one.
  void Remove();

 private:
  // What is done of a file that is new, or of this path and held.
  static Expected<std::unique_ptr<PartialFile>> Open(const std::string& path, OwnedDescriptor file, uint64_t size);
  PartialFile(std::string path, OwnedDescriptor file, OwnedDescriptor marks)
      : path_(std::move(path)), file_(std::move(file)), marks_(std::move(marks)) {}

  const std::string path_;
  const OwnedDescriptor file_;
  const OwnedDescriptor marks_;  // a byte for each chunk that is done
  bool is_resumed_ = false;
  bool is_own_ = false;
  bool is_named_ = true;  // its path names it, still
};

}  // namespace neso
