// SPDX-License-Identifier: LGPL-2.1-or-later
// An open file of a video device, as a front end sees it; it corresponds to file_operations in a
// kernel driver. Implemented by file/file_core.h and file/codec_file.h; front/preload and the tests
// call it. All methods: any thread, unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace softvpu::v4l2 {

// What an open file is ready for, combined from both queues and the event queue, exactly as in the
// kernel's v4l2_m2m_poll(). The POLL* names are those of poll(2).
struct Levels {
  bool in = false;     // a CAPTURE buffer can be dequeued (POLLIN | POLLRDNORM), or DQBUF would return EPIPE, or EIO
  bool out = false;    // an OUTPUT buffer can be dequeued (POLLOUT | POLLWRNORM), or DQBUF would return EIO
  bool pri = false;    // an event is pending (POLLPRI)
  bool error = false;  // POLLERR: what v4l2_m2m_poll reports when nothing could ever become ready
  friend bool operator==(const Levels&, const Levels&) = default;
};

// Called with the file's lock held after everything that may have changed levels(): must not call
// back into the file and must not block. `completed_in`: a CAPTURE buffer completed just now
// (edge-triggered pollers want a wake-up even if `in` was high).
class ReadinessSink {
 public:
  virtual ~ReadinessSink() = default;
  virtual void levels_changed(const Levels& levels, bool completed_in, bool completed_out, bool completed_pri) = 0;
};

// How a blocking ioctl sleeps. Called with no lock held and nothing that needs a destructor alive,
// so that thread cancellation may unwind it. `timeout_ns` < 0 waits for ever. Returns 0 when woken
// (or *futex != seen: re-check), EINTR when a signal handler ran, ETIMEDOUT. The default
// (VideoDeviceConfig::waiter == nullptr) is a plain futex wait.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual int wait(const uint32_t* futex, uint32_t seen, int64_t timeout_ns) = 0;
};

class FileHandle {
 public:
  virtual ~FileHandle() = default;

  // The answer to ioctl(2): 0 or a negative errno. `arg` is the caller's pointer, possibly invalid
  // (EFAULT). `nonblocking`: O_NONBLOCK of the descriptor used.
  virtual int ioctl(unsigned long request, void* arg, bool nonblocking) = 0;
  // The same for a front end that already has the argument, for example from a message: `argument`
  // are the _IOC_SIZE(request) bytes of its struct, and `array` those of the v4l2_plane or
  // v4l2_ext_control that it would point to, aligned for them; the pointer in the struct isn't
  // followed. The answer is written to both. -EFAULT: `array` is shorter than the struct says.
  // Memory that the client would bring (USERPTR, DMABUF) isn't offered here: its names aren't this
  // process's.
  virtual int call(uint32_t request, void* argument, std::span<std::byte> array, bool nonblocking) = 0;

  // mmap(2) of the memory behind VIDIOC_QUERYBUF's offset; the arguments are the caller's. Returns
  // the address. Atomic with respect to calls that free buffers. Errors: EINVAL as mmap(2) of a
  // V4L2 device (unknown offset, length past the plane, not PROT_READ where needed, not
  // MAP_SHARED); what mmap(2) says.
  virtual Result<void*> mmap(void* hint, size_t length, int prot, int flags, uint64_t offset) = 0;
  // Called when a mapping made by mmap() appears or goes away. A mapping doesn't make REQBUFS(0)
  // fail: since Linux 5.0 buffers are orphaned (V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS), but
  // V4L2_BUF_FLAG_MAPPED is reported from this.
  virtual void mapping_changed(uint64_t offset, int delta) = 0;

  virtual Levels levels() = 0;
  // poll(2) or select(2) reported Levels::error to the application. (Callers that ask for POLLPRI
  // alone don't get it.)
  virtual void error_reported() {}
  // At most one sink; nullptr removes it; after that, no call into the old sink is running.
  virtual void set_readiness_sink(ReadinessSink* sink) = 0;

  // read(2)/write(2): negative errno (EINVAL: codec nodes have no read/write i/o).
  virtual long read(void* data, size_t size, bool nonblocking) = 0;
  virtual long write(const void* data, size_t size, bool nonblocking) = 0;

  // The last close: stops streaming, ends the session, frees every buffer, wakes every waiter
  // (ENODEV). Idempotent. Never blocks on the codec.
  virtual void release() = 0;

  // Called before and after fork(2): before_fork() takes the file's lock, after_fork() gives it
  // back, on the same thread. In the child a session that exists belongs to the parent: it is
  // abandoned (leaked, never ended) and every later call answers -ENODEV; a file without a session
  // keeps working, independently of the parent's. Nothing changes in the parent.
  virtual void before_fork() {}
  virtual void after_fork(bool in_child) { (void)in_child; }
};

}  // namespace softvpu::v4l2
