// SPDX-License-Identifier: GPL-2.0-or-later
// The BAR that a host offers to the guest's driver: what is larger than any server makes is left alone, and of a large slot only
// so much is used as the driver can keep books of.
#include <gtest/gtest.h>

#include <cerrno>

#include "kernel_shim/bar.h"

namespace {

constexpr uint64_t kMebibyte = 1 << 20;
constexpr uint64_t kGibibyte = 1 << 30;
constexpr uint64_t kTebibyte = uint64_t{1} << 40;
constexpr uint64_t kHeap = (SVPU_REGION_SIZE + SVPU_IVSHMEM_ALIGN - 1) / SVPU_IVSHMEM_ALIGN * SVPU_IVSHMEM_ALIGN;

// As softvpu-fw writes it, for one session.
svpu_ivshmem_header header_of(uint64_t size) {
  svpu_ivshmem_header header{};
  header.magic = SVPU_IVSHMEM_MAGIC;
  header.major = SVPU_IVSHMEM_MAJOR;
  header.region_size = size;
  header.num_slots = 1;
  header.first_slot = kMebibyte;
  header.slot_size = size - kMebibyte;
  header.heap_offset = kHeap;
  return header;
}

long pages_of(svpu_ivshmem_header header, uint64_t size) { return shim_bar_pages(&header, size); }
long pages_of(uint64_t size) { return pages_of(header_of(size), size); }

TEST(AGuestsDriver, UsesTheWholeHeapOfASlot) {
  EXPECT_EQ(pages_of(256 * kMebibyte), static_cast<long>((255 * kMebibyte - kHeap) / 4096));
  EXPECT_EQ(pages_of(64 * kGibibyte), static_cast<long>((64 * kGibibyte - kMebibyte - kHeap) / 4096));
}

TEST(AGuestsDriver, UsesNoMoreOfALargeHeapThanSixtyFourGibibytes) {
  EXPECT_EQ(pages_of(128 * kGibibyte), static_cast<long>(64 * kGibibyte / 4096));
  EXPECT_EQ(pages_of(kTebibyte), static_cast<long>(64 * kGibibyte / 4096));
}

// The number of a page is an int in the bitmap of a heap's pages: at 16 TiB it would be 0 again.
TEST(AGuestsDriver, LeavesABarAloneThatNoServerMakes) {
  for (const uint64_t size : {2 * kTebibyte, 16 * kTebibyte, 32 * kTebibyte, uint64_t{1} << 62}) {
    EXPECT_EQ(pages_of(size), -ENODEV) << size / kTebibyte << " TiB";
  }
}

TEST(AGuestsDriver, RefusesAHeaderThatMakesNoSense) {
  const uint64_t size = kTebibyte;
  const auto refused = [&](auto change) {
    svpu_ivshmem_header header = header_of(size);
    change(header);
    return pages_of(header, size) == -EPROTO;
  };
  EXPECT_TRUE(refused([](auto& h) { h.region_size *= 2; }));
  EXPECT_TRUE(refused([](auto& h) { h.num_slots = 0; }));
  EXPECT_TRUE(refused([](auto& h) { h.num_slots = 2; })) << "two slots of the whole size";
  EXPECT_TRUE(refused([](auto& h) { h.num_slots = SVPU_IVSHMEM_MAX_SLOTS + 1; }));
  EXPECT_TRUE(refused([&](auto& h) { h.first_slot = size + SVPU_IVSHMEM_ALIGN; }));
  EXPECT_TRUE(refused([](auto& h) { h.slot_size = UINT64_MAX - SVPU_IVSHMEM_ALIGN + 1; }));
  EXPECT_TRUE(refused([](auto& h) { h.heap_offset = 0; }));
  EXPECT_TRUE(refused([](auto& h) { h.heap_offset = h.slot_size; }));
  EXPECT_TRUE(refused([](auto& h) { h.heap_offset = 65 * kGibibyte; })) << "the rings would be followed by a gap of that size";
  EXPECT_TRUE(refused([](auto& h) { h.heap_offset += 4096; }));
}

}  // namespace
