// Memory of a cache's for the buffers of one answer.
//
//   const auto copy = std::make_shared<neso::cache::Answer>(sizes);     // of Insertion::Sizes()
//   NESO_RETURN_IF_ERROR(insertion.CopyTo(copy->Writable()));
//   return lookup.CopyFrom(copy->Buffers());                            // later
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace neso::cache {

class Answer {
 public:
  // Buffers of these sizes, with whatever was in the memory before.
  explicit Answer(std::span<const size_t> sizes) {
    pieces_.reserve(sizes.size());
    for (const size_t size : sizes) {
      pieces_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
      byte_size_ += size;
    }
  }

  size_t byte_size() const { return byte_size_; }
  std::vector<void*> Writable() {
    std::vector<void*> memory;
    memory.reserve(pieces_.size());
    for (const Piece& piece : pieces_) memory.push_back(piece.bytes.get());
    return memory;
  }
  std::vector<std::span<const std::byte>> Buffers() const {
    std::vector<std::span<const std::byte>> buffers;
    buffers.reserve(pieces_.size());
    for (const Piece& piece : pieces_) buffers.emplace_back(piece.bytes.get(), piece.size);
    return buffers;
  }

 private:
  struct Piece {
    std::unique_ptr<std::byte[]> bytes;
    size_t size;
  };
  std::vector<Piece> pieces_;
  size_t byte_size_ = 0;
};

}  // namespace neso::cache
