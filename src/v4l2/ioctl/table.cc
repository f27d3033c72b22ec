// SPDX-License-Identifier: LGPL-2.1-or-later
// One row an ioctl, sorted by number. A stateful decoder has no row for inputs, standards, tuners, frame intervals, requests:
// ENOTTY.
#include "v4l2/ioctl/table.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace softvpu::v4l2 {
namespace {

template <typename T, int (M2mFile::*Handler)(T&, IoctlCall&)>
int call_typed(M2mFile& file, void* arg, IoctlCall& call) {
  return (file.*Handler)(*static_cast<T*>(arg), call);
}

template <typename T, int (M2mFile::*Handler)(T&, IoctlCall&)>
constexpr IoctlRow row(const char* name, uint32_t request, uint32_t flags = 0, size_t copy_in = sizeof(T)) {
  return {name, request, &call_typed<T, Handler>, flags, static_cast<uint32_t>(copy_in)};
}

#define SOFTVPU_ROW(request, type, handler, ...) row<type, &M2mFile::handler>(#request, request __VA_OPT__(, ) __VA_ARGS__)
// Everything after `field` starts as zero, whatever the client left there.
#define SOFTVPU_UP_TO(type, field) (offsetof(type, field) + sizeof(type::field))

constexpr std::array kRows = {
    SOFTVPU_ROW(VIDIOC_QUERYCAP, v4l2_capability, querycap),
    SOFTVPU_ROW(VIDIOC_ENUM_FMT, v4l2_fmtdesc, enum_fmt, 0, SOFTVPU_UP_TO(v4l2_fmtdesc, type)),
    SOFTVPU_ROW(VIDIOC_G_FMT, v4l2_format, g_fmt),
    SOFTVPU_ROW(VIDIOC_S_FMT, v4l2_format, s_fmt, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_REQBUFS, v4l2_requestbuffers, reqbufs, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_QUERYBUF, v4l2_buffer, querybuf, 0, SOFTVPU_UP_TO(v4l2_buffer, length)),
    SOFTVPU_ROW(VIDIOC_QBUF, v4l2_buffer, qbuf),
    SOFTVPU_ROW(VIDIOC_EXPBUF, v4l2_exportbuffer, expbuf, 0, SOFTVPU_UP_TO(v4l2_exportbuffer, flags)),
    SOFTVPU_ROW(VIDIOC_DQBUF, v4l2_buffer, dqbuf),
    SOFTVPU_ROW(VIDIOC_STREAMON, int, streamon, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_STREAMOFF, int, streamoff, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_G_CTRL, v4l2_control, g_ctrl, 0, SOFTVPU_UP_TO(v4l2_control, id)),
    SOFTVPU_ROW(VIDIOC_S_CTRL, v4l2_control, s_ctrl, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_QUERYCTRL, v4l2_queryctrl, queryctrl, 0, SOFTVPU_UP_TO(v4l2_queryctrl, id)),
    SOFTVPU_ROW(VIDIOC_QUERYMENU, v4l2_querymenu, querymenu, 0, SOFTVPU_UP_TO(v4l2_querymenu, index)),
    SOFTVPU_ROW(VIDIOC_CROPCAP, v4l2_cropcap, cropcap, 0, SOFTVPU_UP_TO(v4l2_cropcap, type)),
    SOFTVPU_ROW(VIDIOC_G_CROP, v4l2_crop, g_crop, 0, SOFTVPU_UP_TO(v4l2_crop, type)),
    SOFTVPU_ROW(VIDIOC_S_CROP, v4l2_crop, s_crop, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_TRY_FMT, v4l2_format, try_fmt),
    SOFTVPU_ROW(VIDIOC_G_PRIORITY, uint32_t, g_priority),
    SOFTVPU_ROW(VIDIOC_S_PRIORITY, uint32_t, s_priority, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_G_EXT_CTRLS, v4l2_ext_controls, g_ext_ctrls, kAlwaysCopyOut),
    SOFTVPU_ROW(VIDIOC_S_EXT_CTRLS, v4l2_ext_controls, s_ext_ctrls, kPriorityChecked | kAlwaysCopyOut),
    SOFTVPU_ROW(VIDIOC_TRY_EXT_CTRLS, v4l2_ext_controls, try_ext_ctrls, kAlwaysCopyOut),
    SOFTVPU_ROW(VIDIOC_ENUM_FRAMESIZES, v4l2_frmsizeenum, enum_framesizes, 0, SOFTVPU_UP_TO(v4l2_frmsizeenum, pixel_format)),
    SOFTVPU_ROW(VIDIOC_DQEVENT, v4l2_event, dqevent),
    SOFTVPU_ROW(VIDIOC_SUBSCRIBE_EVENT, v4l2_event_subscription, subscribe_event),
    SOFTVPU_ROW(VIDIOC_UNSUBSCRIBE_EVENT, v4l2_event_subscription, unsubscribe_event),
    SOFTVPU_ROW(VIDIOC_CREATE_BUFS, v4l2_create_buffers, create_bufs, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_PREPARE_BUF, v4l2_buffer, prepare_buf),
    SOFTVPU_ROW(VIDIOC_G_SELECTION, v4l2_selection, g_selection, 0, SOFTVPU_UP_TO(v4l2_selection, r)),
    SOFTVPU_ROW(VIDIOC_S_SELECTION, v4l2_selection, s_selection, kPriorityChecked, SOFTVPU_UP_TO(v4l2_selection, r)),
    SOFTVPU_ROW(VIDIOC_DECODER_CMD, v4l2_decoder_cmd, decoder_cmd, kPriorityChecked),
    SOFTVPU_ROW(VIDIOC_TRY_DECODER_CMD, v4l2_decoder_cmd, try_decoder_cmd),
    SOFTVPU_ROW(VIDIOC_QUERY_EXT_CTRL, v4l2_query_ext_ctrl, query_ext_ctrl, 0, SOFTVPU_UP_TO(v4l2_query_ext_ctrl, id)),
};

constexpr bool by_number(const IoctlRow& a, const IoctlRow& b) { return _IOC_NR(a.request) < _IOC_NR(b.request); }
static_assert(std::is_sorted(kRows.begin(), kRows.end(), by_number), "find_ioctl() searches by number");

}  // namespace

std::span<const IoctlRow> ioctl_table() { return kRows; }

const IoctlRow* find_ioctl(uint32_t request) {
  const auto found = std::lower_bound(kRows.begin(), kRows.end(), IoctlRow{nullptr, request, nullptr, 0, 0}, by_number);
  return found != kRows.end() && found->request == request ? &*found : nullptr;
}

}  // namespace softvpu::v4l2
