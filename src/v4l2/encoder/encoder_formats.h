// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats of one open encoder: what is offered, what the client set, the rectangle of its
// pictures that is coded, and the frame interval. Called by encoder.* under the file's lock.
// Clauses: dev-encoder.rst (Querying Capabilities, Initialization, Commit Points), vidioc-g-fmt.rst.
#pragma once

#include <vector>

#include "codec/capabilities.h"
#include "codec/session.h"
#include "media/source_layout.h"
#include "v4l2/role.h"

namespace softvpu::v4l2 {

// What of `capabilities` an encoder node can offer: encoders, each with those of its raw formats
// that are known here and can hold its smallest picture. A lower half may be of a later version,
// and a table anybody's.
codec::Capabilities encoders_of(codec::Capabilities capabilities);

class EncoderFormats final : public Formats {
 public:
  // `capabilities` is of encoders_of(), has at least one codec and outlives this.
  explicit EncoderFormats(const codec::Capabilities& capabilities);

  // CAPTURE: all coded formats. OUTPUT: the raw ones of the current coded format.
  Result<FormatDescription> enumerate(Side side, uint32_t index) const override;
  Result<SizeRange> frame_sizes(FourCC pixelformat) const override;
  PixFormat current(Side side) const override;
  PixFormat adjust(Side side, const PixFormat& wanted) const override;
  std::vector<PlaneSize> plane_sizes(Side side) const override;
  uint32_t min_buffers(Side) const override { return 1; }

  // Takes an adjusted format. OUTPUT's resets the crop rectangle. CAPTURE's keeps OUTPUT's where
  // the codec can code it: FFmpeg sets OUTPUT first.
  void set(Side side, const PixFormat& adjusted);

  const codec::CodecInfo& codec() const { return *codec_; }
  // A picture in the OUTPUT buffer.
  const FrameLayout& whole() const { return whole_; }
  // The part of it that is coded.
  FrameLayout coded_part() const { return part_of(whole_, crop_); }
  // A picture in a buffer of which `bytes` are used: whole(), or, where it ignored bytesperline, with the lines that it must
  // have.
  FrameLayout filled(uint32_t bytes) const;

  Rect bounds() const { return {0, 0, whole_.size.width, whole_.size.height}; }
  Rect crop() const { return crop_; }
  // What S_SELECTION would make of it: inside of the picture, and of a size that the codec can code.
  Rect adjust_crop(Rect wanted) const;
  void set_crop(Rect adjusted) { crop_ = adjusted; }

  Colour colour() const { return colour_; }

  FrameInterval interval() const { return interval_; }
  // A number that is 0 changes nothing, and isn't an error; otherwise what the codec's limits make
  // of it.
  void set_interval(FrameInterval wanted);

 private:
  PixFormat output_format(FourCC raw, const FrameLayout& layout, Colour colour) const;
  PixFormat capture_format(const codec::CodecInfo& codec, uint32_t wanted_bytes) const;
  FrameLayout layout_of(const codec::CodecInfo& codec, FourCC raw, Size size, const PixFormat& wanted) const;
  const codec::CodecInfo* find(FourCC coded) const;

  std::vector<const codec::CodecInfo*> codecs_;  // in order of preference
  const codec::CodecInfo* codec_ = nullptr;      // of the CAPTURE format
  FrameLayout whole_;                            // of the OUTPUT format
  Colour colour_;                                // of both
  Rect crop_;
  uint32_t asked_bytes_ = 0;  // of a CAPTURE buffer: what S_FMT answered, and at least that from then on
  FrameInterval interval_{1, 30};
};

}  // namespace softvpu::v4l2
