// SPDX-License-Identifier: GPL-2.0-or-later
// H.264 by libx264, called directly: without latency, and with controls that take effect while a stream runs. Listed by
// library.h.
#pragma once

#include <stdint.h>
// After it:
#include <x264.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firmware/encode/control_values.h"
#include "firmware/encode/encoder_config.h"
#include "firmware/encode/frame_encoder.h"
#include "firmware/encode/key_frames.h"
#include "media/codec_info.h"

namespace softvpu::firmware {

class X264Encoder final : public FrameEncoder {
 public:
  explicit X264Encoder(const EncoderConfig& config);

  static CodecInfo info();

  Status begin(const FrameLayout& layout) override;
  void set_control(const ControlValue& control) override;
  void set_interval(FrameInterval interval) override;
  Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) override;

 private:
  struct Closer {
    void operator()(x264_t* encoder) const { x264_encoder_close(encoder); }
  };
  using EncoderPtr = std::unique_ptr<x264_t, Closer>;

  Status open();
  x264_param_t parameters() const;
  void set_rate(x264_param_t& parameters) const;
  void set_colour(x264_param_t& parameters) const;
  // Takes over what has been set since the last picture.
  Status apply_changes();
  x264_picture_t picture_of(const RawPicture& picture, bool key) const;
  // Copies the units of a frame to `output`, with the parameter sets where they belong. Returns the number of bytes, or nothing
  // if they don't fit.
  std::optional<size_t> write(std::span<const x264_nal_t> units, bool headers, std::span<std::byte> output) const;
  Error complaint(const char* what) const;
  static void note(void* self, int level, const char* format, va_list arguments);

  EncoderConfig config_;
  ControlValues values_;
  KeyFrames key_frames_;
  FrameLayout layout_;
  EncoderPtr encoder_;
  x264_param_t opened_{};           // what it was opened with, and what has been changed since
  std::vector<std::byte> headers_;  // SPS, PPS and SEI
  bool first_ = true;               // no frame of this stream has been coded
  int64_t pictures_ = 0;            // of this stream: what libx264 takes for their time
  std::string complaint_;           // the last one of libx264
};

}  // namespace softvpu::firmware
