// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies between a client's pointer and a memfd, by pwrite(2) and pread(2) of the memfd: the kernel
// checks the pointer, and a bad one is EFAULT. Thread: the client's.
#include "v4l2/queue/user_memory.h"

#include <algorithm>
#include <cerrno>

#include "base/raw_syscall.h"

namespace softvpu::v4l2 {
namespace {

// `call` is SYS_pwrite64 or SYS_pread64.
Status transfer(long call, int fd, uint64_t pointer, uint32_t bytes) {
  for (uint64_t done = 0; done < bytes;) {
    const long moved =
        raw::call(call, fd, static_cast<long>(pointer + done), static_cast<long>(bytes - done), static_cast<long>(done));
    if (moved == -EINTR) continue;
    if (moved == -ENOSPC || moved == -ENOMEM) return fail(ENOMEM, "no memory for a copy of the client's");
    // 0: there is always more to move, so the next byte of the client's can't be.
    if (moved <= 0) return fail(EFAULT, "the client's pointer, or the length behind it, is bad");
    done += static_cast<uint64_t>(moved);
  }
  return {};
}

}  // namespace

Status UserPlane::copy_in(uint64_t pointer, uint32_t bytes) const { return transfer(SYS_pwrite64, memory_.fd(), pointer, bytes); }

Status UserPlane::copy_out(uint64_t pointer, uint32_t bytes) const { return transfer(SYS_pread64, memory_.fd(), pointer, bytes); }

// videobuf2 pins the pages, and so finds out. Here each byte is copied in, and where the codec will
// write, the same byte out again.
Status UserPlane::check(uint64_t pointer) const {
  if (auto readable = copy_in(pointer, length_); !readable || side_ == Side::kOutput) return readable;
  return copy_out(pointer, length_);
}

Result<std::unique_ptr<PlaneMemory>> UserPlane::attach(Side side, uint64_t pointer, uint32_t length, PlaneSize wanted) {
  if (length == 0 || length < wanted.length) return fail(EINVAL, "the plane is shorter than the format needs");
  if (length > kMaxPlaneBytes) return fail(EINVAL, "the plane is larger than any may be");
  auto memory = SharedMemory::create("softvpu-user", page_align(size_t{length} + wanted.tail));
  if (!memory) return Unexpected(memory.error());
  std::unique_ptr<UserPlane> plane(new UserPlane);
  plane->memory_ = std::move(*memory);
  plane->pointer_ = pointer;
  plane->length_ = length;
  plane->side_ = side;
  if (auto good = plane->check(pointer); !good) return Unexpected(good.error());
  return plane;
}

bool UserPlane::still_is(uint64_t pointer, uint32_t length) {
  if (length != length_ || (pointer != pointer_ && !check(pointer))) return false;
  pointer_ = pointer;
  return true;
}

Status UserPlane::to_codec(uint32_t bytes) {
  return side_ == Side::kOutput ? copy_in(pointer_, std::min(bytes, length_)) : Status{};
}

Status UserPlane::to_client(uint32_t bytes) {
  return side_ == Side::kCapture ? copy_out(pointer_, std::min(bytes, length_)) : Status{};
}

}  // namespace softvpu::v4l2
