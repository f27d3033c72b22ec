// SPDX-License-Identifier: LGPL-2.1-or-later
// One row a control, sorted by id. Clauses: ext-ctrls-codec.rst, control.rst.
#include "v4l2/controls/controls_table.h"

#include <linux/videodev2.h>

#include <algorithm>
#include <array>

namespace softvpu::v4l2 {
namespace {

constexpr std::array<std::string_view, 4> kMpeg2Level = {"Low", "Main", "High 1440", "High"};
constexpr std::array<std::string_view, 5> kMpeg2Profile = {"Simple", "Main", "SNR Scalable", "Spatially Scalable", "High"};
constexpr std::array<std::string_view, 20> kH264Level = {"1",   "1b", "1.1", "1.2", "1.3", "2",   "2.1", "2.2", "3",   "3.1",
                                                         "3.2", "4",  "4.1", "4.2", "5",   "5.1", "5.2", "6.0", "6.1", "6.2"};
constexpr std::array<std::string_view, 18> kH264Profile = {"Baseline",
                                                           "Constrained Baseline",
                                                           "Main",
                                                           "Extended",
                                                           "High",
                                                           "High 10",
                                                           "High 422",
                                                           "High 444 Predictive",
                                                           "High 10 Intra",
                                                           "High 422 Intra",
                                                           "High 444 Intra",
                                                           "CAVLC 444 Intra",
                                                           "Scalable Baseline",
                                                           "Scalable High",
                                                           "Scalable High Intra",
                                                           "Stereo High",
                                                           "Multiview High",
                                                           "Constrained High"};
constexpr std::array<std::string_view, 4> kVpxProfile = {"0", "1", "2", "3"};
constexpr std::array<std::string_view, 14> kVp9Level = {"1",   "1.1", "2",   "2.1", "3", "3.1", "4",
                                                        "4.1", "5",   "5.1", "5.2", "6", "6.1", "6.2"};
constexpr std::array<std::string_view, 3> kHevcProfile = {"Main", "Main Still Picture", "Main 10"};
constexpr std::array<std::string_view, 13> kHevcLevel = {"1", "2",   "2.1", "3", "3.1", "4",  "4.1",
                                                         "5", "5.1", "5.2", "6", "6.1", "6.2"};

const std::array kRows = {
    ControlName{V4L2_CID_USER_CLASS, "User Controls", {}},
    ControlName{V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, "Min Number of Capture Buffers", {}},
    ControlName{V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, "Min Number of Output Buffers", {}},
    ControlName{V4L2_CID_CODEC_CLASS, "Codec Controls", {}},
    ControlName{V4L2_CID_MPEG_VIDEO_H264_LEVEL, "H264 Level", kH264Level},
    ControlName{V4L2_CID_MPEG_VIDEO_H264_PROFILE, "H264 Profile", kH264Profile},
    ControlName{V4L2_CID_MPEG_VIDEO_MPEG2_LEVEL, "MPEG2 Level", kMpeg2Level},
    ControlName{V4L2_CID_MPEG_VIDEO_MPEG2_PROFILE, "MPEG2 Profile", kMpeg2Profile},
    ControlName{V4L2_CID_MPEG_VIDEO_VP8_PROFILE, "VP8 Profile", kVpxProfile},
    ControlName{V4L2_CID_MPEG_VIDEO_VP9_PROFILE, "VP9 Profile", kVpxProfile},
    ControlName{V4L2_CID_MPEG_VIDEO_VP9_LEVEL, "VP9 Level", kVp9Level},
    ControlName{V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, "HEVC Profile", kHevcProfile},
    ControlName{V4L2_CID_MPEG_VIDEO_HEVC_LEVEL, "HEVC Level", kHevcLevel},
};

}  // namespace

const ControlName* find_control_name(uint32_t id) {
  const auto* found = std::find_if(kRows.begin(), kRows.end(), [id](const ControlName& row) { return row.id == id; });
  return found == kRows.end() ? nullptr : found;
}

}  // namespace softvpu::v4l2
