// SPDX-License-Identifier: LGPL-2.1-or-later
// One row a format, sorted by code. Raw names are those since Linux 6.0 ("Y/UV
// 4:2:0", not "Y/CbCr 4:2:0").
#include "v4l2/ioctl/format_names.h"

#include <linux/videodev2.h>

#include <array>
#include <string_view>

namespace softvpu::v4l2 {
namespace {

struct Row {
  uint32_t pixelformat;
  std::string_view description;
};

constexpr std::array kRows = {
    Row{V4L2_PIX_FMT_H264, "H.264"},
    Row{V4L2_PIX_FMT_HEVC, "HEVC"},
    Row{V4L2_PIX_FMT_MPEG2, "MPEG-2 ES"},
    Row{V4L2_PIX_FMT_NV12, "Y/UV 4:2:0"},
    Row{V4L2_PIX_FMT_NV12M, "Y/UV 4:2:0 (N-C)"},
    Row{V4L2_PIX_FMT_VP8, "VP8"},
    Row{V4L2_PIX_FMT_VP9, "VP9"},
    Row{V4L2_PIX_FMT_YUV420, "Planar YUV 4:2:0"},
    Row{V4L2_PIX_FMT_YUV420M, "Planar YUV 4:2:0 (N-C)"},
};

}  // namespace

std::string format_description(FourCC pixelformat) {
  for (const Row& row : kRows)
    if (row.pixelformat == static_cast<uint32_t>(pixelformat)) return std::string(row.description);
  return to_string(pixelformat);
}

}  // namespace softvpu::v4l2
