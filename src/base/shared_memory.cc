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

Result<SharedMemory> SharedMemory::create(const char* name, size_t size) {
  if (size == 0) return fail(EINVAL, "shared memory of 0 bytes was asked for");
  if (size > static_cast<size_t>(std::numeric_limits<off_t>::max()))
    return fail(ENOMEM, "shared memory larger than a file can be was asked for");
  const int fd = raw::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return fail(-fd, "memfd_create");
  SharedMemory memory;
  memory.fd_ = raise_fd(UniqueFd(fd));
  memory.size_ = size;
  int error = raw::ftruncate(memory.fd(), static_cast<off_t>(size));
  if (error < 0) return fail(error == -EFBIG ? ENOMEM : -error, "giving a memfd its size of " + std::to_string(size) + " bytes");
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
