// SPDX-License-Identifier: LGPL-2.1-or-later
// Which descriptors are memory that a codec can use, and the attachment of one. Thread: the
// client's.
#include "v4l2/queue/imported_memory.h"

#include <linux/dma-buf.h>

#include <algorithm>
#include <cerrno>

#include "base/library_fds.h"
#include "base/raw_syscall.h"
#include "base/shared_memory.h"

namespace softvpu::v4l2 {
namespace {

int number_in(uint64_t name) { return static_cast<int>(static_cast<uint32_t>(name)); }

// A dma-buf is an inode without a type, and so is an eventfd. Of all these only a dma-buf knows the
// request: with no access named, it is invalid.
bool is_dma_buf(int fd) {
  dma_buf_sync nothing{};
  return raw::ioctl(fd, DMA_BUF_IOCTL_SYNC, &nothing) == -EINVAL;
}

// The access that the codec will ask for: it reads inputs and writes outputs.
Status check_access(int fd, Side side) {
  const int flags = raw::fcntl(fd, F_GETFL);
  const int access = flags & O_ACCMODE;
  if (flags < 0 || access == O_WRONLY) return fail(EINVAL, "the descriptor can't be read");
  if (side == Side::kCapture && access != O_RDWR)
    return fail(EINVAL, "a CAPTURE buffer is written: its descriptor must be open for reading and writing");
  return {};
}

struct MemoryFile {
  struct stat status {};
  bool dma_buf = false;
};

// vb2 answers EINVAL for whatever isn't a dma-buf.
Status examine(int fd, Side side, MemoryFile& file) {
  if (auto access = check_access(fd, side); !access) return access;
  if (raw::fstat(fd, &file.status) < 0) return fail(EINVAL, "not an open descriptor");
  if ((file.status.st_mode & S_IFMT) == 0) {
    file.dma_buf = file.status.st_size > 0 && is_dma_buf(fd);
    return file.dma_buf ? Status{} : fail(EINVAL, "the descriptor is no memory");
  }
  // Files of a file system that has disks have no seals.
  const int seals = S_ISREG(file.status.st_mode) ? raw::fcntl(fd, F_GET_SEALS) : -1;
  if (seals < 0) return fail(EINVAL, "the descriptor is neither a dma-buf nor a memfd");
  if (side == Side::kCapture && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0)
    return fail(EINVAL, "a CAPTURE buffer is written: its memfd is sealed against that");
  return {};
}

uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

// Memory of huge pages is mapped by whole ones.
uint64_t bytes_to_map(const struct stat& status, uint64_t bytes) {
  const uint64_t unit = std::max<uint64_t>(4096, static_cast<uint64_t>(status.st_blksize));
  return std::min(round_up(bytes, unit), round_up(static_cast<uint64_t>(status.st_size), 4096));
}

}  // namespace

Result<std::unique_ptr<PlaneMemory>> ImportedPlane::attach(Side side, uint64_t name, uint32_t length, PlaneSize wanted) {
  const int theirs = number_in(name);
  if (theirs < 0 || library_fds::contains(theirs)) return fail(EINVAL, "not a descriptor of the client's");
  std::unique_ptr<ImportedPlane> plane(new ImportedPlane);
  {
    const library_fds::Birth birth;
    const int copy = raw::fcntl(theirs, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return fail(copy == -EBADF ? EINVAL : -copy, "duplicating the client's descriptor");
    plane->fd_ = raise_fd(UniqueFd(copy));
  }
  MemoryFile file;
  if (auto known = examine(plane->fd_.get(), side, file); !known) return Unexpected(known.error());
  const auto size = static_cast<uint64_t>(file.status.st_size);
  plane->length_ = length != 0 ? length : static_cast<uint32_t>(std::min<uint64_t>(size, kMaxPlaneBytes));
  if (plane->length_ < wanted.length) return fail(EINVAL, "the plane is shorter than the format needs");
  if (plane->length_ > kMaxPlaneBytes) return fail(EINVAL, "the plane is larger than any may be");
  if (plane->length_ > size) return fail(EFAULT, "the plane is longer than the memory behind its descriptor");
  plane->mapped_length_ = bytes_to_map(file.status, uint64_t{plane->length_} + wanted.tail);
  plane->device_ = file.status.st_dev;
  plane->inode_ = file.status.st_ino;
  plane->name_ = name;
  plane->requested_length_ = length;
  plane->side_ = side;
  plane->dma_buf_ = file.dma_buf;
  return plane;
}

ImportedPlane::~ImportedPlane() { (void)ImportedPlane::to_client(0); }

bool ImportedPlane::still_is(uint64_t name, uint32_t length) {
  struct stat status {};
  if (length != requested_length_ || raw::fstat(number_in(name), &status) < 0) return false;
  // Its size may have changed: a memfd isn't a dma-buf. An inode that is held isn't reused.
  if (status.st_dev != device_ || status.st_ino != inode_ || static_cast<uint64_t>(status.st_size) < length_) return false;
  name_ = name;
  return true;
}

void ImportedPlane::sync(uint64_t phase) const {
  dma_buf_sync request{phase | (side_ == Side::kCapture ? DMA_BUF_SYNC_RW : DMA_BUF_SYNC_READ)};
  // The request is to be repeated when it was interrupted (linux/dma-buf.h). Other errors are the
  // exporter's, and change nothing about where the bytes are.
  int error = 0;
  do error = raw::ioctl(fd_.get(), DMA_BUF_IOCTL_SYNC, &request);
  while (error == -EINTR || error == -EAGAIN);
}

Status ImportedPlane::to_codec(uint32_t bytes) {
  (void)to_client(bytes);  // STREAMOFF gave it back
  if (dma_buf_) sync(DMA_BUF_SYNC_START);
  with_codec_ = true;
  return {};
}

Status ImportedPlane::to_client(uint32_t) {
  if (dma_buf_ && with_codec_) sync(DMA_BUF_SYNC_END);
  with_codec_ = false;
  return {};
}

}  // namespace softvpu::v4l2
