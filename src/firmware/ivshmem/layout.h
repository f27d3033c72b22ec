// SPDX-License-Identifier: GPL-2.0-or-later
// How a guest's region is divided (<softvpu/ivshmem.h>), and its control words as the host reaches them. Used by guest.cc.
#pragma once

#include <softvpu/ivshmem.h>

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace softvpu::firmware::ivshmem {

struct Layout {
  uint64_t region_size = 0;  // a power of two, as a PCI BAR is
  uint64_t first_slot = 0;
  uint64_t slot_size = 0;
  uint64_t heap_offset = 0;
  uint32_t num_slots = 0;

  // Errors: EINVAL, with what would do.
  static Result<Layout> make(uint64_t region_size, uint32_t num_slots);

  uint64_t slot_offset(uint32_t slot) const { return first_slot + slot * slot_size; }
  uint64_t heap_size() const { return slot_size - heap_offset; }
  uint32_t vectors() const { return num_slots + 1; }
};

// The first bytes of the region, mapped by the server alone. The guest may write anything there at any time: each word is loaded
// once and used as that.
class Control {
 public:
  Control() = default;
  explicit Control(std::byte* region) : region_(region) {}

  static constexpr size_t kSize = SVPU_IVSHMEM_ALIGN;

  void write_header(const Layout& layout) const;
  uint32_t ping() const { return load(&header().ping); }
  void set_pong(uint32_t value) const { store(&header().pong, value); }
  void set_up(bool up) const { store(&header().up, up ? 1 : 0); }

  uint32_t wanted(uint32_t slot) const { return load(&at(slot).wanted); }
  uint32_t held(uint32_t slot) const { return load(&at(slot).held); }
  void set_serving(uint32_t slot, uint32_t generation) const { store(&at(slot).serving, generation); }
  void set_ended(uint32_t slot, uint32_t generation) const { store(&at(slot).ended, generation); }
  void set_kept(uint32_t slot, uint32_t kept) const { store(&at(slot).kept, kept); }
  void set_worker(uint32_t slot, uint32_t process) const { store(&at(slot).worker, process); }

 private:
  // Pairs with the guest's smp_load_acquire() and smp_store_release() of the same words.
  static uint32_t load(const svpu_u32* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
  static void store(svpu_u32* word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
  svpu_ivshmem_header& header() const { return *reinterpret_cast<svpu_ivshmem_header*>(region_); }
  svpu_ivshmem_slot& at(uint32_t slot) const { return reinterpret_cast<svpu_ivshmem_slot*>(region_ + SVPU_IVSHMEM_SLOTS)[slot]; }

  std::byte* region_ = nullptr;
};

}  // namespace softvpu::firmware::ivshmem
