// SPDX-License-Identifier: GPL-2.0-or-later
// Rate control's controls: see rate.h.
#include "firmware/encode/rate.h"

#include <linux/v4l2-controls.h>

#include <algorithm>
#include <cstdint>

namespace softvpu::firmware {
namespace {

constexpr int64_t kLowestBitrate = 10'000;
constexpr int64_t kHighestBitrate = 500'000'000;
constexpr int64_t kUsualBitrate = 10'000'000;  // a Raspberry Pi's
constexpr int64_t kUsualPeak = 20'000'000;
constexpr int64_t kUsualGop = 60;
constexpr uint64_t kModes =
    1u << V4L2_MPEG_VIDEO_BITRATE_MODE_VBR | 1u << V4L2_MPEG_VIDEO_BITRATE_MODE_CBR | 1u << V4L2_MPEG_VIDEO_BITRATE_MODE_CQ;

int kilobits(int64_t bits) { return static_cast<int>(std::max<int64_t>(bits / 1000, 1)); }

}  // namespace

std::vector<EncoderControl> rate_controls(Peak peak) {
  std::vector<EncoderControl> rows = {
      {{.id = V4L2_CID_MPEG_VIDEO_BITRATE,
        .minimum = kLowestBitrate,
        .maximum = kHighestBitrate,
        .default_value = kUsualBitrate}},
      {menu_control(V4L2_CID_MPEG_VIDEO_BITRATE_MODE, kModes, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR), true},
      {{.id = V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY, .minimum = 1, .maximum = 100, .default_value = 50}},
      {{.id = V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, .type = ControlType::kBoolean, .maximum = 1, .default_value = 1}, true},
      {{.id = V4L2_CID_MPEG_VIDEO_GOP_SIZE, .minimum = 0, .maximum = INT32_MAX, .default_value = kUsualGop}},
      {{.id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, .type = ControlType::kButton}},
  };
  if (peak == Peak::kBounded) {
    rows.push_back({{.id = V4L2_CID_MPEG_VIDEO_BITRATE_PEAK,
                     .minimum = kLowestBitrate,
                     .maximum = kHighestBitrate,
                     .default_value = kUsualPeak}});
  }
  return rows;
}

Rate rate_of(const ControlValues& values) {
  Rate rate{.kbps = kilobits(values.of(V4L2_CID_MPEG_VIDEO_BITRATE)),
            .quality = values.number(V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY)};
  const int64_t mode = values.of(V4L2_CID_MPEG_VIDEO_BITRATE_MODE);
  if (!values.is_on(V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE)) {
    rate.mode = RateMode::kConstantQuantiser;
  } else if (mode == V4L2_MPEG_VIDEO_BITRATE_MODE_CQ) {
    rate.mode = RateMode::kConstantQuality;
  } else if (mode == V4L2_MPEG_VIDEO_BITRATE_MODE_VBR) {
    rate.mode = RateMode::kVariable;
  }
  rate.peak_kbps = rate.kbps;
  if (rate.mode == RateMode::kVariable)
    rate.peak_kbps = std::max(rate.kbps, kilobits(values.of(V4L2_CID_MPEG_VIDEO_BITRATE_PEAK)));
  return rate;
}

int Rate::buffer_kbits() const { return peak_kbps; }

FrameRate frame_rate_of(FrameInterval interval) {
  if (interval.numerator == 0 || interval.denominator == 0) return {};
  // libx264 takes numbers of 31 bits.
  FrameRate rate{.pictures = interval.denominator, .seconds = interval.numerator};
  while (std::max(rate.pictures, rate.seconds) > INT32_MAX)
    rate = {.pictures = std::max(rate.pictures / 2, 1u), .seconds = std::max(rate.seconds / 2, 1u)};
  return rate;
}

}  // namespace softvpu::firmware
