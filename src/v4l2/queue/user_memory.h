// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory of V4L2_MEMORY_USERPTR buffers. A process can't share a range of its own memory with
// the codec's: the codec uses a memfd of ours, and the bytes are copied on the client's thread, in
// by QBUF(OUTPUT), out by DQBUF(CAPTURE). Attached by QBUF and PREPARE_BUF (client_memory.h).
// Clauses: userp.rst, vidioc-qbuf.rst; errors as videobuf2.
#pragma once

#include "base/result.h"
#include "base/shared_memory.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/queue/plane_memory.h"

namespace softvpu::v4l2 {

class UserPlane final : public PlaneMemory {
 public:
  // Touches every page. Errors: EFAULT for a range that can't be read, or of a CAPTURE buffer not
  // be written; EINVAL for less than `wanted`; ENOMEM.
  static Result<std::unique_ptr<PlaneMemory>> attach(Side side, uint64_t pointer, uint32_t length, PlaneSize wanted);

  uint32_t length() const override { return length_; }
  uint64_t name() const override { return pointer_; }
  codec::PlaneMemory for_session() const override { return {memory_.fd(), 0, length_, memory_.size()}; }
  // Another range of the same length needs no other memfd: it is checked, and taken.
  bool still_is(uint64_t pointer, uint32_t length) override;
  Status to_codec(uint32_t bytes) override;
  // The client may have unmapped it meanwhile: EFAULT.
  Status to_client(uint32_t bytes) override;

 private:
  UserPlane() = default;
  Status check(uint64_t pointer) const;
  Status copy_in(uint64_t pointer, uint32_t bytes) const;
  Status copy_out(uint64_t pointer, uint32_t bytes) const;

  SharedMemory memory_;
  uint64_t pointer_ = 0;
  uint32_t length_ = 0;
  Side side_ = Side::kOutput;
};

}  // namespace softvpu::v4l2
