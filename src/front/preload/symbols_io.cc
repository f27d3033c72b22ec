// SPDX-License-Identifier: LGPL-2.1-or-later
// ioctl(2), read(2), write(2). Called by the application.
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <charconv>
#include <cstdarg>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/library_fds.h"
#include "base/log.h"
#include "front/preload/readable.h"
#include "front/preload/symbols.h"

extern "C" [[noreturn]] void __chk_fail();

namespace softvpu::preload {
namespace {

using IoctlFn = int(int, unsigned long, ...);
Next<IoctlFn> next_ioctl("ioctl");
Next<ssize_t(int, void*, size_t)> next_read("read");
Next<ssize_t(int, const void*, size_t)> next_write("write");
Next<ssize_t(int, const iovec*, int)> next_readv("readv");
Next<ssize_t(int, const iovec*, int)> next_writev("writev");

// An open device of this process under a number that we don't know: a copy made without our
// knowledge (a raw dup() system call, SCM_RIGHTS to itself). Logs a message when it is a device of
// another process.
__attribute__((noinline)) bool adopt(int fd) {
  const NoCancel guard;
  struct stat status {};
  if (raw::fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
  if (FileRef file = OpenFile::find_by_socket(status.st_dev, status.st_ino)) return fd_table::insert(fd, file.get());
  log_line(
      LogLevel::kError,
      "descriptor %d is a socket and got a V4L2 ioctl: if it is a softvpu device that was inherited over exec() or received from "
      "another process, it can't be used here (ENOTTY); open the device in this process",
      fd);
  return false;
}

// A buffer that a node of ours exported in another process, or before exec(): its memfd has our name.
__attribute__((noinline)) bool adopt_exported(int fd) {
  const NoCancel guard;
  char link[40] = "/proc/self/fd/";
  *std::to_chars(link + std::strlen(link), std::end(link) - 1, fd).ptr = '\0';
  constexpr std::string_view kName = "/memfd:softvpu-buffer (deleted)";
  char name[kName.size() + 1];
  const long size = raw::call(SYS_readlinkat, AT_FDCWD, raw::address(link), raw::address(name), sizeof name);
  if (size < 0 || std::string_view(name, static_cast<size_t>(size)) != kName) return false;
  fd_table::insert_exported(fd);
  return fd_table::is_exported(fd);
}

// Our own descriptors: a device, or a buffer that one exported.
int ioctl_ours(int fd, unsigned long request, void* argument) {
  const NoCancel guard;
  if (const FileRef file = fd_table::find(fd)) return libc_int(file->ioctl(fd, request, argument));
  const int answer = raw::ioctl(fd, request, argument);
  // An exported buffer is a dma-buf, or a memfd: shared memory of one machine is always coherent.
  if (answer == -ENOTTY && request == DMA_BUF_IOCTL_SYNC && fd_table::is_exported(fd))
    return can_read(argument, sizeof(dma_buf_sync)) ? 0 : libc_int(-EFAULT);
  return libc_int(answer);
}

// What read() and write() answer for an exported buffer: as a dma-buf, it has neither (fs/read_write.c).
long refuse_io(int fd, int other_mode) { return (raw::fcntl(fd, F_GETFL) & O_ACCMODE) == other_mode ? -EBADF : -EINVAL; }

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (fd_table::is_ours(fd)) return ioctl_ours(fd, request, argument);
  if (softvpu::library_fds::contains(fd)) return libc_int(-EBADF);  // FIONCLEX is F_SETFD by another name
  IoctlFn* call = next_ioctl.get();
  const int saved = errno;
  const int answer = call != nullptr ? call(fd, request, argument) : libc_int(raw::ioctl(fd, request, argument));
  if (answer != -1 || errno != ENOTTY || VirtualTree::get() == nullptr) return answer;
  const bool adopted = request == DMA_BUF_IOCTL_SYNC ? adopt_exported(fd) : _IOC_TYPE(request) == 'V' && adopt(fd);
  if (!adopted) return answer;
  errno = saved;
  return ioctl_ours(fd, request, argument);
}

SOFTVPU_EXPORT ssize_t read(int fd, void* data, size_t size) {
  if (fd_table::is_ours(fd)) {
    const NoCancel guard;
    if (const FileRef file = fd_table::find(fd)) return libc_answer(file->read(fd, data, size));
    if (fd_table::is_exported(fd)) return libc_answer(refuse_io(fd, O_WRONLY));
  }
  auto* call = next_read.get();
  return call != nullptr ? call(fd, data, size) : libc_answer(raw::read(fd, data, size));
}

SOFTVPU_EXPORT ssize_t __read_chk(int fd, void* data, size_t size, size_t room) {
  if (size > room) __chk_fail();
  return read(fd, data, size);
}

SOFTVPU_EXPORT ssize_t write(int fd, const void* data, size_t size) {
  if (fd_table::is_ours(fd)) {
    const NoCancel guard;
    if (const FileRef file = fd_table::find(fd)) return libc_answer(file->write(fd, data, size));
    if (fd_table::is_exported(fd)) return libc_answer(refuse_io(fd, O_RDONLY));
  }
  auto* call = next_write.get();
  return call != nullptr ? call(fd, data, size) : libc_answer(raw::write(fd, data, size));
}

// A device without read()/write() I/O refuses any vector, so calling it with the first part is
// enough.
SOFTVPU_EXPORT ssize_t readv(int fd, const iovec* parts, int count) {
  if (fd_table::is_ours(fd)) {
    const NoCancel guard;
    if (const FileRef file = fd_table::find(fd)) {
      if (count > 0 && !can_read(parts, sizeof *parts)) return libc_answer(-EFAULT);
      return libc_answer(file->read(fd, count > 0 ? parts[0].iov_base : nullptr, count > 0 ? parts[0].iov_len : 0));
    }
    if (fd_table::is_exported(fd)) return libc_answer(refuse_io(fd, O_WRONLY));
  }
  auto* call = next_readv.get();
  return call != nullptr ? call(fd, parts, count) : libc_answer(raw::call(SYS_readv, fd, raw::address(parts), count));
}

SOFTVPU_EXPORT ssize_t writev(int fd, const iovec* parts, int count) {
  if (fd_table::is_ours(fd)) {
    const NoCancel guard;
    if (const FileRef file = fd_table::find(fd)) {
      if (count > 0 && !can_read(parts, sizeof *parts)) return libc_answer(-EFAULT);
      return libc_answer(file->write(fd, count > 0 ? parts[0].iov_base : nullptr, count > 0 ? parts[0].iov_len : 0));
    }
    if (fd_table::is_exported(fd)) return libc_answer(refuse_io(fd, O_RDONLY));
  }
  auto* call = next_writev.get();
  return call != nullptr ? call(fd, parts, count) : libc_answer(raw::call(SYS_writev, fd, raw::address(parts), count));
}
