// SPDX-License-Identifier: GPL-2.0-or-later
// Which pictures become key frames. The libraries are told to make none of their own, so that the length of a group and a forced
// key frame take effect at any time and in the same way for every codec. Used by x264_encoder.cc and its like.
#pragma once

#include <cstdint>

namespace softvpu::firmware {

class KeyFrames {
 public:
  // The next picture begins a group.
  void force() { forced_ = true; }
  // Whether the picture that is coded now begins a group. `gop_size`: pictures in a group, the key frame included
  // (V4L2_CID_MPEG_VIDEO_GOP_SIZE); 0: only forced ones begin one.
  bool take_next(int64_t gop_size) {
    const bool key = forced_ || (gop_size > 0 && in_group_ >= gop_size);
    forced_ = false;
    in_group_ = key ? 1 : in_group_ + 1;
    return key;
  }

 private:
  bool forced_ = true;
  int64_t in_group_ = 0;  // pictures since the last key frame, that one included
};

}  // namespace softvpu::firmware
