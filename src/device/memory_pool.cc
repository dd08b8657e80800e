#include "device/memory_pool.h"

#include <algorithm>
#include <iterator>

namespace neso {

MemoryPool::~MemoryPool() {
  MutexLock lock(mutex_);
  for (const auto& [address, byte_size] : blocks_) give_back_(address);
}

Expected<uint64_t> MemoryPool::Allocate(uint64_t byte_size) {
  const auto no_room = [&] {
    return Unavailable("the pool of {} bytes has no {} bytes left", sizes_.total_bytes, byte_size);
  };
  if (byte_size > sizes_.total_bytes) return no_room();
  const uint64_t wanted = (byte_size + kAlignment - 1) / kAlignment * kAlignment;
  MutexLock lock(mutex_);
  auto best = free_by_size_.lower_bound({wanted, 0});
  if (best == free_by_size_.end()) {
    const uint64_t left = (sizes_.total_bytes - block_bytes_) / kAlignment * kAlignment;
    if (wanted > left) return no_room();
    RETURN_IF_ERROR(AddBlock(std::min(std::max(wanted, sizes_.block_bytes), left)));
    best = free_by_size_.lower_bound({wanted, 0});
  }
  const uint64_t address = best->second;
  const auto found = free_.find(address);
  const Piece piece = found->second;
  RemoveFree(found);
  if (piece.byte_size > wanted) {
    AddFree(address + wanted, {.byte_size = piece.byte_size - wanted, .block = piece.block});
  }
  used_.emplace(address, Piece{.byte_size = wanted, .block = piece.block});
  used_bytes_ += wanted;
  return address;
}

bool MemoryPool::Free(uint64_t address) {
  MutexLock lock(mutex_);
  const auto found = used_.find(address);
  if (found == used_.end()) return false;
  Piece piece = found->second;
  used_bytes_ -= piece.byte_size;
  used_.erase(found);

  const auto after = free_.find(address + piece.byte_size);
  if (after != free_.end() && after->second.block == piece.block) {
    piece.byte_size += after->second.byte_size;
    RemoveFree(after);
  }
  const auto behind = free_.lower_bound(address);
  if (behind != free_.begin()) {
    const auto before = std::prev(behind);
    if (before->first + before->second.byte_size == address && before->second.block == piece.block) {
      address = before->first;
      piece.byte_size += before->second.byte_size;
      RemoveFree(before);
    }
  }
  AddFree(address, piece);
  return true;
}

uint64_t MemoryPool::used_bytes() const {
  MutexLock lock(mutex_);
  return used_bytes_;
}

Status MemoryPool::AddBlock(uint64_t byte_size) {
  ASSIGN_OR_RETURN(const uint64_t address, take_(byte_size));
  blocks_.emplace(address, byte_size);
  block_bytes_ += byte_size;
  AddFree(address, {.byte_size = byte_size, .block = address});
  return {};
}

void MemoryPool::AddFree(uint64_t address, Piece piece) {
  free_by_size_.emplace(piece.byte_size, address);
  free_.emplace(address, piece);
}

void MemoryPool::RemoveFree(Pieces::iterator piece) {
  free_by_size_.erase({piece->second.byte_size, piece->first});
  free_.erase(piece);
}

}  // namespace neso
