// Object stores (S3, Google Cloud Storage, Azure Blob Storage), as the rest of this room sees them.
//
// The implementation (src/object_store, on libcurl, expat and OpenSSL) is a library of its own, which is opened when a
// repository lies in an object store: a server of local folders pays nothing for it.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<ObjectStores> stores, OpenObjectStores(host));
//   ASSIGN_OR_RETURN(ObjectPage page, stores->List({.folder = "s3://bucket/models", .recursive = true}));
//   ASSIGN_OR_RETURN(ReadResult read, stores->Read("s3://bucket/models", page.objects[0], 0, size, sink));
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "base/stop_signal.h"

namespace neso {

// What the stores were asked for, to be counted.
struct ObjectStoreCounters {
  std::atomic<uint64_t> requests{0};       // that were sent, those sent again included
  std::atomic<uint64_t> retries{0};        // sent again after a fault
  std::atomic<uint64_t> failures{0};       // given up
  std::atomic<uint64_t> bytes_read{0};     // of objects
  std::atomic<uint64_t> bytes_pending{0};  // of objects that are being downloaded, not here yet
};

// What the server gives the library, which has no log of its own. Outlives the stores.
struct ObjectStoreHost {
  std::function<void(LogLevel level, std::string_view message)> log;
  ObjectStoreCounters counters;
  StopSignal stop;  // once it is set, requests end soon, with an error
  // A connection that brings nothing for so long is broken.
  std::chrono::seconds stall_timeout{30};
  // Requests that fail are sent so often, if the fault may pass; what bytes came in between begins the count anew.
  int attempts = 6;
};

struct ObjectInfo {
  std::string name;     // relative to the folder that was listed; ends with '/' where it stands for an empty folder
  uint64_t size = 0;    // bytes
  std::string version;  // tells this content from any other: an entity tag, or a generation
};

struct ObjectPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> folders;  // names, when the listing was not recursive
  bool is_bucket = false;            // the folder is a whole bucket, which may be empty
  std::string next;                  // where the next page begins; empty: there is none
};

struct ObjectListing {
  std::string folder;      // "s3://bucket/models"
  bool recursive = false;  // all that is below; else what lies in the folder, and its folders
  std::string from = {};   // the page: ObjectPage::next of the one before
  size_t limit = 1000;     // objects and folders a page; the store may give fewer
};

// Of an object's whole content, as far as its store tells.
struct ObjectDigests {
  std::string md5;  // 16 bytes, or empty
  std::optional<uint32_t> crc32c;
};

struct ReadResult {
  bool has_changed = false;  // the object has become another, or is gone; what came is worth nothing
  ObjectDigests digests;
};

// Thread-safe. Each call takes as long as networks do. Errors name the object, the store's answer, and what to set:
// kNotFound for a bucket that is not there, kUnavailable for what may be better later, kInvalidArg for a path or
// settings that cannot be right, kInternal for the rest.
class ObjectStores {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;

  virtual ~ObjectStores() = default;
  virtual Expected<ObjectPage> List(const ObjectListing& listing) = 0;
  // Gives the `length` bytes from `offset` to the sink, in pieces. Goes on where it was after faults. Ends with the
  // sink's error, if it has one.
  virtual Expected<ReadResult> Read(const std::string& folder, const ObjectInfo& object, uint64_t offset,
                                    uint64_t length, const Sink& sink) = 0;
  // Whether the content of a file has these digests. Error: kInternal, which one differs.
  virtual Status CheckFile(const std::string& file, const ObjectDigests& digests) = 0;
};

// Opens the implementation, which lies beside the library that this code is in; once opened it stays.
// Errors: kUnavailable with the loader's reason.
Expected<std::unique_ptr<ObjectStores>> OpenObjectStores(ObjectStoreHost& host);
// What the implementation exports, as "neso_object_store_entry".
using ObjectStoreEntry = std::unique_ptr<ObjectStores> (*)(ObjectStoreHost& host);

// "s3://", "gs://" or "as://" begins the path.
bool IsObjectStorePath(std::string_view path);

}  // namespace neso
