// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the samples of a frame lie. Called by the upper half for sizeimage and bytesperline, by the worker before it writes a
// frame. V4L2 reference, "Single-planar format structure": how bytesperline of the first plane decides the others.
#include "media/frame_layout.h"

#include <limits>
#include <string>

namespace softvpu {
namespace {

constexpr uint32_t kBlock = 16;             // macroblock codecs write whole blocks
constexpr uint32_t kPlanarAlignment = 128;  // the halved chroma stride is then a multiple of 64, too
constexpr uint32_t kSemiPlanarAlignment = 64;
constexpr uint32_t kReadableTailLines = 2;
constexpr uint64_t kMaxBytes = std::numeric_limits<int32_t>::max();
constexpr uint32_t kMaxSide = 1u << 20;  // keeps all sums below far from 64 bits; kMaxBytes decides

// The component that interleaves Cb and Cr has their two bytes at each step.
bool is_semi_planar(const PixelFormatInfo& info) { return info.components == 2; }

}  // namespace

Result<FrameLayout> layout_for(FourCC fourcc, Size size) {
  const PixelFormatInfo* info = find_pixel_format(fourcc);
  if (info == nullptr) return fail(EINVAL, "no raw format " + to_string(fourcc));
  if (size.empty()) return fail(EINVAL, "a frame without width or height");
  if (size.width > kMaxSide || size.height > kMaxSide)
    return fail(ERANGE, "a frame side longer than " + std::to_string(kMaxSide));

  FrameLayout layout;
  layout.fourcc = fourcc;
  layout.size = {align_up(size.width, kBlock), align_up(size.height, kBlock)};
  layout.memory_planes = info->memory_planes;
  layout.components = info->components;
  const uint32_t luma_stride = align_up(layout.size.width * info->component[0].bytes_per_sample,
                                        is_semi_planar(*info) ? kSemiPlanarAlignment : kPlanarAlignment);

  std::array<uint64_t, kMaxPlanes> end{};  // bytes used so far in each memory plane
  for (uint32_t i = 0; i < info->components; ++i) {
    const ComponentInfo& component = info->component[i];
    // Component i has a memory plane of its own as far as there are planes; the rest follow in the last one.
    const uint32_t plane = i < info->memory_planes ? i : info->memory_planes - 1u;
    layout.stride[i] =
        (luma_stride >> component.horizontal_shift) * component.bytes_per_sample / info->component[0].bytes_per_sample;
    layout.offset[i] = static_cast<uint32_t>(end[plane]);
    layout.component_plane[i] = plane;
    end[plane] += static_cast<uint64_t>(layout.stride[i]) * (layout.size.height >> component.vertical_shift);
    if (end[plane] > kMaxBytes) return fail(ERANGE, "a frame of more than 2^31 - 1 bytes");
    layout.plane_size[plane] = static_cast<uint32_t>(end[plane]);
  }
  return layout;
}

uint32_t readable_tail(const FrameLayout& layout) { return kReadableTailLines * layout.stride[0]; }

}  // namespace softvpu
