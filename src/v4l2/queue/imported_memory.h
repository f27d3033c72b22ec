// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory of V4L2_MEMORY_DMABUF buffers: a descriptor that the client brings, of a dma-buf, of a
// buffer that a node of ours has exported, or of any memfd. Attached by QBUF and PREPARE_BUF
// (client_memory.h). Clauses: dmabuf.rst, vidioc-qbuf.rst; errors as videobuf2.
//
// Nothing is mapped in the client's process, where a memfd that shrinks would be its SIGBUS: the
// codec's process gets the descriptor, and dies alone.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/queue/plane_memory.h"

namespace softvpu::v4l2 {

class ImportedPlane final : public PlaneMemory {
 public:
  // `length` 0 takes all there is. Errors: EINVAL for a descriptor that isn't such memory, that
  // doesn't give the access which the codec needs, or for less than `wanted`; EFAULT for more than
  // there is; EMFILE.
  static Result<std::unique_ptr<PlaneMemory>> attach(Side side, uint64_t name, uint32_t length, PlaneSize wanted);
  ~ImportedPlane() override;

  uint32_t length() const override { return length_; }
  uint64_t name() const override { return name_; }
  codec::PlaneMemory for_session() const override { return {fd_.get(), 0, length_, mapped_length_}; }
  // Also false when the memory is smaller than it was.
  bool still_is(uint64_t name, uint32_t length) override;
  // Of a dma-buf, what its exporter does before and after a processor's access
  // (DMA_BUF_IOCTL_SYNC): it may wait for another device to finish with it.
  Status to_codec(uint32_t bytes) override;
  Status to_client(uint32_t bytes) override;

 private:
  ImportedPlane() = default;
  void sync(uint64_t phase) const;

  UniqueFd fd_;  // a duplicate: the client may close its own
  dev_t device_ = 0;
  ino_t inode_ = 0;
  uint64_t name_ = 0;
  uint32_t requested_length_ = 0;  // by the client; 0: all
  uint32_t length_ = 0;
  uint64_t mapped_length_ = 0;
  Side side_ = Side::kOutput;
  bool dma_buf_ = false;  // of the kernel's
  bool with_codec_ = false;
};

}  // namespace softvpu::v4l2
