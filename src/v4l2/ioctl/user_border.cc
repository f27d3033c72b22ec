// SPDX-License-Identifier: LGPL-2.1-or-later
// The border of every ioctl of a client: copy in, then check, then use, then copy out. Thread: the
// client's, of whose stack it may take 4 KiB in all. Behaviour of video_usercopy() in v4l2-ioctl.c.
#include "v4l2/ioctl/user_border.h"

#include <pthread.h>

#include <cerrno>
#include <cstring>

#include "base/raw_syscall.h"
#include "v4l2/ioctl/call.h"
#include "v4l2/ioctl/user_copy.h"

namespace softvpu::v4l2 {
namespace {

constexpr size_t kMaxArgument = sizeof(v4l2_create_buffers);  // the largest
// Arrays up to this size, which are all planes and 25 controls, are on (after can/may: be) the
// caller's stack.
constexpr size_t kSmallArray = VIDEO_MAX_PLANES * sizeof(v4l2_plane);

// An ioctl whose argument was copied in. Nothing here needs a destructor: the thread may be
// cancelled while the handler sleeps.
struct UserCall {
  IoctlTarget& file;
  const IoctlRow& row;
  void* user;
  void* argument;
  NestedArray nested;
  bool nonblocking;

  int run(void* array);
  int run_with_mapped_array();
  int bad_address() const { return refuse_ioctl(row, {EFAULT, "the argument, or what it points to, can't be read or written"}); }
};

struct MappedArray {
  void* at = nullptr;
  size_t size = 0;
};
void unmap_array(void* array) {
  const auto* mapped = static_cast<MappedArray*>(array);
  raw::munmap(mapped->at, mapped->size);
}

int UserCall::run(void* array) {
  if (nested.bytes > 0 && copy_from_user(array, nested.user, nested.bytes) != 0) return bad_address();
  const int result = run_ioctl(file, row, argument, nested.bytes > 0 ? array : nullptr, {.nonblocking = nonblocking});
  if (result < 0 && (row.flags & kAlwaysCopyOut) == 0) return result;
  if ((_IOC_DIR(row.request) & _IOC_READ) != 0) {
    if (nested.bytes > 0 && copy_to_user(nested.user, array, nested.bytes) != 0) return bad_address();
    if (copy_to_user(user, argument, _IOC_SIZE(row.request)) != 0) return bad_address();
  }
  return result;
}

int UserCall::run_with_mapped_array() {
  MappedArray mapped{.size = nested.bytes};
  if (raw::mmap(nullptr, mapped.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &mapped.at) != 0)
    return refuse_ioctl(row, {ENOMEM, "no memory for the array of controls"});
  int result = 0;
  pthread_cleanup_push(unmap_array, &mapped);
  result = run(mapped.at);
  pthread_cleanup_pop(1);
  return result;
}

// In a frame of its own: its Result is gone when the handler runs. 0 or a negative errno.
__attribute__((noinline)) int find_array(UserCall& call) {
  const auto found = nested_array(call.row, call.argument);
  if (!found) return refuse_ioctl(call.row, found.error());
  call.nested = *found;
  return 0;
}

}  // namespace

int user_ioctl(IoctlTarget& file, unsigned long request, void* user, bool nonblocking) {
  // The request is 32 bits wide; what a caller's sign extension puts above doesn't count.
  const auto number = static_cast<uint32_t>(request);
  const IoctlRow* row = find_ioctl(file, number);
  if (row == nullptr) return -ENOTTY;

  alignas(16) unsigned char argument[kMaxArgument];
  static_assert(sizeof(v4l2_query_ext_ctrl) <= kMaxArgument && sizeof(v4l2_format) <= kMaxArgument);
  if (_IOC_SIZE(number) > kMaxArgument) return -ENOTTY;  // no row has one
  std::memset(argument, 0, _IOC_SIZE(number));
  UserCall call{file, *row, user, argument, {}, nonblocking};
  if ((_IOC_DIR(number) & _IOC_WRITE) != 0 && copy_from_user(argument, user, row->copy_in) != 0) return call.bad_address();
  if (const int error = find_array(call)) return error;
  // Only what is needed is taken from the stack.
  return call.nested.bytes <= kSmallArray ? call.run(__builtin_alloca_with_align(call.nested.bytes, 128))
                                          : call.run_with_mapped_array();
}

}  // namespace softvpu::v4l2
