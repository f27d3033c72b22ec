// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory behind one plane of a buffer, whoever it comes from. MMAP memory (mmap_memory.h) is
// attached when the buffer is made and stays; what the client brings (imported_memory.h,
// user_memory.h) is attached by QBUF or PREPARE_BUF, and is another one as often as the client
// likes. Owned by a Buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/session.h"

namespace softvpu::v4l2 {

// What one plane may be asked to have, and may be brought with: far beyond any frame, and within
// what the codec's side counts in.
inline constexpr uint32_t kMaxPlaneBytes = 1u << 30;

struct PlaneSize {
  uint32_t length = 0;  // bytes the client sees
  uint32_t tail = 0;    // further bytes that the codec may read (media/frame_layout.h)
  uint32_t slack = 0;   // further bytes of our own memory that the client may fill, for one that ignores bytesperline
};

class PlaneMemory {
 public:
  virtual ~PlaneMemory() = default;

  // Bytes that the client sees.
  virtual uint32_t length() const = 0;
  // Its name in the union `m` of v4l2_buffer and v4l2_plane (border.h, PlaneView::m).
  virtual uint64_t name() const = 0;
  virtual codec::PlaneMemory for_session() const = 0;

  // Of memory that the client brings: whether `name` and `length` stand for what is attached. The
  // name is remembered then: two descriptors may name one dma-buf.
  virtual bool still_is(uint64_t /*name*/, uint32_t /*length*/) { return false; }
  // QBUF: the codec is about to use the plane, of an OUTPUT buffer its first `bytes`. Errors: EFAULT.
  virtual Status to_codec(uint32_t /*bytes*/) { return {}; }
  // DQBUF: the client has it again, of a CAPTURE buffer its first `bytes`. Errors: EFAULT.
  virtual Status to_client(uint32_t /*bytes*/) { return {}; }

  // What mmap(2) and VIDIOC_EXPBUF give to the client: our own memory. -1 where it
  // is the client's already.
  virtual int fd() const { return -1; }
  // Counts the client's mappings of it.
  virtual bool mapped() const { return false; }
  virtual void mapping_changed(int /*delta*/) {}
};

// Before the client has brought any: the length that it must bring at least.
class VacantPlane final : public PlaneMemory {
 public:
  explicit VacantPlane(uint32_t length) : length_(length) {}
  uint32_t length() const override { return length_; }
  uint64_t name() const override { return 0; }
  codec::PlaneMemory for_session() const override { return {}; }

 private:
  uint32_t length_;
};

using Planes = std::vector<std::unique_ptr<PlaneMemory>>;

}  // namespace softvpu::v4l2
