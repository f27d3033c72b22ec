// SPDX-License-Identifier: GPL-2.0-or-later
// Division of a guest's region: see layout.h.
#include "firmware/ivshmem/layout.h"

#include <bit>
#include <string>

#include "firmware/ivshmem/greeting.h"

namespace softvpu::firmware::ivshmem {
namespace {

constexpr uint64_t kMebibyte = 1 << 20;
constexpr uint64_t kLeastSlot = 16 * kMebibyte;  // less than this holds no stream
constexpr uint64_t kMostBytes = uint64_t{1} << 40;

static_assert(SVPU_IVSHMEM_SLOTS + SVPU_IVSHMEM_MAX_SLOTS * sizeof(svpu_ivshmem_slot) <= Control::kSize);

constexpr uint64_t align(uint64_t bytes) { return (bytes + SVPU_IVSHMEM_ALIGN - 1) / SVPU_IVSHMEM_ALIGN * SVPU_IVSHMEM_ALIGN; }

}  // namespace

Result<Layout> Layout::make(uint64_t region_size, uint32_t num_slots) {
  if (num_slots == 0 || num_slots > SVPU_IVSHMEM_MAX_SLOTS)
    return fail(EINVAL, "expected 1 to " + std::to_string(SVPU_IVSHMEM_MAX_SLOTS) + " sessions");
  if (!std::has_single_bit(region_size) || region_size > kMostBytes)
    return fail(EINVAL, "a PCI BAR has a power of two of bytes, 1 TiB at most");
  Layout layout;
  layout.region_size = region_size;
  layout.num_slots = num_slots;
  layout.first_slot = kMebibyte;
  layout.heap_offset = align(SVPU_REGION_SIZE);
  const uint64_t room = region_size > layout.first_slot ? region_size - layout.first_slot : 0;
  layout.slot_size = room / num_slots / kMebibyte * kMebibyte;
  if (layout.slot_size < kLeastSlot) {
    return fail(EINVAL, std::to_string(region_size / kMebibyte) + " MiB are too few for " + std::to_string(num_slots) +
                            " sessions; each takes at least " + std::to_string(kLeastSlot / kMebibyte));
  }
  return layout;
}

void Control::write_header(const Layout& layout) const {
  svpu_ivshmem_header& to = header();
  to.magic = SVPU_IVSHMEM_MAGIC;
  to.major = SVPU_IVSHMEM_MAJOR;
  to.minor = SVPU_IVSHMEM_MINOR;
  to.region_size = layout.region_size;
  to.first_slot = layout.first_slot;
  to.slot_size = layout.slot_size;
  to.heap_offset = layout.heap_offset;
  to.num_slots = layout.num_slots;
  to.server_peer = kServerPeer;
  to.up = 1;
}

}  // namespace softvpu::firmware::ivshmem
