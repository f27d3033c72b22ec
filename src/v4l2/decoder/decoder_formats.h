// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats of one open decoder: what is offered, what the client asked for, and what the stream
// made of it. Called by decoder.* under the file's lock. Clauses: dev-decoder.rst (Querying
// Capabilities, Initialization, Capture Setup, Commit Points), vidioc-g-fmt.rst.
#pragma once

#include <optional>
#include <vector>

#include "codec/capabilities.h"
#include "codec/session.h"
#include "media/frame_layout.h"
#include "v4l2/role.h"

namespace softvpu::v4l2 {

// What of `capabilities` a decoder node can offer: stateful decoders, each with those of its raw
// formats that are known here and can hold its smallest picture. A lower half may be of a later
// version, and a table anybody's.
codec::Capabilities decoders_of(codec::Capabilities capabilities);

class DecoderFormats final : public Formats {
 public:
  // `capabilities` is of decoders_of(), has at least one codec and outlives this.
  explicit DecoderFormats(const codec::Capabilities& capabilities);

  Result<FormatDescription> enumerate(Side side, uint32_t index) const override;
  Result<SizeRange> frame_sizes(FourCC pixelformat) const override;
  PixFormat current(Side side) const override;
  PixFormat adjust(Side side, const PixFormat& wanted) const override;
  std::vector<PlaneSize> plane_sizes(Side side) const override;
  uint32_t min_buffers(Side side) const override;

  // Takes an adjusted format. OUTPUT's resets CAPTURE's (Commit Points, 1) and forgets the stream.
  void set(Side side, const PixFormat& adjusted);
  // The client set what is set already: from now on it is its choice.
  void choose(Side side, const PixFormat& adjusted);

  const codec::CodecInfo& codec() const { return *codec_; }
  // What the client said of the size, {0, 0} when nothing.
  Size size_hint() const { return client_.chose_output ? client_.output.size : Size{}; }

  // A header came. Errors: EINVAL or ERANGE when no offered raw format can hold
  // it; nothing changed then.
  Status apply_stream(const codec::StreamFormat& stream);
  void forget_stream();
  // The layout of CAPTURE that `stream` would have, by the same choice as apply_stream().
  // Errors: as apply_stream().
  Result<FrameLayout> layout_of(const codec::StreamFormat& stream) const;

  // What CAPTURE queries answer now (layout, picture and field) is already what
  // `stream` makes of them.
  bool describes(const codec::StreamFormat& stream) const;

  const FrameLayout& layout() const { return frame_.layout; }
  Size coded() const { return frame_.coded; }
  Rect visible() const { return frame_.visible; }  // in the CAPTURE buffer
  // Of the CAPTURE format and of every CAPTURE buffer alike, which v4l2-compliance
  // compares: field-order.rst.
  uint32_t field() const { return stream_ && stream_->interlaced ? V4L2_FIELD_INTERLACED : V4L2_FIELD_NONE; }

 private:
  using Lines = std::array<uint32_t, kMaxPlanes>;
  // What the client asked for; no stream changes it.
  struct Request {
    PixFormat output;
    bool chose_output = false;
    FourCC raw = FourCC::kNone;  // of CAPTURE; kNone: it left that to us
    // Bytes per line of CAPTURE, of each plane, for frames of that format and size alone.
    Lines lines{};
    FourCC lines_raw = FourCC::kNone;
    Size lines_size;
  };
  // The CAPTURE buffer: of the stream, also of the last one, since there may be buffers for it; or
  // of what OUTPUT was set to.
  struct Frame {
    FourCC raw = FourCC::kNone;
    Size coded;
    Rect visible;
    FrameLayout layout;
  };

  PixFormat output_format() const;
  PixFormat capture_format(const FrameLayout& layout) const;
  Lines asked_lines(FourCC raw, const PixFormat& wanted) const;
  // As the client asked for of such frames.
  Lines lines_for(FourCC raw, Size coded) const;
  Colour colour() const;
  bool offers_raw(FourCC pixelformat) const;
  FourCC raw_for(const codec::StreamFormat& stream) const;
  bool holds_stream(FourCC raw) const;
  static Rect visible_in(const codec::StreamFormat& stream, const FrameLayout& layout);
  void resize_capture();

  std::vector<const codec::CodecInfo*> codecs_;  // in order of preference
  const codec::CodecInfo* codec_ = nullptr;      // of the OUTPUT format
  Request client_;
  std::optional<codec::StreamFormat> stream_;  // what the stream says, nothing before its header
  Frame frame_;                                // what follows from the two
  uint32_t former_stride_ = 0;                 // of the frame of another size that was there before
};

}  // namespace softvpu::v4l2
