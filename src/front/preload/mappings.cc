// SPDX-License-Identifier: LGPL-2.1-or-later
// The list of mapped device buffers; V4L2_BUF_FLAG_MAPPED counts them as the kernel counts VMAs. Called by symbols_memory.cc.
#include "front/preload/mappings.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "base/raw_syscall.h"
#include "front/preload/open_file.h"

namespace softvpu::preload {
namespace {

struct Entry {
  uintptr_t start = 0;
  uintptr_t end = 0;  // 0: unused
  uint64_t offset = 0;
  std::shared_ptr<v4l2::FileHandle> handle;  // the mapping outlives the descriptor
};

constexpr size_t kEntriesPerBlock = 127;
struct Block {
  Entry entry[kEntriesPerBlock];
  Block* next = nullptr;
};

std::mutex lock;
Block* blocks = nullptr;  // guarded by lock; never freed
std::atomic<uint32_t> used{0};

uintptr_t round_up(uintptr_t bytes) { return (bytes + 4095) & ~uintptr_t{4095}; }

// Lock held.
Entry* free_entry() {
  for (Block* block = blocks; block != nullptr; block = block->next) {
    for (Entry& entry : block->entry) {
      if (entry.end == 0) return &entry;
    }
  }
  void* memory = nullptr;
  if (raw::mmap(nullptr, sizeof(Block), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &memory) != 0) return nullptr;
  auto* block = new (memory) Block;
#if defined(__SANITIZE_ADDRESS__)
  __lsan_register_root_region(memory, sizeof(Block));  // files that only a mapping keeps aren't leaked
#endif
  block->next = blocks;
  blocks = block;
  return &block->entry[0];
}

// Lock held.
Entry* find_overlap(uintptr_t start, uintptr_t end) {
  for (Block* block = blocks; block != nullptr; block = block->next) {
    for (Entry& entry : block->entry) {
      if (entry.end != 0 && entry.start < end && start < entry.end) return &entry;
    }
  }
  return nullptr;
}

// Collected here and reported to the file after the lock is released, because the upper half takes
// its own lock.
struct Change {
  std::shared_ptr<v4l2::FileHandle> handle;
  uint64_t offset = 0;
  int delta = 0;
};

// Lock held.
bool add(uintptr_t start, uintptr_t end, uint64_t offset, std::shared_ptr<v4l2::FileHandle> handle) {
  Entry* entry = free_entry();
  if (entry == nullptr) return false;
  *entry = {start, end, offset, std::move(handle)};
  used.fetch_add(1, std::memory_order_relaxed);
  return true;
}

// Cuts [start, end) out of one overlapping entry. Lock held.
Change cut(Entry& entry, uintptr_t start, uintptr_t end) {
  Change change{entry.handle, entry.offset, 0};
  const bool left = entry.start < start;
  const bool right = end < entry.end;
  if (left && right) {
    if (add(end, entry.end, entry.offset, entry.handle)) change.delta = 1;
    entry.end = start;
  } else if (left) {
    entry.end = start;
  } else if (right) {
    entry.start = end;
  } else {
    entry = {};
    used.fetch_sub(1, std::memory_order_relaxed);
    change.delta = -1;
  }
  return change;
}

}  // namespace

bool mappings::concerns(const void* start, size_t length) {
  if (used.load(std::memory_order_relaxed) == 0) return false;
  const auto from = reinterpret_cast<uintptr_t>(start);
  const std::lock_guard guard(lock);
  return find_overlap(from, from + round_up(length)) != nullptr;
}

void mappings::lock_for_fork() { lock.lock(); }
void mappings::unlock_after_fork() { lock.unlock(); }

// The memory stays mapped, as in any child; it just no longer counts as a device mapping.
void mappings::abandon() {
  new (&lock) std::mutex;
  blocks = nullptr;
  used.store(0, std::memory_order_relaxed);
}

long mappings::map(OpenFile& file, void* hint, size_t length, int prot, int flags, uint64_t offset) {
  // What the kernel checks before it asks a driver (mmap(2), EACCES).
  if (!file.may_read() || ((prot & PROT_WRITE) != 0 && (flags & MAP_TYPE) != MAP_PRIVATE && !file.may_write())) return -EACCES;
  if (length == 0) return -EINVAL;
  const std::shared_ptr<v4l2::FileHandle>& handle = file.handle();
  const Result<void*> mapped = handle->mmap(hint, length, prot, flags, offset);
  if (!mapped) return -mapped.error().code;
  void* const at = *mapped;
  if ((flags & MAP_FIXED) != 0) unmapped(at, length);
  {
    const std::lock_guard guard(lock);
    const auto start = reinterpret_cast<uintptr_t>(at);
    if (!add(start, start + round_up(length), offset, handle)) {
      raw::munmap(at, length);
      return -ENOMEM;
    }
  }
  handle->mapping_changed(offset, 1);
  return reinterpret_cast<long>(at);
}

void mappings::unmapped(const void* start, size_t length) {
  if (used.load(std::memory_order_relaxed) == 0) return;
  const auto from = reinterpret_cast<uintptr_t>(start);
  const uintptr_t to = from + round_up(length);
  while (true) {
    Change change;
    {
      const std::lock_guard guard(lock);
      Entry* entry = find_overlap(from, to);
      if (entry == nullptr) return;
      change = cut(*entry, from, to);
    }
    if (change.delta != 0) change.handle->mapping_changed(change.offset, change.delta);
  }
}

void mappings::moved(const void* from, size_t old_length, const void* to, size_t new_length) {
  std::optional<Change> change;
  {
    const std::lock_guard guard(lock);
    const auto start = reinterpret_cast<uintptr_t>(from);
    Entry* entry = find_overlap(start, start + round_up(old_length));
    if (entry == nullptr) return;
    const auto new_start = reinterpret_cast<uintptr_t>(to);
    if (entry->start == start && entry->end == start + round_up(old_length)) {
      entry->start = new_start;
      entry->end = new_start + round_up(new_length);
      return;
    }
    // A part moved away: that part is a mapping of its own now.
    change = Change{entry->handle, entry->offset, 1};
    Change rest = cut(*entry, start, start + round_up(old_length));
    change->delta += rest.delta;
    if (!add(new_start, new_start + round_up(new_length), change->offset, change->handle)) change->delta -= 1;
  }
  if (change->delta != 0) change->handle->mapping_changed(change->offset, change->delta);
}

}  // namespace softvpu::preload
