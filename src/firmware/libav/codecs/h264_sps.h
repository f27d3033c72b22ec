// SPDX-License-Identifier: GPL-2.0-or-later
// H.264 sequence parameter sets (H.264 7.3.2.1, E.1.1), as far as the output delay and the number
// of buffers need. For h264.cc.
#pragma once

#include <cstdint>
#include <optional>

#include "firmware/libav/bits.h"

namespace softvpu::firmware::libav {

struct H264Sps {
  uint32_t profile = 0;
  bool constraint_set3 = false;
  uint32_t level = 0;
  uint32_t id = 0;  // below 32
  bool separate_colour_planes = false;
  uint32_t log2_max_frame_num = 4;
  uint32_t poc_type = 0;
  uint32_t reference_frames = 0;
  uint32_t width_mbs = 0;
  uint32_t height_mbs = 0;  // of a frame
  bool frame_mbs_only = true;
  std::optional<uint32_t> reorder_frames;  // where the VUI restricts it
  bool states_range = false;               // video_full_range_flag
  bool states_colour = false;              // primaries, transfer, matrix

  // Frames that may have to wait for another that is shown earlier (H.264 C.4.5.3, A.3.1).
  uint32_t max_reorder() const;
};

// `nal` begins with the NAL header. nullopt: cut short, or nonsense.
std::optional<H264Sps> parse_h264_sps(Bytes nal);

}  // namespace softvpu::firmware::libav
