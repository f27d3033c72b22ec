// SPDX-License-Identifier: LGPL-2.1-or-later
// The ioctls of an open codec node that move no buffers: capabilities, formats, selection, controls, events, priority, commands.
// Handlers run under the file's lock (ioctl_dispatch.cc). Clauses: vidioc-*.rst of each name, dev-decoder.rst.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "v4l2/decoder/selection.h"
#include "v4l2/file/m2m_file.h"
#include "v4l2/ioctl/format_names.h"

namespace softvpu::v4l2 {
namespace {

// The version of the V4L2 core that this one follows, as KERNEL_VERSION() writes it.
constexpr uint32_t kCoreVersion = 6 << 16 | 1 << 8 | 0;

template <size_t N>
void copy_text(const std::string& text, uint8_t (&to)[N]) {
  const size_t length = std::min(text.size(), N - 1);
  std::memcpy(to, text.data(), length);
  std::memset(to + length, 0, N - length);
}

v4l2_rect to_v4l2(Rect rect) { return {rect.left, rect.top, rect.width, rect.height}; }

int answer(const Status& status) { return status ? 0 : -status.error().code; }

}  // namespace

int M2mFile::querycap(v4l2_capability& cap, IoctlCall&) {
  const VideoDeviceConfig& config = device_->config();
  copy_text(config.driver, cap.driver);
  copy_text(config.card, cap.card);
  copy_text(config.bus_info, cap.bus_info);
  cap.version = kCoreVersion;
  cap.device_caps =
      (multiplanar() ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M) | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
  cap.capabilities = cap.device_caps | V4L2_CAP_DEVICE_CAPS;
  return 0;
}

int M2mFile::enum_fmt(v4l2_fmtdesc& desc, IoctlCall&) {
  const auto side = side_of(desc.type, multiplanar());
  if (!side) return -side.error().code;
  const auto found = formats_.enumerate(*side, desc.index);
  if (!found) return -found.error().code;
  desc.pixelformat = static_cast<uint32_t>(found->pixelformat);
  desc.flags = found->flags;
  copy_text(format_description(found->pixelformat), desc.description);
  return 0;
}

int M2mFile::enum_framesizes(v4l2_frmsizeenum& sizes, IoctlCall&) {
  const auto range = formats_.frame_sizes(static_cast<FourCC>(sizes.pixel_format));
  if (!range || sizes.index != 0) return -EINVAL;
  // STEPWISE with a step of 1 says the same as CONTINUOUS, and clients exist that take nothing else: Qualcomm's
  // v4l-video-test-app, Chromium on ChromeOS.
  sizes.type = V4L2_FRMSIZE_TYPE_STEPWISE;
  sizes.stepwise = {range->min.width,  range->max.width,  std::max(range->step.width, 1u),
                    range->min.height, range->max.height, std::max(range->step.height, 1u)};
  return 0;
}

int M2mFile::g_fmt(v4l2_format& format, IoctlCall& call) {
  const auto side = side_of(format.type, multiplanar());
  if (!side) return -side.error().code;
  if (*side == Side::kCapture) await_header(call);
  format_out(formats_.current(*side), multiplanar(), &format);
  return 0;
}

int M2mFile::try_fmt(v4l2_format& format, IoctlCall&) {
  const auto side = side_of(format.type, multiplanar());
  if (!side) return -side.error().code;
  format_out(formats_.adjust(*side, format_in(format, multiplanar())), multiplanar(), &format);
  return 0;
}

int M2mFile::s_fmt(v4l2_format& format, IoctlCall&) {
  const auto side = side_of(format.type, multiplanar());
  if (!side) return -side.error().code;
  const PixFormat adjusted = formats_.adjust(*side, format_in(format, multiplanar()));
  if (adjusted != formats_.current(*side)) {
    // Commit Points, 5: buffers on any queue hold the OUTPUT format. CAPTURE's is held by its own buffers only.
    const bool busy = capture_.count() > 0 || (*side == Side::kOutput && output_.count() > 0);
    if (busy) return -EBUSY;
    formats_.set(*side, adjusted);
    if (*side == Side::kOutput) {
      happen({.what = SVPU_ON_OUTPUT_FREED});  // another stream: Initialization
      controls_.set_min_capture_buffers(formats_.min_capture_buffers());
    }
  } else {
    formats_.choose(*side, adjusted);
  }
  format_out(adjusted, multiplanar(), &format);
  return 0;
}

int M2mFile::g_selection(v4l2_selection& selection, IoctlCall& call) {
  const auto side = side_of_either(selection.type);
  if (!side || *side != Side::kCapture) return -EINVAL;
  await_header(call);
  const auto rect = decoder_selection(selection.target, formats_.coded(), formats_.visible());
  if (!rect) return -rect.error().code;
  selection.r = to_v4l2(*rect);
  return 0;
}

int M2mFile::s_selection(v4l2_selection& selection, IoctlCall& call) {
  const auto side = side_of_either(selection.type);
  if (!side || *side != Side::kCapture) return -EINVAL;
  await_header(call);
  const Rect wanted{selection.r.left, selection.r.top, selection.r.width, selection.r.height};
  const auto rect = adjust_decoder_selection(selection.target, selection.flags, wanted, formats_.coded(), formats_.visible());
  if (!rect) return -rect.error().code;
  selection.r = to_v4l2(*rect);
  return 0;
}

int M2mFile::cropcap(v4l2_cropcap& cap, IoctlCall& call) {
  v4l2_selection selection{};
  selection.type = cap.type;
  selection.target = V4L2_SEL_TGT_CROP_BOUNDS;
  if (const int error = g_selection(selection, call)) return error;
  cap.bounds = selection.r;
  selection.target = V4L2_SEL_TGT_CROP_DEFAULT;
  if (const int error = g_selection(selection, call)) return error;
  cap.defrect = selection.r;
  // As v4l2-ioctl.c answers where a driver adds nothing, which real decoders don't. A stream's own ratio makes GStreamer 1.26,
  // whose caps have that of the container already, fail with "not-negotiated".
  cap.pixelaspect = {1, 1};
  return 0;
}

// The old crop ioctls, as v4l2-ioctl.c derives them from the selection.
int M2mFile::g_crop(v4l2_crop& crop, IoctlCall& call) {
  v4l2_selection selection{};
  selection.type = crop.type;
  selection.target = V4L2_SEL_TGT_CROP;
  if (const int error = g_selection(selection, call)) return error;
  crop.c = selection.r;
  return 0;
}

int M2mFile::s_crop(v4l2_crop& crop, IoctlCall& call) {
  v4l2_selection selection{};
  selection.type = crop.type;
  selection.target = V4L2_SEL_TGT_CROP;
  selection.r = crop.c;
  return s_selection(selection, call);
}

int M2mFile::queryctrl(v4l2_queryctrl& query, IoctlCall&) { return answer(controls_.query(&query)); }
int M2mFile::query_ext_ctrl(v4l2_query_ext_ctrl& query, IoctlCall&) { return answer(controls_.query(&query)); }
int M2mFile::querymenu(v4l2_querymenu& menu, IoctlCall&) { return answer(controls_.query_menu(&menu)); }

int M2mFile::g_ctrl(v4l2_control& control, IoctlCall& call) {
  if (control.id == V4L2_CID_MIN_BUFFERS_FOR_CAPTURE) await_header(call);
  return answer(controls_.get(&control));
}

int M2mFile::s_ctrl(v4l2_control& control, IoctlCall&) { return answer(controls_.set(&control)); }

int M2mFile::g_ext_ctrls(v4l2_ext_controls& controls, IoctlCall& call) {
  const bool asks_stream = std::any_of(call.controls, call.controls + (call.controls != nullptr ? controls.count : 0),
                                       [](const v4l2_ext_control& c) { return c.id == V4L2_CID_MIN_BUFFERS_FOR_CAPTURE; });
  if (asks_stream && controls.which != V4L2_CTRL_WHICH_DEF_VAL) await_header(call);
  return answer(controls_.access(Controls::Access::kGet, &controls, {call.controls, controls.count}));
}

int M2mFile::s_ext_ctrls(v4l2_ext_controls& controls, IoctlCall& call) {
  return answer(controls_.access(Controls::Access::kSet, &controls, {call.controls, controls.count}));
}

int M2mFile::try_ext_ctrls(v4l2_ext_controls& controls, IoctlCall& call) {
  return answer(controls_.access(Controls::Access::kTry, &controls, {call.controls, controls.count}));
}

int M2mFile::subscribe_event(v4l2_event_subscription& subscription, IoctlCall&) {
  switch (subscription.type) {
    case V4L2_EVENT_SOURCE_CHANGE:
    case V4L2_EVENT_EOS: {
      const auto added = events_.subscribe(subscription, 1);
      return added ? 0 : -added.error().code;
    }
    case V4L2_EVENT_CTRL: {
      if (!controls_.has(subscription.id)) return -EINVAL;
      const auto added = events_.subscribe(subscription, 1);
      if (!added) return -added.error().code;
      const bool initial = *added && (subscription.flags & V4L2_EVENT_SUB_FL_SEND_INITIAL) != 0;
      if (initial && !controls_.is_class(subscription.id) && events_.push(*controls_.initial_event(subscription.id)))
        completed_pri_ = true;
      return 0;
    }
    default:
      return -EINVAL;
  }
}

int M2mFile::unsubscribe_event(v4l2_event_subscription& subscription, IoctlCall&) {
  events_.unsubscribe(subscription.type, subscription.id);
  return 0;
}

int M2mFile::dqevent(v4l2_event& event, IoctlCall& call) {
  for (;;) {
    if (released_) return -ENODEV;
    if (auto next = events_.pop()) {
      event = *next;
      return 0;
    }
    if (call.nonblocking) return -ENOENT;  // v4l2_event_dequeue(); the reference names no error
    if (sleep(call, -1) == EINTR) return -EINTR;
  }
}

int M2mFile::g_priority(uint32_t& priority, IoctlCall&) {
  priority = device_->priorities().highest();
  return 0;
}

int M2mFile::s_priority(uint32_t& priority, IoctlCall&) {
  if (priority == V4L2_PRIORITY_UNSET) return -EINVAL;
  if (auto status = device_->priorities().change(priority_, priority); !status) return -status.error().code;
  priority_ = priority;
  return 0;
}

int M2mFile::try_decoder_cmd(v4l2_decoder_cmd& command, IoctlCall&) {
  if (command.cmd != V4L2_DEC_CMD_START && command.cmd != V4L2_DEC_CMD_STOP) return -EINVAL;
  const uint32_t cmd = command.cmd;  // no flags and no arguments are accepted (vidioc-decoder-cmd.rst): they are cleared
  std::memset(&command, 0, sizeof command);
  command.cmd = cmd;
  return 0;
}

int M2mFile::decoder_cmd(v4l2_decoder_cmd& command, IoctlCall& call) {
  if (const int error = try_decoder_cmd(command, call)) return error;
  const bool stop = command.cmd == V4L2_DEC_CMD_STOP;
  if (stop && !svpu_decoder_stop_is_pending(&state_)) stop_covers_ = output_.queued();
  const int error = happen({.what = stop ? SVPU_ON_STOP : SVPU_ON_START, .fits = any_capture_buffer_fits()});
  if (!svpu_decoder_stop_is_pending(&state_)) stop_covers_ = 0;
  pump();
  return -error;
}

}  // namespace softvpu::v4l2
