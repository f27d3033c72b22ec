// SPDX-License-Identifier: GPL-2.0-or-later
// VP8 and VP9 by libvpx, called directly: in real time, without latency, and with rates, quantisers and frame rates that change
// while a stream runs. Listed by library.h.
#pragma once

#include <vpx/vpx_encoder.h>

#include <memory>
#include <optional>
#include <string>

#include "firmware/encode/control_values.h"
#include "firmware/encode/encoder_config.h"
#include "firmware/encode/frame_encoder.h"
#include "firmware/encode/key_frames.h"
#include "media/codec_info.h"

namespace softvpu::firmware {

enum class VpxCodec : uint8_t { kVp8, kVp9 };

class VpxEncoder : public FrameEncoder {
 public:
  VpxEncoder(VpxCodec codec, const EncoderConfig& config);

  static CodecInfo info(VpxCodec codec);

  Status begin(const FrameLayout& layout) override;
  void set_control(const ControlValue& control) override;
  void set_interval(FrameInterval interval) override { config_.interval = interval; }
  Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) override;

 private:
  struct Closer {
    void operator()(vpx_codec_ctx_t* context) const;
  };

  Status open();
  // Takes over what has been set since the last picture. `key`: the next one is a key frame.
  Status apply_changes();
  Status set_quantisers(bool key);
  void set_rate(vpx_codec_enc_cfg_t& config) const;
  Status set_options();
  Status set_option(int option, int value);
  // From V4L2's scale, which is the bitstream's, to libvpx's.
  unsigned quantiser(uint32_t control) const;
  // V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY on libvpx's scale.
  unsigned quality_level() const;
  unsigned bounded_quality_level() const;
  vpx_image_t image_of(const RawPicture& picture) const;
  Error complaint(const char* what) const;

  const VpxCodec codec_;
  EncoderConfig config_;
  ControlValues values_;
  KeyFrames key_frames_;
  FrameLayout layout_;
  std::unique_ptr<vpx_codec_ctx_t, Closer> encoder_;
  vpx_codec_enc_cfg_t opened_{};  // as it is configured now
  int64_t time_ = 0;              // of the next picture, in units of kTimeBase
};

struct Vp8Encoder final : VpxEncoder {
  explicit Vp8Encoder(const EncoderConfig& config) : VpxEncoder(VpxCodec::kVp8, config) {}
  static CodecInfo info() { return VpxEncoder::info(VpxCodec::kVp8); }
};

struct Vp9Encoder final : VpxEncoder {
  explicit Vp9Encoder(const EncoderConfig& config) : VpxEncoder(VpxCodec::kVp9, config) {}
  static CodecInfo info() { return VpxEncoder::info(VpxCodec::kVp9); }
};

}  // namespace softvpu::firmware
