// SPDX-License-Identifier: LGPL-2.1-or-later
// The ioctls that a decoder has besides those of every codec node: commands, selection and the
// older crop ioctls; their rows, and the table of all, at the end. A stateful decoder has no row
// for inputs, standards, tuners, frame intervals, requests: ENOTTY. They run under the file's lock.
// Clauses: dev-decoder.rst, vidioc-decoder-cmd.rst, vidioc-g-selection.rst, vidioc-cropcap.rst.
#include "v4l2/decoder/decoder_ioctls.h"

#include <cerrno>
#include <cstring>

#include "v4l2/decoder/decoder.h"
#include "v4l2/decoder/selection.h"
#include "v4l2/file/codec_file.h"
#include "v4l2/file/codec_ioctls.h"

namespace softvpu::v4l2 {
namespace {

// This table is a decoder's only.
Decoder& decoder_of(CodecFile& file) { return static_cast<Decoder&>(file.role()); }

v4l2_rect to_v4l2(Rect rect) { return {rect.left, rect.top, rect.width, rect.height}; }

Status check_side(uint32_t type) {
  const auto side = side_of_either(type);
  if (!side) return Unexpected(side.error());
  if (*side != Side::kCapture) return fail(EINVAL, "a decoder has rectangles on CAPTURE only");
  return {};
}

Status g_selection(CodecFile& file, v4l2_selection& selection, IoctlCall& call) {
  if (auto status = check_side(selection.type); !status) return status;
  Decoder& decoder = decoder_of(file);
  decoder.await_stream(call);
  const auto rect = decoder_selection(selection.target, decoder.formats().coded(), decoder.formats().visible());
  if (!rect) return Unexpected(rect.error());
  selection.r = to_v4l2(*rect);
  return {};
}

Status s_selection(CodecFile& file, v4l2_selection& selection, IoctlCall& call) {
  if (auto status = check_side(selection.type); !status) return status;
  Decoder& decoder = decoder_of(file);
  decoder.await_stream(call);
  const Rect wanted{selection.r.left, selection.r.top, selection.r.width, selection.r.height};
  const auto rect =
      adjust_decoder_selection(selection.target, selection.flags, wanted, decoder.formats().coded(), decoder.formats().visible());
  if (!rect) return Unexpected(rect.error());
  selection.r = to_v4l2(*rect);
  return {};
}

Status cropcap(CodecFile& file, v4l2_cropcap& cap, IoctlCall& call) {
  v4l2_selection selection{};
  selection.type = cap.type;
  selection.target = V4L2_SEL_TGT_CROP_BOUNDS;
  if (auto status = g_selection(file, selection, call); !status) return status;
  cap.bounds = selection.r;
  selection.target = V4L2_SEL_TGT_CROP_DEFAULT;
  if (auto status = g_selection(file, selection, call); !status) return status;
  cap.defrect = selection.r;
  // As v4l2-ioctl.c answers where a driver adds nothing, which real decoders don't. A
  // stream's own ratio makes GStreamer 1.26, whose caps have that of the container already,
  // fail with "not-negotiated".
  cap.pixelaspect = {1, 1};
  return {};
}

// The old crop ioctls, as v4l2-ioctl.c derives them from the selection.
Status g_crop(CodecFile& file, v4l2_crop& crop, IoctlCall& call) {
  v4l2_selection selection{};
  selection.type = crop.type;
  selection.target = V4L2_SEL_TGT_CROP;
  if (auto status = g_selection(file, selection, call); !status) return status;
  crop.c = selection.r;
  return {};
}

Status s_crop(CodecFile& file, v4l2_crop& crop, IoctlCall& call) {
  v4l2_selection selection{};
  selection.type = crop.type;
  selection.target = V4L2_SEL_TGT_CROP;
  selection.r = crop.c;
  return s_selection(file, selection, call);
}

Status try_decoder_cmd(CodecFile&, v4l2_decoder_cmd& command, IoctlCall&) {
  if (command.cmd != V4L2_DEC_CMD_START && command.cmd != V4L2_DEC_CMD_STOP)
    return fail(EINVAL, "no command of a stateful decoder; there are START and STOP");
  const uint32_t cmd = command.cmd;  // no flags and no arguments are accepted (vidioc-decoder-cmd.rst): they are cleared
  std::memset(&command, 0, sizeof command);
  command.cmd = cmd;
  return {};
}

Status decoder_cmd(CodecFile& file, v4l2_decoder_cmd& command, IoctlCall& call) {
  if (auto status = try_decoder_cmd(file, command, call); !status) return status;
  Decoder& decoder = decoder_of(file);
  return command.cmd == V4L2_DEC_CMD_STOP ? decoder.command_stop() : decoder.command_start();
}

constexpr std::array kRows = {
    SOFTVPU_IOCTL(VIDIOC_CROPCAP, cropcap, 0, SOFTVPU_UP_TO(v4l2_cropcap, type)),
    SOFTVPU_IOCTL(VIDIOC_G_CROP, g_crop, 0, SOFTVPU_UP_TO(v4l2_crop, type)),
    SOFTVPU_IOCTL(VIDIOC_S_CROP, s_crop, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_G_SELECTION, g_selection, 0, SOFTVPU_UP_TO(v4l2_selection, r)),
    SOFTVPU_IOCTL(VIDIOC_S_SELECTION, s_selection, kPriorityChecked, SOFTVPU_UP_TO(v4l2_selection, r)),
    SOFTVPU_IOCTL(VIDIOC_DECODER_CMD, decoder_cmd, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_TRY_DECODER_CMD, try_decoder_cmd),
};
static_assert(is_sorted_by_number(kRows));

IoctlRows own_ioctls() { return kRows; }

constexpr IoctlTable kTable{&buffer_ioctls, &codec_ioctls, &control_ioctls, &own_ioctls};

}  // namespace

const IoctlTable& decoder_ioctls() { return kTable; }

const IoctlTable& Decoder::ioctls() const { return kTable; }

}  // namespace softvpu::v4l2
