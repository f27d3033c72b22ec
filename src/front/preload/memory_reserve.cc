// SPDX-License-Identifier: LGPL-2.1-or-later
// Blocks of four sizes, in pages that aren't allocated until the first block is used: see
// memory_reserve.h.
#include "front/preload/memory_reserve.h"

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>

namespace softvpu::preload {
namespace {

std::atomic<size_t> bytes_in_use{0};

template <size_t kSize, size_t kCount>
class Blocks {
 public:
  static constexpr size_t kBytes = kSize * kCount;
  static_assert(kCount % 64 == 0 || kCount < 64);

  void* take(size_t size) {
    if (size > kSize) return nullptr;
    for (size_t word = 0; word < kWords; ++word) {
      uint64_t seen = used_[word].load(std::memory_order_relaxed);
      while ((seen & kAll) != kAll) {
        const int bit = std::countr_one(seen);
        if (!used_[word].compare_exchange_weak(seen, seen | uint64_t{1} << bit, std::memory_order_acquire)) continue;
        bytes_in_use.fetch_add(kSize, std::memory_order_relaxed);
        return memory_ + (word * 64 + static_cast<size_t>(bit)) * kSize;
      }
    }
    return nullptr;
  }
  bool give_back(void* memory) {
    const uintptr_t offset = reinterpret_cast<uintptr_t>(memory) - reinterpret_cast<uintptr_t>(memory_);
    if (offset >= kBytes) return false;
    const size_t index = offset / kSize;
    bytes_in_use.fetch_sub(kSize, std::memory_order_relaxed);
    used_[index / 64].fetch_and(~(uint64_t{1} << index % 64), std::memory_order_release);
    return true;
  }

 private:
  static constexpr size_t kWords = (kCount + 63) / 64;
  static constexpr uint64_t kAll = kCount < 64 ? (uint64_t{1} << kCount % 64) - 1 : ~uint64_t{0};  // bits of a word that exist

  alignas(64) static inline std::byte memory_[kBytes];
  std::atomic<uint64_t> used_[kWords];
};

// The largest thing that the library allocates at once is the text of the capability table.
constinit Blocks<64, 1024> tiny{};
constinit Blocks<512, 256> small{};
constinit Blocks<4096, 32> medium{};
constinit Blocks<65536, 3> large{};
constexpr size_t kAllBytes =
    decltype(tiny)::kBytes + decltype(small)::kBytes + decltype(medium)::kBytes + decltype(large)::kBytes;

}  // namespace

void* memory_reserve::allocate(size_t size) {
  if (void* memory = tiny.take(size)) return memory;
  if (void* memory = small.take(size)) return memory;
  if (void* memory = medium.take(size)) return memory;
  return large.take(size);
}

bool memory_reserve::release(void* memory) {
  return tiny.give_back(memory) || small.give_back(memory) || medium.give_back(memory) || large.give_back(memory);
}

bool memory_reserve::is_low() {
  if (bytes_in_use.load(std::memory_order_relaxed) < kAllBytes / 4) return false;
  void* enough = std::malloc(decltype(large)::kBytes);
  std::free(enough);
  return enough == nullptr;
}

}  // namespace softvpu::preload
