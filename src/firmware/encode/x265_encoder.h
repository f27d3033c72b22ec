// SPDX-License-Identifier: GPL-2.0-or-later
// HEVC by libx265, called directly: without latency, and with key frames where they are asked for. Another rate begins a new
// group. Listed by library.h.
#pragma once

#include <stdint.h>
// After it:
#include <x265.h>

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

class X265Encoder final : public FrameEncoder {
 public:
  explicit X265Encoder(const EncoderConfig& config);

  static CodecInfo info();

  Status begin(const FrameLayout& layout) override;
  void set_control(const ControlValue& control) override;
  void set_interval(FrameInterval interval) override;
  Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) override;

 private:
  struct EncoderCloser {
    void operator()(x265_encoder* encoder) const { x265_encoder_close(encoder); }
  };
  struct ParamFree {
    void operator()(x265_param* parameters) const { x265_param_free(parameters); }
  };

  Status open();
  // `level`: in tenths, or 0 for the lowest that holds the stream; sets level_.
  Status open_with(int level);
  void set_parameters(x265_param& parameters) const;
  void set_rate(x265_param& parameters) const;
  // Where the picture's components are, those of interleaved chroma after they were copied apart.
  void point_at(const RawPicture& picture, x265_picture& in);
  std::optional<size_t> write(std::span<const x265_nal> units, bool headers, std::span<std::byte> output) const;

  EncoderConfig config_;
  ControlValues values_;
  KeyFrames key_frames_;
  FrameLayout layout_;
  std::string pool_;  // how many threads, as libx265 wants to read it
  std::unique_ptr<x265_param, ParamFree> parameters_;
  std::unique_ptr<x265_encoder, EncoderCloser> encoder_;
  std::vector<uint8_t> chroma_;     // both components of a picture, one after the other
  std::vector<std::byte> headers_;  // VPS, SPS and PPS
  int level_ = 0;                   // of the stream, in tenths
  bool first_ = true;               // no frame of this stream has been coded
  int64_t pictures_ = 0;            // of this stream
};

}  // namespace softvpu::firmware
