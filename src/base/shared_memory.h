// SPDX-License-Identifier: LGPL-2.1-or-later
// Shared memory by memfd, sealed against shrinking, so that no side can raise SIGBUS in the other; and its mappings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace softvpu {

// One mapping, unmapped by its owner's end. Uses raw system calls: never an interposed mmap().
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  // Maps `length` bytes of `fd` from `offset` (page aligned), shared. Errors: what mmap(2) says.
  static Result<Mapping> map(int fd, uint64_t offset, size_t length, bool writable);

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A memfd of a fixed size. Errors of create(): ENOMEM (also for more than RLIMIT_FSIZE, without its signal), EMFILE, EINVAL for 0
// bytes.
class SharedMemory {
 public:
  static Result<SharedMemory> create(const char* name, size_t size);
  // Takes a descriptor from a peer. Errors: EINVAL unless it is a memfd that can't shrink and has at least `min_size` bytes.
  static Result<SharedMemory> adopt(UniqueFd fd, size_t min_size);

  int fd() const { return fd_.get(); }
  size_t size() const { return size_; }
  Result<Mapping> map(bool writable = true) const { return Mapping::map(fd_.get(), 0, size_, writable); }

 private:
  UniqueFd fd_;
  size_t size_ = 0;
};

// Rounds up to whole pages of 4096 bytes.
constexpr size_t page_align(size_t bytes) { return (bytes + 4095) & ~size_t{4095}; }

}  // namespace softvpu
