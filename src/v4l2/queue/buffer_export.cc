// SPDX-License-Identifier: LGPL-2.1-or-later
// The ways to a descriptor, the best first.
#include "v4l2/queue/buffer_export.h"

#include <linux/udmabuf.h>

#include <cerrno>

#include "base/library_fds.h"
#include "base/raw_syscall.h"
#include "base/reopen.h"

namespace softvpu::v4l2 {
namespace {

// No other way would do better.
bool is_final(int answer) { return answer >= 0 || answer == -EMFILE || answer == -ENFILE || answer == -ENOMEM; }

}  // namespace

BufferExporter::BufferExporter() {
  const library_fds::Birth birth;
  const int fd = raw::open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  if (fd >= 0) udmabuf_ = raise_fd(UniqueFd(fd));
}

int BufferExporter::export_memory(int memory, uint64_t size, uint32_t flags) const {
  const bool close_on_exec = (flags & O_CLOEXEC) != 0;
  if ((flags & O_ACCMODE) == O_RDWR) {
    // A dma-buf of udmabuf can be written, whatever was asked for. One that is too large for it
    // (its parameter size_limit_mb) remains a memfd.
    udmabuf_create request{static_cast<uint32_t>(memory), close_on_exec ? UDMABUF_FLAGS_CLOEXEC : 0u, 0, size};
    const int made = udmabuf_ ? raw::ioctl(udmabuf_.get(), UDMABUF_CREATE, &request) : -ENODEV;
    if (is_final(made)) return made;
  } else {
    // The memory is opened again, by the name that /proc has for it.
    const int opened = reopen(memory, static_cast<int>(flags));
    if (is_final(opened)) return opened;
  }
  // Needs no open(): without /proc, and where a seccomp filter refuses open(), also what is asked
  // for reading can be written.
  return raw::fcntl(memory, close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
}

}  // namespace softvpu::v4l2
