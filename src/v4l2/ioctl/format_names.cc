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
    Row{V4L2_PIX_FMT_ABGR32, "32-bit BGRA 8-8-8-8"},
    Row{V4L2_PIX_FMT_ARGB32, "32-bit ARGB 8-8-8-8"},
    Row{V4L2_PIX_FMT_BGR24, "24-bit BGR 8-8-8"},
    Row{V4L2_PIX_FMT_BGR32, "32-bit BGRA/X 8-8-8-8"},
    Row{V4L2_PIX_FMT_BGRA32, "32-bit ABGR 8-8-8-8"},
    Row{V4L2_PIX_FMT_BGRX32, "32-bit XBGR 8-8-8-8"},
    Row{V4L2_PIX_FMT_FWHT, "FWHT"},
    Row{V4L2_PIX_FMT_GREY, "8-bit Greyscale"},
    Row{V4L2_PIX_FMT_H264, "H.264"},
    Row{V4L2_PIX_FMT_HEVC, "HEVC"},
    Row{V4L2_PIX_FMT_HSV24, "24-bit HSV 8-8-8"},
    Row{V4L2_PIX_FMT_HSV32, "32-bit XHSV 8-8-8-8"},
    Row{V4L2_PIX_FMT_MPEG2, "MPEG-2 ES"},
    Row{V4L2_PIX_FMT_NV12, "Y/UV 4:2:0"},
    Row{V4L2_PIX_FMT_NV12M, "Y/UV 4:2:0 (N-C)"},
    Row{V4L2_PIX_FMT_NV16, "Y/UV 4:2:2"},
    Row{V4L2_PIX_FMT_NV16M, "Y/UV 4:2:2 (N-C)"},
    Row{V4L2_PIX_FMT_NV21, "Y/VU 4:2:0"},
    Row{V4L2_PIX_FMT_NV21M, "Y/VU 4:2:0 (N-C)"},
    Row{V4L2_PIX_FMT_NV24, "Y/UV 4:4:4"},
    Row{V4L2_PIX_FMT_NV42, "Y/VU 4:4:4"},
    Row{V4L2_PIX_FMT_NV61, "Y/VU 4:2:2"},
    Row{V4L2_PIX_FMT_RGB24, "24-bit RGB 8-8-8"},
    Row{V4L2_PIX_FMT_RGB32, "32-bit A/XRGB 8-8-8-8"},
    Row{V4L2_PIX_FMT_RGBA32, "32-bit RGBA 8-8-8-8"},
    Row{V4L2_PIX_FMT_RGBX32, "32-bit RGBX 8-8-8-8"},
    Row{V4L2_PIX_FMT_UYVY, "UYVY 4:2:2"},
    Row{V4L2_PIX_FMT_VP8, "VP8"},
    Row{V4L2_PIX_FMT_VP9, "VP9"},
    Row{V4L2_PIX_FMT_VYUY, "VYUY 4:2:2"},
    Row{V4L2_PIX_FMT_XBGR32, "32-bit BGRX 8-8-8-8"},
    Row{V4L2_PIX_FMT_XRGB32, "32-bit XRGB 8-8-8-8"},
    Row{V4L2_PIX_FMT_YUV420, "Planar YUV 4:2:0"},
    Row{V4L2_PIX_FMT_YUV420M, "Planar YUV 4:2:0 (N-C)"},
    Row{V4L2_PIX_FMT_YUV422P, "Planar YUV 4:2:2"},
    Row{V4L2_PIX_FMT_YUYV, "YUYV 4:2:2"},
    Row{V4L2_PIX_FMT_YVU420, "Planar YVU 4:2:0"},
    Row{V4L2_PIX_FMT_YVU420M, "Planar YVU 4:2:0 (N-C)"},
    Row{V4L2_PIX_FMT_YVYU, "YVYU 4:2:2"},
};

}  // namespace

std::string format_description(FourCC pixelformat) {
  for (const Row& row : kRows)
    if (row.pixelformat == static_cast<uint32_t>(pixelformat)) return std::string(row.description);
  return to_string(pixelformat);
}

}  // namespace softvpu::v4l2
