// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a handler on an argument that is ours, and logs why it refused. Thread: the
// client's, or that of a front.
#include "v4l2/ioctl/call.h"

#include <pthread.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace softvpu::v4l2 {
namespace {

// Some are no failures but answers that a client asks for again and again.
bool is_an_answer(const IoctlRow& row, int error) {
  return error == EAGAIN || (row.request == VIDIOC_DQEVENT && error == ENOENT);
}

}  // namespace

const IoctlRow* find_ioctl(const IoctlTarget& file, uint32_t request) {
  const IoctlRow* row = file.ioctls().find(request);
  if (row == nullptr) log_line(LogLevel::kTrace, "ioctl 0x%08x: not one of this node", request);
  return row;
}

Result<NestedArray> nested_array(const IoctlRow& row, const void* argument) {
  if (row.array == IoctlArray::kPlanes) {
    const auto& buffer = *static_cast<const v4l2_buffer*>(argument);
    if (!V4L2_TYPE_IS_MULTIPLANAR(buffer.type) || buffer.length == 0) return NestedArray{};
    if (buffer.length > VIDEO_MAX_PLANES) return fail(EINVAL, "a planes array longer than VIDEO_MAX_PLANES");
    return NestedArray{buffer.m.planes, buffer.length * sizeof(v4l2_plane)};
  }
  if (row.array == IoctlArray::kControls) {
    const auto& controls = *static_cast<const v4l2_ext_controls*>(argument);
    if (controls.count == 0) return NestedArray{};
    if (controls.count > V4L2_CID_MAX_CTRLS) return fail(EINVAL, "more controls than V4L2_CID_MAX_CTRLS");
    return NestedArray{controls.controls, controls.count * sizeof(v4l2_ext_control)};
  }
  return NestedArray{};
}

int refuse_ioctl(const IoctlRow& row, const Error& error) {
  const LogLevel level = is_an_answer(row, error.code) ? LogLevel::kTrace : LogLevel::kInfo;
  log_line(level, "%s: error %d (%s)%s%s", row.name, error.code, strerrordesc_np(error.code), error.reason.empty() ? "" : ": ",
           error.reason.c_str());
  return -error.code;
}

int run_ioctl(IoctlTarget& file, const IoctlRow& row, void* argument, void* array, IoctlCall call) {
  if (row.array == IoctlArray::kPlanes) call.planes = static_cast<v4l2_plane*>(array);
  if (row.array == IoctlArray::kControls) call.controls = static_cast<v4l2_ext_control*>(array);
  // A thread must not be cancelled with the lock held; FileCore::sleep() puts the caller's
  // choice back while it waits.
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancel_state);
  int result = 0;
  {  // the reason is gone when the thread may be cancelled again
    const Status status = file.run(row, argument, call);
    if (!status)
      result = refuse_ioctl(row, status.error());
    else
      log_line(LogLevel::kTrace, "%s", row.name);
  }
  pthread_setcancelstate(call.cancel_state, nullptr);
  return result;
}

int call_ioctl(IoctlTarget& file, uint32_t request, void* argument, std::span<std::byte> array, bool nonblocking) {
  const IoctlRow* row = find_ioctl(file, request);
  if (row == nullptr) return -ENOTTY;
  const size_t theirs = (_IOC_DIR(request) & _IOC_WRITE) != 0 ? row->copy_in : 0;
  std::memset(static_cast<char*>(argument) + theirs, 0, _IOC_SIZE(request) - theirs);
  const auto nested = nested_array(*row, argument);
  if (!nested) return refuse_ioctl(*row, nested.error());
  if (nested->bytes > array.size()) return refuse_ioctl(*row, {EFAULT, "an array shorter than the argument has it"});
  return run_ioctl(file, *row, argument, nested->bytes > 0 ? array.data() : nullptr,
                   {.nonblocking = nonblocking, .from_message = true});
}

}  // namespace softvpu::v4l2
