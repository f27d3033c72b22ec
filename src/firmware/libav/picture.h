// SPDX-License-Identifier: GPL-2.0-or-later
// libavcodec's pictures in this project's words: geometry, flags, and the copy into a client's
// layout. Called by the decoder on its thread.
#pragma once

#include <cstring>
#include <optional>

#include "firmware/codec.h"
#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/sequence.h"

namespace softvpu::firmware::libav {

// libavcodec stores the code points of a stream into its enums, whether they have such a member or
// not. Reading those as what they are called is undefined in C++; a number may have any value.
template <class Enum>
uint32_t number_in(const Enum& field) {
  static_assert(sizeof(Enum) == sizeof(uint32_t));
  uint32_t number;
  std::memcpy(&number, &field, sizeof number);
  return number;
}

// Sizes, format and colour of a picture, and what `sequence` states of it.
StreamFormat describe_picture(const CodecRow& row, const AVFrame& frame, const SequenceInfo& sequence);

// Size of the memory that libavcodec writes for a picture of `width` x `height` as it asks for it
// in get_buffer2.
Size written_size(const CodecRow& row, int width, int height, bool interlaced);

// 8 bits 4:2:0 planar.
bool is_yuv420(int av_pixel_format);

// Why a stream can't be delivered; nullopt: it can.
std::optional<Error> unsupported(const CodecRow& row, const StreamFormat& info);

FrameType type_of(const AVFrame& frame);
FrameField field_of(const AVFrame& frame);

// Marks the memory that libavcodec is to write a picture into, so that is_unfinished() can find out
// later whether it has written the last block of both fields. Pictures of 8 bits 4:2:0.
void mark_unfinished(AVFrame& frame);
bool is_unfinished(const AVFrame& frame);

// Whether two pictures of 8 bits 4:2:0 have the same samples.
bool same_picture(const AVFrame& a, const AVFrame& b);

// Where components are in (after can/may: be) `memory`. nullopt when `memory` is smaller than
// `layout` needs, or the layout isn't one of the two raw formats, or its components overlap their
// planes' ends.
struct Components {
  std::array<uint8_t*, 3> data{};
  std::array<int, 3> stride{};
  uint32_t count = 0;
};
std::optional<Components> components_in(const FrameLayout& layout, const MappedBuffer& memory);

// Copies (or converts, in one pass) the visible part of a 4:2:0 picture to (0,0). False: the layout
// is too small for it.
bool copy_picture(const AVFrame& frame, Size visible, const FrameLayout& layout, const MappedBuffer& memory);

}  // namespace softvpu::firmware::libav
