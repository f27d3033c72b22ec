// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats of one open decoder: what is offered, what is set, and what the stream made of it. Called by m2m_file.* under the
// file's lock. Clauses: dev-decoder.rst (Querying Capabilities, Initialization, Capture Setup, Commit Points), vidioc-g-fmt.rst.
#pragma once

#include <optional>
#include <vector>

#include "codec/capabilities.h"
#include "codec/session.h"
#include "media/frame_layout.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/queue/buffer_memory.h"

namespace softvpu::v4l2 {

struct FormatDescription {
  FourCC pixelformat = FourCC::kNone;
  uint32_t flags = 0;  // V4L2_FMT_FLAG_*
};

// What of `capabilities` a decoder node can offer: stateful decoders, each with those of its raw formats that are known here and
// can hold its smallest picture. A lower half may be of a later version, and a table anybody's.
codec::Capabilities decoders_of(codec::Capabilities capabilities);

class DecoderFormats {
 public:
  // `capabilities` is of decoders_of(), has at least one codec and outlives this.
  explicit DecoderFormats(const codec::Capabilities& capabilities);

  // Errors: EINVAL past the last one.
  Result<FormatDescription> enumerate(Side side, uint32_t index) const;
  // Errors: EINVAL for a format that isn't offered now.
  Result<SizeRange> frame_sizes(FourCC pixelformat) const;

  PixFormat current(Side side) const { return side == Side::kOutput ? output_format() : capture_format(capture_pixelformat_); }
  // What set() would make of it. Never fails: it adjusts.
  PixFormat adjust(Side side, const PixFormat& wanted) const;
  // Takes an adjusted format. OUTPUT's resets CAPTURE's (Commit Points, 1) and forgets the stream.
  void set(Side side, const PixFormat& adjusted);
  // The client set what is set already: from now on it is its choice.
  void choose(Side side, const PixFormat& adjusted);

  const codec::CodecInfo& codec() const { return *codec_; }
  // What the client said of the size, {0, 0} when nothing.
  Size size_hint() const { return size_set_ ? client_.size : Size{}; }

  // The stream told. Errors: EINVAL or ERANGE when no offered raw format can hold it; nothing changed then.
  Status apply_stream(const codec::StreamFormat& stream);
  void forget_stream();
  // The layout of CAPTURE that `stream` would have, by the same choice as apply_stream(). Errors: as apply_stream().
  Result<FrameLayout> layout_of(const codec::StreamFormat& stream) const;

  // What CAPTURE queries answer now (layout, picture and field) is already what `stream` makes of them.
  bool describes(const codec::StreamFormat& stream) const;

  const FrameLayout& layout() const { return layout_; }
  Size coded() const { return coded_; }
  Rect visible() const { return visible_; }  // in the CAPTURE buffer
  // Of the CAPTURE format and of every CAPTURE buffer alike, which v4l2-compliance compares: field-order.rst.
  uint32_t field() const { return stream_ && stream_->interlaced ? V4L2_FIELD_INTERLACED : V4L2_FIELD_NONE; }
  // 1 to VIDEO_MAX_FRAME.
  uint32_t min_capture_buffers() const;

  // Planes of a buffer of the current format.
  std::vector<PlaneSize> plane_sizes(Side side) const;

 private:
  PixFormat output_format() const;
  PixFormat capture_format(FourCC pixelformat) const;
  Colour colour() const;
  bool offers_raw(FourCC pixelformat) const;
  FourCC raw_for(const codec::StreamFormat& stream) const;
  static Rect visible_in(const codec::StreamFormat& stream, const FrameLayout& layout);
  void resize_capture();

  std::vector<const codec::CodecInfo*> codecs_;  // in order of preference
  const codec::CodecInfo* codec_ = nullptr;      // of the OUTPUT format
  PixFormat client_;                             // OUTPUT as the client set it; what the stream says is in stream_
  bool size_set_ = false;
  FourCC capture_pixelformat_ = FourCC::kNone;
  bool capture_chosen_ = false;  // by the client
  Size coded_;  // of the stream, also of the last one: CAPTURE may have buffers for it; or what OUTPUT was set to
  Rect visible_;
  FrameLayout layout_;
  std::optional<codec::StreamFormat> stream_;
};

}  // namespace softvpu::v4l2
