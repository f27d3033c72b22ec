// SPDX-License-Identifier: LGPL-2.1-or-later
// The ioctls that an encoder has besides those of every codec node: commands, the crop rectangle and
// the older crop ioctls, frame intervals; their rows, and the table of all, at the end. They run
// under the file's lock. Clauses: dev-encoder.rst, vidioc-encoder-cmd.rst, vidioc-g-selection.rst,
// vidioc-cropcap.rst, vidioc-g-parm.rst, vidioc-enum-frameintervals.rst.
#include "v4l2/encoder/encoder_ioctls.h"

#include <cerrno>
#include <cstring>

#include "v4l2/encoder/encoder.h"
#include "v4l2/file/codec_file.h"
#include "v4l2/file/codec_ioctls.h"

namespace softvpu::v4l2 {
namespace {

// This table is an encoder's only.
Encoder& encoder_of(CodecFile& file) { return static_cast<Encoder&>(file.role()); }

v4l2_rect to_v4l2(Rect rect) { return {rect.left, rect.top, rect.width, rect.height}; }

// ---- Initialization, step 6

Status check_side(uint32_t type) {
  const auto side = side_of_either(type);
  if (!side) return Unexpected(side.error());
  if (*side != Side::kOutput) return fail(EINVAL, "an encoder has rectangles on OUTPUT only");
  return {};
}

Status g_selection(CodecFile& file, v4l2_selection& selection, IoctlCall&) {
  if (auto status = check_side(selection.type); !status) return status;
  const EncoderFormats& formats = encoder_of(file).formats();
  switch (selection.target) {
    case V4L2_SEL_TGT_CROP_BOUNDS:
    case V4L2_SEL_TGT_CROP_DEFAULT:
      selection.r = to_v4l2(formats.bounds());
      return {};
    case V4L2_SEL_TGT_CROP:
      selection.r = to_v4l2(formats.crop());
      return {};
    default:
      return fail(EINVAL, "a selection target that an encoder doesn't have");
  }
}

Status s_selection(CodecFile& file, v4l2_selection& selection, IoctlCall&) {
  if (auto status = check_side(selection.type); !status) return status;
  if (selection.target != V4L2_SEL_TGT_CROP) return fail(EINVAL, "not an active rectangle of an encoder");
  if ((selection.flags & ~uint32_t{V4L2_SEL_FLAG_GE | V4L2_SEL_FLAG_LE | V4L2_SEL_FLAG_KEEP_CONFIG}) != 0)
    return fail(EINVAL, "unknown flags");
  Encoder& encoder = encoder_of(file);
  const Rect wanted{selection.r.left, selection.r.top, selection.r.width, selection.r.height};
  const Rect rect = encoder.formats().adjust_crop(wanted);
  if ((selection.flags & V4L2_SEL_FLAG_GE) != 0 && !contains(rect, wanted)) return fail(ERANGE, "it would have to be smaller");
  if ((selection.flags & V4L2_SEL_FLAG_LE) != 0 && !contains(wanted, rect)) return fail(ERANGE, "it would have to be larger");
  if (auto status = encoder.set_crop(rect); !status) return status;
  selection.r = to_v4l2(rect);
  return {};
}

// The old crop ioctls, as v4l2-ioctl.c derives them from the selection: of an OUTPUT queue they mean
// the composing rectangle, which an encoder doesn't have.
Status old_crop(uint32_t type) {
  if (auto status = check_side(type); !status) return status;
  return fail(EINVAL, "no composing rectangle; VIDIOC_S_SELECTION has that of cropping");
}
Status cropcap(CodecFile&, v4l2_cropcap& cap, IoctlCall&) { return old_crop(cap.type); }
Status g_crop(CodecFile&, v4l2_crop& crop, IoctlCall&) { return old_crop(crop.type); }
Status s_crop(CodecFile&, v4l2_crop& crop, IoctlCall&) { return old_crop(crop.type); }

// ---- Initialization, step 4

// Step 5 is for codecs with V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL: none has it.
Status check_parm(const CodecFile& file, uint32_t type) {
  const auto side = side_of(type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  if (*side == Side::kCapture) return fail(EINVAL, "the frame interval is set on OUTPUT");
  return {};
}

Status g_parm(CodecFile& file, v4l2_streamparm& parm, IoctlCall&) {
  if (auto status = check_parm(file, parm.type); !status) return status;
  const FrameInterval interval = encoder_of(file).formats().interval();
  std::memset(&parm.parm, 0, sizeof parm.parm);
  parm.parm.output.capability = V4L2_CAP_TIMEPERFRAME;
  parm.parm.output.timeperframe = {interval.numerator, interval.denominator};
  return {};
}

Status s_parm(CodecFile& file, v4l2_streamparm& parm, IoctlCall& call) {
  if (auto status = check_parm(file, parm.type); !status) return status;
  const v4l2_fract wanted = parm.parm.output.timeperframe;
  encoder_of(file).set_interval({wanted.numerator, wanted.denominator});
  return g_parm(file, parm, call);
}

// Querying Capabilities, step 4: without limits of the codec's own there is nothing to enumerate.
Status enum_frameintervals(CodecFile& file, v4l2_frmivalenum& intervals, IoctlCall&) {
  const EncoderFormats& formats = encoder_of(file).formats();
  const auto sizes = formats.frame_sizes(static_cast<FourCC>(intervals.pixel_format));
  if (!sizes) return Unexpected(sizes.error());
  if (!sizes->contains({intervals.width, intervals.height})) return fail(EINVAL, "not a size of this format");
  if (intervals.index != 0) return fail(EINVAL, "intervals are one range, at index 0");
  const FrameInterval min = formats.codec().min_interval;
  const FrameInterval max = formats.codec().max_interval;
  if (min.denominator == 0 || max.denominator == 0) return fail(EINVAL, "any frame interval");
  intervals.type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
  intervals.stepwise = {{min.numerator, min.denominator}, {max.numerator, max.denominator}, {1, 1}};
  return {};
}

// ---- Drain

Status try_encoder_cmd(CodecFile&, v4l2_encoder_cmd& command, IoctlCall&) {
  if (command.cmd != V4L2_ENC_CMD_START && command.cmd != V4L2_ENC_CMD_STOP)
    return fail(EINVAL, "no command of a stateful encoder; there are START and STOP");
  const uint32_t cmd = command.cmd;  // no flags and no arguments are accepted (vidioc-encoder-cmd.rst): they are cleared
  std::memset(&command, 0, sizeof command);
  command.cmd = cmd;
  return {};
}

Status encoder_cmd(CodecFile& file, v4l2_encoder_cmd& command, IoctlCall& call) {
  if (auto status = try_encoder_cmd(file, command, call); !status) return status;
  Encoder& encoder = encoder_of(file);
  return command.cmd == V4L2_ENC_CMD_STOP ? encoder.command_stop() : encoder.command_start();
}

constexpr std::array kRows = {
    SOFTVPU_IOCTL(VIDIOC_G_PARM, g_parm, 0, SOFTVPU_UP_TO(v4l2_streamparm, type)),
    SOFTVPU_IOCTL(VIDIOC_S_PARM, s_parm, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_CROPCAP, cropcap, 0, SOFTVPU_UP_TO(v4l2_cropcap, type)),
    SOFTVPU_IOCTL(VIDIOC_G_CROP, g_crop, 0, SOFTVPU_UP_TO(v4l2_crop, type)),
    SOFTVPU_IOCTL(VIDIOC_S_CROP, s_crop, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_ENUM_FRAMEINTERVALS, enum_frameintervals, 0, SOFTVPU_UP_TO(v4l2_frmivalenum, height)),
    SOFTVPU_IOCTL(VIDIOC_ENCODER_CMD, encoder_cmd, kPriorityChecked, SOFTVPU_UP_TO(v4l2_encoder_cmd, flags)),
    SOFTVPU_IOCTL(VIDIOC_TRY_ENCODER_CMD, try_encoder_cmd, 0, SOFTVPU_UP_TO(v4l2_encoder_cmd, flags)),
    SOFTVPU_IOCTL(VIDIOC_G_SELECTION, g_selection, 0, SOFTVPU_UP_TO(v4l2_selection, r)),
    SOFTVPU_IOCTL(VIDIOC_S_SELECTION, s_selection, kPriorityChecked, SOFTVPU_UP_TO(v4l2_selection, r)),
};
static_assert(is_sorted_by_number(kRows));

IoctlRows own_ioctls() { return kRows; }

constexpr IoctlTable kTable{&buffer_ioctls, &codec_ioctls, &control_ioctls, &own_ioctls};

}  // namespace

const IoctlTable& encoder_ioctls() { return kTable; }

const IoctlTable& Encoder::ioctls() const { return kTable; }

}  // namespace softvpu::v4l2
