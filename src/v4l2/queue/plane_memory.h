// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory behind one plane of a buffer, whoever it comes from. MMAP memory (mmap_memory.h) is
// attached when the buffer is made and stays; imported memory is attached by QBUF, and is another
// one as often as the client likes. Owned by a Buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/session.h"

namespace softvpu::v4l2 {

struct PlaneSize {
  uint32_t length = 0;  // bytes the client sees
  uint32_t tail = 0;    // further bytes that the codec may read (media/frame_layout.h)
};

class PlaneMemory {
 public:
  virtual ~PlaneMemory() = default;

  // Bytes that the client sees.
  virtual uint32_t length() const = 0;
  // Its name in the union `m` of v4l2_buffer and v4l2_plane (border.h, PlaneView::m).
  virtual uint64_t name() const = 0;
  virtual codec::PlaneMemory for_session() const = 0;

  // What mmap(2) and VIDIOC_EXPBUF give to the client: our own memory. -1 where it
  // is the client's already.
  virtual int fd() const { return -1; }
  // Counts the client's mappings of it.
  virtual bool mapped() const { return false; }
  virtual void mapping_changed(int /*delta*/) {}
};

using Planes = std::vector<std::unique_ptr<PlaneMemory>>;

}  // namespace softvpu::v4l2
