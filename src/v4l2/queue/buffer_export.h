// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors for VIDIOC_EXPBUF. With /dev/udmabuf they are dma-bufs, which other devices can
// import, too; without, memfds, for which the preload library answers what only a dma-buf would.
// Owned by CodecDevice. docs/adr/0017. Clause: vidioc-expbuf.rst. Any thread.
#pragma once

#include <cstdint>

#include "base/unique_fd.h"

namespace softvpu::v4l2 {

class BufferExporter {
 public:
  // Opens /dev/udmabuf if it is there and may be opened.
  BufferExporter();

  // A descriptor for the application, so a low number and not one of the library's, of the `size`
  // bytes of the memfd `memory`. `flags`: its access mode, and O_CLOEXEC. Returns the number or a
  // negative errno.
  int export_memory(int memory, uint64_t size, uint32_t flags) const;

 private:
  UniqueFd udmabuf_;
};

}  // namespace softvpu::v4l2
