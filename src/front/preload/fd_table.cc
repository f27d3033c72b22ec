// SPDX-License-Identifier: LGPL-2.1-or-later
// Two levels of slots, one machine word each. Called by the interposed calls that take or make descriptors.
#include "front/preload/fd_table.h"

#include <new>

#include "base/raw_syscall.h"
#include "front/preload/open_file.h"
#include "front/preload/process.h"

namespace softvpu::preload {
namespace {

constexpr int kChunkSlots = 1024;
constexpr int kChunks = 1024;

// A slot holds nothing, the mark of an exported buffer, or a pointer. Writers publish with release, find() reads with acquire.
constexpr uintptr_t kFree = 0;
constexpr uintptr_t kExported = 1;

struct Chunk {
  std::atomic<uintptr_t> slot[kChunkSlots];
};
std::atomic<Chunk*> chunks[kChunks];
std::atomic<uint32_t> used_slots{0};

OpenFile* file_in(uintptr_t value) { return value > kExported ? reinterpret_cast<OpenFile*>(value) : nullptr; }

std::atomic<uintptr_t>* slot_of(int fd) {
  if (fd < 0 || fd >= kChunks * kChunkSlots) return nullptr;
  Chunk* chunk = chunks[fd / kChunkSlots].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : &chunk->slot[fd % kChunkSlots];
}

std::atomic<uintptr_t>* make_slot(int fd) {
  if (fd < 0 || fd >= kChunks * kChunkSlots) return nullptr;
  std::atomic<Chunk*>& place = chunks[fd / kChunkSlots];
  if (place.load(std::memory_order_acquire) == nullptr) {
    void* memory = nullptr;
    if (raw::mmap(nullptr, sizeof(Chunk), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &memory) != 0)
      return nullptr;
    Chunk* expected = nullptr;
    if (!place.compare_exchange_strong(expected, new (memory) Chunk{}, std::memory_order_acq_rel))
      raw::munmap(memory, sizeof(Chunk));
  }
  return slot_of(fd);
}

// Puts `value` into the slot; returns the file that was there.
FileRef put(std::atomic<uintptr_t>& slot, uintptr_t value) {
  if (value != kFree) used_slots.fetch_add(1, std::memory_order_relaxed);
  const uintptr_t old = slot.exchange(value, std::memory_order_acq_rel);
  if (old != kFree) used_slots.fetch_sub(1, std::memory_order_relaxed);
  OpenFile* file = file_in(old);
  if (file == nullptr) return {};
  const bool alive = file->try_ref();
  file->drop_fd();
  return alive ? FileRef(file) : FileRef();
}

// The same where the number's former meaning is closed already.
void replace(std::atomic<uintptr_t>& slot, uintptr_t value) {
  if (FileRef old = put(slot, value)) old->closed_one();
}

}  // namespace

FileRef::~FileRef() {
  if (file_ != nullptr) file_->unref();
}

OpenFile* FileRef::release() {
  OpenFile* file = file_;
  file_ = nullptr;
  return file;
}

FileRef fd_table::find(int fd) {
  std::atomic<uintptr_t>* slot = slot_of(fd);
  if (slot == nullptr) return {};
  const uintptr_t value = slot->load(std::memory_order_acquire);
  OpenFile* file = file_in(value);
  if (file == nullptr) return {};
  if (!process::owns_state()) {
    process::abandon_state();
    return {};
  }
  // Objects are recycled but never freed, so touching one that just died is harmless; the second look tells.
  if (!file->try_ref()) return {};
  FileRef ref(file);
  if (slot->load(std::memory_order_acquire) != value) return {};
  return ref;
}

bool fd_table::is_exported(int fd) {
  std::atomic<uintptr_t>* slot = slot_of(fd);
  return slot != nullptr && slot->load(std::memory_order_acquire) == kExported;
}

bool fd_table::is_ours(int fd) {
  std::atomic<uintptr_t>* slot = slot_of(fd);
  return slot != nullptr && slot->load(std::memory_order_acquire) != kFree;
}

bool fd_table::empty() { return used_slots.load(std::memory_order_relaxed) == 0; }

bool fd_table::insert(int fd, OpenFile* file) {
  std::atomic<uintptr_t>* slot = make_slot(fd);
  if (slot == nullptr) return false;
  file->add_fd();
  replace(*slot, reinterpret_cast<uintptr_t>(file));
  return true;
}

void fd_table::insert_exported(int fd) {
  if (std::atomic<uintptr_t>* slot = make_slot(fd)) replace(*slot, kExported);
}

void fd_table::copy(int from, int to) {
  if (from == to || !process::is_owner()) return;
  if (FileRef file = find(from)) {
    insert(to, file.get());
  } else if (is_exported(from)) {
    insert_exported(to);
  } else if (FileRef old = remove(to)) {
    old->closed_one();
  }
}

FileRef fd_table::remove(int fd) {
  std::atomic<uintptr_t>* slot = slot_of(fd);
  // A child of vfork() shares this memory but not the descriptors: its closes aren't the parent's.
  if (slot == nullptr || slot->load(std::memory_order_acquire) == kFree || !process::is_owner()) return {};
  return put(*slot, kFree);
}

void fd_table::remove_all(const OpenFile* file) {
  for (int fd = next(0); fd >= 0; fd = next(fd + 1)) {
    uintptr_t value = reinterpret_cast<uintptr_t>(file);
    if (slot_of(fd)->compare_exchange_strong(value, kFree, std::memory_order_acq_rel)) {
      used_slots.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

void fd_table::forget(int fd) {
  std::atomic<uintptr_t>* slot = slot_of(fd);
  if (slot != nullptr && slot->exchange(kFree, std::memory_order_acq_rel) != kFree)
    used_slots.fetch_sub(1, std::memory_order_relaxed);
}

int fd_table::next(int from) {
  for (int fd = from < 0 ? 0 : from; fd < kChunks * kChunkSlots; ++fd) {
    std::atomic<uintptr_t>* slot = slot_of(fd);
    if (slot == nullptr) {
      fd |= kChunkSlots - 1;  // nothing in this chunk
    } else if (slot->load(std::memory_order_acquire) != kFree) {
      return fd;
    }
  }
  return -1;
}

}  // namespace softvpu::preload
