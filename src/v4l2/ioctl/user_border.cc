// SPDX-License-Identifier: LGPL-2.1-or-later
// The border of every ioctl: copy in, then check, then use, then copy out. Called by M2mFile::ioctl() on the client's thread.
// Behaviour of video_usercopy() in v4l2-ioctl.c.
#include <pthread.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/raw_syscall.h"
#include "v4l2/ioctl/table.h"
#include "v4l2/ioctl/user_copy.h"

namespace softvpu::v4l2 {
namespace {

constexpr size_t kMaxArgument = sizeof(v4l2_create_buffers);  // the largest

// An array that the argument points to.
struct Nested {
  void* user = nullptr;
  size_t size = 0;
};

constexpr uint32_t kMaxControls = V4L2_CID_MAX_CTRLS;
// Arrays up to this size, which are all planes and 25 controls, lie on the caller's stack.
constexpr size_t kSmallArray = VIDEO_MAX_PLANES * sizeof(v4l2_plane);

// Finds the nested array of the copied argument. 0 or a negative errno.
int find_nested(uint32_t request, const void* argument, Nested* nested) {
  switch (request) {
    case VIDIOC_PREPARE_BUF:
    case VIDIOC_QUERYBUF:
    case VIDIOC_QBUF:
    case VIDIOC_DQBUF: {
      const auto& buffer = *static_cast<const v4l2_buffer*>(argument);
      if (!V4L2_TYPE_IS_MULTIPLANAR(buffer.type) || buffer.length == 0) return 0;
      if (buffer.length > VIDEO_MAX_PLANES) return -EINVAL;
      *nested = {buffer.m.planes, buffer.length * sizeof(v4l2_plane)};
      return 0;
    }
    case VIDIOC_G_EXT_CTRLS:
    case VIDIOC_S_EXT_CTRLS:
    case VIDIOC_TRY_EXT_CTRLS: {
      const auto& controls = *static_cast<const v4l2_ext_controls*>(argument);
      if (controls.count == 0) return 0;
      if (controls.count > kMaxControls) return -EINVAL;
      *nested = {controls.controls, controls.count * sizeof(v4l2_ext_control)};
      return 0;
    }
    default:
      return 0;
  }
}

void log_ioctl(const IoctlRow& row, int result) {
  const bool waits = result == -EAGAIN || (row.request == VIDIOC_DQEVENT && result == -ENOENT);
  const LogLevel level = result < 0 && !waits ? LogLevel::kInfo : LogLevel::kTrace;
  if (!log_enabled(level)) return;
  if (result < 0)
    log_line(level, "%s: error %d (%s)", row.name, -result, strerrordesc_np(-result));
  else
    log_line(level, "%s", row.name);
}

struct MappedArray {
  void* at = nullptr;
  size_t size = 0;
};
void unmap_array(void* array) {
  const auto* mapped = static_cast<MappedArray*>(array);
  raw::munmap(mapped->at, mapped->size);
}

}  // namespace

// An ioctl whose argument and array are ours to use. Behaves as video_usercopy() around its func().
struct Dispatch {
  M2mFile& file;
  const IoctlRow& row;
  void* user;
  void* argument;
  Nested nested;
  IoctlCall call;

  int run(void* array);
  int run_with_mapped_array();
  int handle();
};

int Dispatch::handle() {
  file.mutex_.lock();
  int result = 0;
  if (file.released_) {
    result = -ENODEV;
  } else if ((row.flags & kPriorityChecked) != 0 && !file.device_->priorities().check(file.priority_)) {
    result = -EBUSY;
  } else {
    result = row.handler(file, argument, call);
    file.publish();
  }
  const auto buried = file.bury();
  file.mutex_.unlock();
  return result;  // sessions end here, without the lock
}

int Dispatch::run(void* array) {
  if (nested.size > 0) {
    if (copy_from_user(array, nested.user, nested.size) != 0) return -EFAULT;
    call.planes = static_cast<v4l2_plane*>(array);
    call.controls = static_cast<v4l2_ext_control*>(array);
  }
  // A thread must not be cancelled with the lock held; sleep() puts the caller's choice back while it waits.
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancel_state);
  const int result = handle();
  log_ioctl(row, result);
  pthread_setcancelstate(call.cancel_state, nullptr);

  if (result < 0 && (row.flags & kAlwaysCopyOut) == 0) return result;
  if ((_IOC_DIR(row.request) & _IOC_READ) != 0) {
    if (nested.size > 0 && copy_to_user(nested.user, array, nested.size) != 0) return -EFAULT;
    if (copy_to_user(user, argument, _IOC_SIZE(row.request)) != 0) return -EFAULT;
  }
  return result;
}

int Dispatch::run_with_mapped_array() {
  MappedArray mapped{.size = nested.size};
  if (raw::mmap(nullptr, mapped.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &mapped.at) != 0)
    return -ENOMEM;
  int result = 0;
  pthread_cleanup_push(unmap_array, &mapped);  // the thread may be cancelled while the handler sleeps
  result = run(mapped.at);
  pthread_cleanup_pop(1);
  return result;
}

int dispatch_ioctl(M2mFile& file, unsigned long request, void* arg, bool nonblocking) {
  // The request is 32 bits wide; what a caller's sign extension puts above doesn't count.
  const auto number = static_cast<uint32_t>(request);
  const IoctlRow* row = find_ioctl(number);
  if (row == nullptr) {
    log_line(LogLevel::kTrace, "ioctl 0x%08x: not one of this node", number);
    return -ENOTTY;
  }

  alignas(16) unsigned char argument[kMaxArgument];
  static_assert(sizeof(v4l2_query_ext_ctrl) <= kMaxArgument && sizeof(v4l2_format) <= kMaxArgument);
  if (_IOC_SIZE(number) > kMaxArgument) return -ENOTTY;  // no row has one
  std::memset(argument, 0, _IOC_SIZE(number));
  if ((_IOC_DIR(number) & _IOC_WRITE) != 0 && copy_from_user(argument, arg, row->copy_in) != 0) return -EFAULT;
  Nested nested;
  if (const int error = find_nested(number, argument, &nested)) return error;
  Dispatch dispatch{file, *row, arg, argument, nested, {.nonblocking = nonblocking}};
  // Only what is needed: an ioctl may take 4 KiB of the caller's stack in all.
  return nested.size <= kSmallArray ? dispatch.run(__builtin_alloca_with_align(nested.size, 128))
                                    : dispatch.run_with_mapped_array();
}

}  // namespace softvpu::v4l2
