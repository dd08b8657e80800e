// Has a model's file read by neso_tree_reader, a process of its own (reader.cc says why).
//
//   NESO_ASSIGN_OR_RETURN(const std::unique_ptr<MappedBytes> checkpoint, ReadModelFile(program, file));
//   NESO_ASSIGN_OR_RETURN(const Checkpoint model, ParseCheckpoint(checkpoint->bytes()));
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "neso/backend/status.h"

namespace neso::fil {

struct ModelFile {
  std::string format;  // as the parameter "model_type" says it
  std::string path;    // of a regular file
  bool allow_unknown_fields = false;
};

// The contents of a file, mapped.
class MappedBytes {
 public:
  // Empty if they cannot be mapped.
  explicit MappedBytes(int file);
  ~MappedBytes();
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A checkpoint of treelite 4. Waits for the process, which gets memory and time in proportion to the file. Errors: UNKNOWN with
// treelite's text, or with how the process ended; INTERNAL if it cannot be started. What treelite warns of is in `warnings`.
backend::Result<std::unique_ptr<MappedBytes>> ReadModelFile(const std::string& program, const ModelFile& file,
                                                            std::string& warnings);

}  // namespace neso::fil
