// SPDX-License-Identifier: LGPL-2.1-or-later
// Sealed memfds and mappings (memfd_create(2), fcntl(2) "File Sealing"). Called by the upper half for buffers, by vpu and the
// worker for the HFI region.
#include "base/shared_memory.h"

#include <limits>
#include <utility>

#include "base/raw_syscall.h"

namespace softvpu {

Mapping::Mapping(Mapping&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    Mapping old(std::move(*this));
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) raw::munmap(data_, size_);
}

Result<Mapping> Mapping::map(int fd, uint64_t offset, size_t length, bool writable) {
  if (offset > static_cast<uint64_t>(std::numeric_limits<off_t>::max()))
    return fail(EOVERFLOW, "mapping: the offset is past what a file has");
  void* at = nullptr;
  const int error =
      raw::mmap(nullptr, length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset), &at);
  if (error < 0) return fail(-error, "mapping " + std::to_string(length) + " bytes of shared memory");
  Mapping mapping;
  mapping.data_ = static_cast<std::byte*>(at);
  mapping.size_ = length;
  return mapping;
}

namespace {

// RLIMIT_FSIZE also holds for memfds, and its signal ends the program. The library's memory is no file of the program's: there
// the error is enough. The signal comes to the calling thread, at once. Only where the program blocks it itself can one have been
// pending before; elsewhere the call that tells isn't made (seccomp filters kill for it).
int ftruncate_without_signal(int fd, off_t size) {
  const uint64_t file_size = uint64_t{1} << (SIGXFSZ - 1);
  uint64_t before = 0;
  uint64_t pending = 0;
  raw::call(SYS_rt_sigprocmask, SIG_BLOCK, raw::address(&file_size), raw::address(&before), sizeof before);
  if ((before & file_size) != 0) raw::call(SYS_rt_sigpending, raw::address(&pending), sizeof pending);
  const int error = raw::ftruncate(fd, size);
  if (error == -EFBIG && (pending & file_size) == 0) {
    timespec none{};
    raw::call(SYS_rt_sigtimedwait, raw::address(&file_size), 0, raw::address(&none), sizeof file_size);
  }
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&before), 0, sizeof before);
  return error;
}

}  // namespace

Result<SharedMemory> SharedMemory::create(const char* name, size_t size) {
  if (size == 0) return fail(EINVAL, "shared memory of 0 bytes was asked for");
  if (size > static_cast<size_t>(std::numeric_limits<off_t>::max()))
    return fail(ENOMEM, "shared memory larger than a file can be was asked for");
  SharedMemory memory;
  {
    const library_fds::Birth birth;
    const int fd = raw::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return fail(-fd, "memfd_create");
    memory.fd_ = raise_fd(UniqueFd(fd));
  }
  memory.size_ = size;
  int error = ftruncate_without_signal(memory.fd(), static_cast<off_t>(size));
  if (error == -EFBIG)
    return fail(ENOMEM, "shared memory of " + std::to_string(size) + " bytes is more than RLIMIT_FSIZE (ulimit -f) allows");
  if (error < 0) return fail(-error, "giving a memfd its size of " + std::to_string(size) + " bytes");
  error = raw::fcntl(memory.fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  if (error < 0) return fail(-error, "sealing a memfd");
  return memory;
}

Result<SharedMemory> SharedMemory::adopt(UniqueFd fd, size_t min_size) {
  const int seals = raw::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) return fail(EINVAL, "a peer's memory is not a memfd sealed against shrinking");
  struct stat status {};
  if (const int error = raw::fstat(fd.get(), &status); error < 0) return fail(-error, "fstat of a peer's memory");
  if (status.st_size <= 0 || static_cast<uint64_t>(status.st_size) < min_size) {
    return fail(EINVAL, "a peer's memory has " + std::to_string(status.st_size) + " bytes, expected at least " +
                            std::to_string(min_size));
  }
  SharedMemory memory;
  memory.fd_ = raise_fd(std::move(fd));
  memory.size_ = static_cast<size_t>(status.st_size);
  return memory;
}

}  // namespace softvpu
