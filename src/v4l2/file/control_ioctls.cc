// SPDX-License-Identifier: LGPL-2.1-or-later
// The control ioctls of an open codec node: handlers, and their rows at the end. They run under the
// file's lock; what they do is in controls/controls.h. Clauses: vidioc-queryctrl.rst,
// vidioc-g-ctrl.rst, vidioc-g-ext-ctrls.rst.
#include <algorithm>

#include "v4l2/file/codec_file.h"
#include "v4l2/file/codec_ioctls.h"

namespace softvpu::v4l2 {
namespace {

Status queryctrl(CodecFile& file, v4l2_queryctrl& query, IoctlCall&) { return file.controls().query(&query); }
Status query_ext_ctrl(CodecFile& file, v4l2_query_ext_ctrl& query, IoctlCall&) { return file.controls().query(&query); }
Status querymenu(CodecFile& file, v4l2_querymenu& menu, IoctlCall&) { return file.controls().query_menu(&menu); }

Status g_ctrl(CodecFile& file, v4l2_control& control, IoctlCall& call) {
  if (file.controls().is_volatile(control.id)) file.role().await_stream(call);
  return file.controls().get(&control);
}

Status s_ctrl(CodecFile& file, v4l2_control& control, IoctlCall&) {
  const Status status = file.controls().set(&control);
  if (status) file.role().controls_set();
  return status;
}

Status access(CodecFile& file, Controls::Access how, v4l2_ext_controls& controls, const IoctlCall& call) {
  return file.controls().access(how, &controls, {call.controls, call.controls != nullptr ? controls.count : 0});
}

Status g_ext_ctrls(CodecFile& file, v4l2_ext_controls& controls, IoctlCall& call) {
  const bool asks_stream = std::any_of(call.controls, call.controls + (call.controls != nullptr ? controls.count : 0),
                                       [&](const v4l2_ext_control& c) { return file.controls().is_volatile(c.id); });
  if (asks_stream && controls.which != V4L2_CTRL_WHICH_DEF_VAL) file.role().await_stream(call);
  return access(file, Controls::Access::kGet, controls, call);
}

Status s_ext_ctrls(CodecFile& file, v4l2_ext_controls& controls, IoctlCall& call) {
  const Status status = access(file, Controls::Access::kSet, controls, call);
  if (status) file.role().controls_set();
  return status;
}

Status try_ext_ctrls(CodecFile& file, v4l2_ext_controls& controls, IoctlCall& call) {
  return access(file, Controls::Access::kTry, controls, call);
}

constexpr std::array kRows = {
    SOFTVPU_IOCTL(VIDIOC_G_CTRL, g_ctrl, 0, SOFTVPU_UP_TO(v4l2_control, id)),
    SOFTVPU_IOCTL(VIDIOC_S_CTRL, s_ctrl, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_QUERYCTRL, queryctrl, 0, SOFTVPU_UP_TO(v4l2_queryctrl, id)),
    SOFTVPU_IOCTL(VIDIOC_QUERYMENU, querymenu, 0, SOFTVPU_UP_TO(v4l2_querymenu, index)),
    SOFTVPU_IOCTL(VIDIOC_G_EXT_CTRLS, g_ext_ctrls, kAlwaysCopyOut),
    SOFTVPU_IOCTL(VIDIOC_S_EXT_CTRLS, s_ext_ctrls, kPriorityChecked | kAlwaysCopyOut),
    SOFTVPU_IOCTL(VIDIOC_TRY_EXT_CTRLS, try_ext_ctrls, kAlwaysCopyOut),
    SOFTVPU_IOCTL(VIDIOC_QUERY_EXT_CTRL, query_ext_ctrl, 0, SOFTVPU_UP_TO(v4l2_query_ext_ctrl, id)),
};
static_assert(is_sorted_by_number(kRows));

}  // namespace

IoctlRows control_ioctls() { return kRows; }

}  // namespace softvpu::v4l2
