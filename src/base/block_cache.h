// Small blocks of memory that a thread keeps for its next requests.
//
//   auto stream = MakeShared<GrpcStream>(...);                       // std::make_shared, from there
//   std::vector<Piece, BlockAllocator<Piece>> pieces;
//   void* block = TakeBlock(bytes); ... GiveBlock(block, bytes);
//
// malloc keeps seven blocks of a size for each thread, after which it is five times as dear. The calls of one
// connection come in bursts, which take dozens of a size before they give the first one back. (64 calls on a
// connection: 40 blocks a call, 9,000 instructions of 43,000; http2_streams_benchmark, callgrind.)
//
// Thread-safe: a block may be given back on another thread, which keeps it if it takes such blocks itself. Under
// sanitizers every block is malloc's, so that they see every lifetime.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace neso {

// `bytes` of memory for anything. Throws std::bad_alloc.
[[nodiscard]] void* TakeBlock(size_t bytes);
// The same, null when memory is out.
[[nodiscard]] void* TryTakeBlock(size_t bytes) noexcept;
// `bytes` as they were asked for.
void GiveBlock(void* block, size_t bytes) noexcept;

// Gives back what this thread keeps, once it has less to do: a few blocks of every size hold many pages.
void DropBlocks() noexcept;

template <typename T>
struct BlockAllocator {
  static_assert(alignof(T) <= alignof(std::max_align_t));
  using value_type = T;

  BlockAllocator() = default;
  template <typename U>
  BlockAllocator(const BlockAllocator<U>&) {}

  // T may be a pointer, and its size is meant.
  // NOLINTBEGIN(bugprone-sizeof-expression)
  T* allocate(size_t count) { return static_cast<T*>(TakeBlock(count * sizeof(T))); }
  void deallocate(T* block, size_t count) noexcept { GiveBlock(block, count * sizeof(T)); }
  // NOLINTEND(bugprone-sizeof-expression)
  friend bool operator==(const BlockAllocator&, const BlockAllocator&) { return true; }
};

// A text in such a block.
using BlockString = std::basic_string<char, std::char_traits<char>, BlockAllocator<char>>;

// Bytes that do not move with their owner.
struct BlockDeleter {
  void operator()(char* block) const { GiveBlock(block, bytes); }
  size_t bytes = 0;
};
using BlockBytes = std::unique_ptr<char[], BlockDeleter>;
inline BlockBytes MakeBytes(size_t bytes) {
  return BlockBytes(static_cast<char*>(TakeBlock(bytes)), BlockDeleter{bytes});
}

// As std::make_shared.
template <typename T, typename... Arguments>
std::shared_ptr<T> MakeShared(Arguments&&... arguments) {
  return std::allocate_shared<T>(BlockAllocator<T>(), std::forward<Arguments>(arguments)...);
}

}  // namespace neso
