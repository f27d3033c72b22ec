// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory of V4L2_MEMORY_MMAP buffers: one sealed memfd per plane, and the offsets by which
// mmap(2) names it. Owned by BufferQueue. V4L2 reference: "Streaming I/O (Memory Mapping)".
#pragma once

#include <span>

#include "base/result.h"
#include "base/shared_memory.h"
#include "v4l2/queue/plane_memory.h"

namespace softvpu::v4l2 {

class MmapPlane final : public PlaneMemory {
 public:
  // Errors: ENOMEM, EMFILE, EINVAL for no length.
  static Result<std::unique_ptr<PlaneMemory>> allocate(PlaneSize size, uint32_t offset);

  uint32_t length() const override { return length_; }
  uint64_t name() const override { return offset_; }
  codec::PlaneMemory for_session() const override { return {memory_.fd(), 0, length_, memory_.size()}; }
  int fd() const override { return memory_.fd(); }
  bool mapped() const override { return mappings_ > 0; }
  void mapping_changed(int delta) override { mappings_ += delta; }

 private:
  MmapPlane() = default;

  SharedMemory memory_;
  uint32_t length_ = 0;
  uint32_t offset_ = 0;
  int mappings_ = 0;
};

// Hands out offsets that no living plane of the queue has, and reuses one as late as it can: a
// mapping of an orphaned buffer mustn't be taken for one of its successor's.
class OffsetAllocator {
 public:
  // Offsets are in (after can/may: be) [base, base + kSpan) and are multiples of kStep, which is a
  // whole number of pages everywhere.
  static constexpr uint32_t kSpan = 1u << 30;
  static constexpr uint32_t kStep = 1u << 16;
  explicit OffsetAllocator(uint32_t base) : base_(base) {}

  // `in_use(offset)` returns whether a living plane has it.
  template <typename InUse>
  uint32_t next(InUse in_use) {
    for (;;) {
      const uint32_t offset = base_ + next_ * kStep;
      next_ = (next_ + 1) % (kSpan / kStep);
      if (!in_use(offset)) return offset;
    }
  }

 private:
  uint32_t base_;
  uint32_t next_ = 0;
};

}  // namespace softvpu::v4l2
