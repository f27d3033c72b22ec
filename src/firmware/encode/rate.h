// SPDX-License-Identifier: GPL-2.0-or-later
// Rate control as V4L2's controls state it, the same for every codec: the rows of the table, and what they ask of a library.
// ext-ctrls-codec.rst. Used by x264_encoder.cc and its like.
#pragma once

#include <cstdint>
#include <vector>

#include "firmware/encode/control_values.h"
#include "media/codec_info.h"

namespace softvpu::firmware {

enum class RateMode : uint8_t {
  kVariable,          // an average, with a peak
  kConstant,          // the buffer verifier's rate is the average
  kConstantQuality,   // whatever rate the quality takes
  kConstantQuantiser  // likewise, with the quantisers that the client names
};

struct Rate {
  RateMode mode = RateMode::kConstant;
  int kbps = 0;
  int peak_kbps = 0;         // equal to kbps in kConstant, never below
  int quality = 0;           // 1 (worst) to 100, of kConstantQuality
  int buffer_kbits() const;  // of the verifier: a second at the peak
};

// V4L2_CID_MPEG_VIDEO_BITRATE, _BITRATE_MODE, _CONSTANT_QUALITY, _FRAME_RC_ENABLE, _GOP_SIZE, _FORCE_KEY_FRAME, and _BITRATE_PEAK
// where the library bounds a variable rate.
enum class Peak : bool { kNone, kBounded };
std::vector<EncoderControl> rate_controls(Peak peak);
Rate rate_of(const ControlValues& values);

// The rate of pictures to count with: 30 where the client hasn't said. Numerator and denominator are at least 1.
struct FrameRate {
  uint32_t pictures = 30;
  uint32_t seconds = 1;
};
FrameRate frame_rate_of(FrameInterval interval);

}  // namespace softvpu::firmware
