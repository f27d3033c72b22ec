// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities, formats, events and priorities of an open codec node: handlers, and their rows at
// the end. They run under the file's lock. Clauses: vidioc-*.rst of each name.
#include "v4l2/file/codec_ioctls.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "v4l2/file/codec_file.h"
#include "v4l2/ioctl/format_names.h"

namespace softvpu::v4l2 {
namespace {

// The version of the V4L2 core that this one follows, as KERNEL_VERSION() writes it.
constexpr uint32_t kCoreVersion = 6 << 16 | 1 << 8 | 0;

template <size_t N>
void copy_text(std::string_view text, uint8_t (&to)[N]) {
  const size_t length = std::min(text.size(), N - 1);
  std::memcpy(to, text.data(), length);
  std::memset(to + length, 0, N - length);
}

Status querycap(CodecFile& file, v4l2_capability& cap, IoctlCall&) {
  copy_text(file.node().driver, cap.driver);
  copy_text(file.node().card, cap.card);
  copy_text(file.node().bus_info, cap.bus_info);
  cap.version = kCoreVersion;
  cap.device_caps =
      (file.multiplanar() ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M) | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
  cap.capabilities = cap.device_caps | V4L2_CAP_DEVICE_CAPS;
  return {};
}

Status enum_fmt(CodecFile& file, v4l2_fmtdesc& desc, IoctlCall&) {
  const auto side = side_of(desc.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  const auto found = file.role().formats().enumerate(*side, desc.index);
  if (!found) return Unexpected(found.error());
  desc.pixelformat = static_cast<uint32_t>(found->pixelformat);
  desc.flags = found->flags;
  copy_text(format_description(found->pixelformat), desc.description);
  return {};
}

Status enum_framesizes(CodecFile& file, v4l2_frmsizeenum& sizes, IoctlCall&) {
  const auto range = file.role().formats().frame_sizes(static_cast<FourCC>(sizes.pixel_format));
  if (!range) return Unexpected(range.error());
  if (sizes.index != 0) return fail(EINVAL, "sizes are one range, at index 0");
  // STEPWISE with a step of 1 says the same as CONTINUOUS, and clients exist that take nothing
  // else: Qualcomm's v4l-video-test-app, Chromium on ChromeOS.
  sizes.type = V4L2_FRMSIZE_TYPE_STEPWISE;
  sizes.stepwise = {range->min.width,  range->max.width,  std::max(range->step.width, 1u),
                    range->min.height, range->max.height, std::max(range->step.height, 1u)};
  return {};
}

Status g_fmt(CodecFile& file, v4l2_format& format, IoctlCall& call) {
  const auto side = side_of(format.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  if (*side == Side::kCapture) file.role().await_stream(call);
  format_out(file.role().formats().current(*side), file.multiplanar(), &format);
  return {};
}

Status try_fmt(CodecFile& file, v4l2_format& format, IoctlCall&) {
  const auto side = side_of(format.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  const PixFormat adjusted = file.role().formats().adjust(*side, format_in(format, file.multiplanar()));
  format_out(adjusted, file.multiplanar(), &format);
  return {};
}

Status s_fmt(CodecFile& file, v4l2_format& format, IoctlCall&) {
  const auto side = side_of(format.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  const PixFormat adjusted = file.role().formats().adjust(*side, format_in(format, file.multiplanar()));
  if (auto status = file.role().set_format(*side, adjusted); !status) return status;
  format_out(adjusted, file.multiplanar(), &format);
  return {};
}

Status g_priority(CodecFile& file, uint32_t& priority, IoctlCall&) {
  priority = file.highest_priority();
  return {};
}

Status s_priority(CodecFile& file, uint32_t& priority, IoctlCall&) {
  if (priority == V4L2_PRIORITY_UNSET) return fail(EINVAL, "V4L2_PRIORITY_UNSET can't be set");
  return file.set_priority(priority);
}

Status subscribe_event(CodecFile& file, v4l2_event_subscription& subscription, IoctlCall&) {
  const bool of_control = subscription.type == V4L2_EVENT_CTRL;
  if (!of_control && !file.role().has_event(subscription.type)) return fail(EINVAL, "an event that this node doesn't have");
  if (of_control && !file.controls().has(subscription.id)) return fail(EINVAL, "no such control");
  const auto added = file.events().subscribe(subscription, 1);
  if (!added) return Unexpected(added.error());
  const bool initial = of_control && *added && (subscription.flags & V4L2_EVENT_SUB_FL_SEND_INITIAL) != 0;
  if (initial && !file.controls().is_class(subscription.id)) file.push_event(*file.controls().initial_event(subscription.id));
  return {};
}

Status unsubscribe_event(CodecFile& file, v4l2_event_subscription& subscription, IoctlCall&) {
  file.events().unsubscribe(subscription.type, subscription.id);
  return {};
}

Status dqevent(CodecFile& file, v4l2_event& event, IoctlCall& call) {
  for (;;) {
    if (file.released()) return fail(ENODEV, "the file is closed");
    if (file.has_pending_events()) {
      event = *file.events().pop();
      return {};
    }
    if (call.nonblocking) return fail(ENOENT);  // v4l2_event_dequeue(); the reference names no error
    if (file.sleep(call, -1) == EINTR) return fail(EINTR);
  }
}

constexpr std::array kRows = {
    SOFTVPU_IOCTL(VIDIOC_QUERYCAP, querycap),
    SOFTVPU_IOCTL(VIDIOC_ENUM_FMT, enum_fmt, 0, SOFTVPU_UP_TO(v4l2_fmtdesc, type)),
    SOFTVPU_IOCTL(VIDIOC_G_FMT, g_fmt),
    SOFTVPU_IOCTL(VIDIOC_S_FMT, s_fmt, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_TRY_FMT, try_fmt),
    SOFTVPU_IOCTL(VIDIOC_G_PRIORITY, g_priority),
    SOFTVPU_IOCTL(VIDIOC_S_PRIORITY, s_priority, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_ENUM_FRAMESIZES, enum_framesizes, 0, SOFTVPU_UP_TO(v4l2_frmsizeenum, pixel_format)),
    SOFTVPU_IOCTL(VIDIOC_DQEVENT, dqevent),
    SOFTVPU_IOCTL(VIDIOC_SUBSCRIBE_EVENT, subscribe_event),
    SOFTVPU_IOCTL(VIDIOC_UNSUBSCRIBE_EVENT, unsubscribe_event),
};
static_assert(is_sorted_by_number(kRows));

}  // namespace

IoctlRows codec_ioctls() { return kRows; }

}  // namespace softvpu::v4l2
