// SPDX-License-Identifier: LGPL-2.1-or-later
// The rectangles, target by target.
#include "v4l2/decoder/selection.h"

#include <linux/videodev2.h>

#include <cerrno>

namespace softvpu::v4l2 {

Result<Rect> decoder_selection(uint32_t target, Size coded, Rect visible) {
  switch (target) {
    case V4L2_SEL_TGT_CROP_BOUNDS:     // the coded resolution of the stream
    case V4L2_SEL_TGT_COMPOSE_PADDED:  // the codec writes whole blocks
      return Rect{0, 0, coded.width, coded.height};
    case V4L2_SEL_TGT_CROP_DEFAULT:  // the meaningful part of the CAPTURE buffer
    case V4L2_SEL_TGT_CROP:          // defaults to CROP_DEFAULT; read-only without a scaler
    case V4L2_SEL_TGT_COMPOSE_BOUNDS:
    case V4L2_SEL_TGT_COMPOSE_DEFAULT:
    case V4L2_SEL_TGT_COMPOSE:  // all equal to CROP without a scaler
      return visible;
    default:
      return fail(EINVAL, "a selection target that a decoder doesn't have");
  }
}

Result<Rect> adjust_decoder_selection(uint32_t target, uint32_t flags, Rect wanted, Size coded, Rect visible) {
  if (target != V4L2_SEL_TGT_CROP && target != V4L2_SEL_TGT_COMPOSE) return fail(EINVAL, "not an active rectangle of a decoder");
  if ((flags & ~uint32_t{V4L2_SEL_FLAG_GE | V4L2_SEL_FLAG_LE | V4L2_SEL_FLAG_KEEP_CONFIG}) != 0)
    return fail(EINVAL, "unknown flags");
  const auto given = decoder_selection(target, coded, visible);
  if (!given) return given;
  if ((flags & V4L2_SEL_FLAG_GE) != 0 && !contains(*given, wanted)) return fail(ERANGE, "the rectangle can't grow");
  if ((flags & V4L2_SEL_FLAG_LE) != 0 && !contains(wanted, *given)) return fail(ERANGE, "the rectangle can't shrink");
  return given;
}

}  // namespace softvpu::v4l2
