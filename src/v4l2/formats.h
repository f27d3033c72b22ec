// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats of one open decoder: what is offered, what is set, and what the stream made of it. Called by m2m_file.* under the
// file's lock. Clauses: dev-decoder.rst (Querying Capabilities, Initialization, Capture Setup, Commit Points), vidioc-g-fmt.rst.
#pragma once

#include <optional>
#include <vector>

#include "codec/capabilities.h"
#include "codec/session.h"
#include "media/frame_layout.h"
#include "v4l2/border.h"
#include "v4l2/buffer_memory.h"

namespace softvpu::v4l2 {

struct FormatDescription {
  FourCC pixelformat = FourCC::kNone;
  uint32_t flags = 0;  // V4L2_FMT_FLAG_*
};

class DecoderFormats {
 public:
  // `capabilities` has at least one decoder and outlives this.
  explicit DecoderFormats(const codec::Capabilities& capabilities);

  // Errors: EINVAL past the last one.
  Result<FormatDescription> enumerate(Side side, uint32_t index) const;
  // Errors: EINVAL for a format that isn't offered now.
  Result<SizeRange> frame_sizes(FourCC pixelformat) const;

  PixFormat current(Side side) const { return side == Side::kOutput ? output_ : capture_format(capture_pixelformat_); }
  // What set() would make of it. Never fails: it adjusts.
  PixFormat adjust(Side side, const PixFormat& wanted) const;
  // Takes an adjusted format. OUTPUT's resets CAPTURE's (Commit Points, 1) and forgets the stream.
  void set(Side side, const PixFormat& adjusted);
  // The client set what is set already: from now on it is its choice.
  void choose(Side side) { (side == Side::kOutput ? size_set_ : capture_chosen_) = true; }

  const codec::CodecInfo& codec() const { return *codec_; }
  // What the client said of the size, {0, 0} when nothing.
  Size size_hint() const { return size_set_ ? output_.size : Size{}; }

  // The stream told. Errors: EINVAL or ERANGE when no offered raw format can hold it; nothing changed then.
  Status apply_stream(const codec::StreamFormat& stream);
  void forget_stream();
  // The layout of CAPTURE that `stream` would have, by the same choice as apply_stream(). Errors: as apply_stream().
  Result<FrameLayout> layout_of(const codec::StreamFormat& stream) const;

  // What CAPTURE queries answer now (layout and picture) is already what `stream` makes of them.
  bool describes(const codec::StreamFormat& stream) const;

  const FrameLayout& layout() const { return layout_; }
  Size coded() const { return coded_; }
  Rect visible() const { return visible_; }  // in the CAPTURE buffer
  uint32_t min_capture_buffers() const { return stream_ ? stream_->min_output_buffers : codec_->min_output_buffers; }
  const std::optional<codec::StreamFormat>& stream() const { return stream_; }

  // Planes of a buffer of the current format.
  std::vector<PlaneSize> plane_sizes(Side side) const;

 private:
  PixFormat capture_format(FourCC pixelformat) const;
  bool offers_raw(FourCC pixelformat) const;
  FourCC raw_for(const codec::StreamFormat& stream) const;
  static Rect visible_in(const codec::StreamFormat& stream, const FrameLayout& layout);
  void resize_capture();

  std::vector<const codec::CodecInfo*> codecs_;  // in order of preference
  const codec::CodecInfo* codec_ = nullptr;      // of the OUTPUT format
  PixFormat output_;
  bool size_set_ = false;
  FourCC capture_pixelformat_ = FourCC::kNone;
  bool capture_chosen_ = false;  // by the client
  Size coded_;                   // of the stream, or the placeholder from OUTPUT
  Rect visible_;
  FrameLayout layout_;
  std::optional<codec::StreamFormat> stream_;
};

}  // namespace softvpu::v4l2
