// SPDX-License-Identifier: LGPL-2.1-or-later
// A clip in memory as coded packets, so that both sides of a benchmark read the same bytes and neither pays for demuxing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct AVCodecParameters;

namespace softvpu::bench {

struct Packet {
  std::vector<uint8_t> data;
  int64_t pts_us = 0;
};

struct Clip {
  std::string codec;    // libavcodec's name: h264, hevc, vp8, vp9, mpeg2video
  uint32_t fourcc = 0;  // V4L2_PIX_FMT_*
  uint32_t width = 0;   // pixels
  uint32_t height = 0;
  std::vector<Packet> packets;  // Annex B for H.264 and HEVC
};

// Demuxes the first video stream of `path`. Prints the reason and returns false when it can't.
bool load_clip(const std::string& path, Clip& clip);

}  // namespace softvpu::bench
