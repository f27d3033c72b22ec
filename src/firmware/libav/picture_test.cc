// SPDX-License-Identifier: GPL-2.0-or-later
// libavcodec's pictures in this project's words: see picture.h.
#include "firmware/libav/picture.h"

#include <gtest/gtest.h>

namespace softvpu::firmware::libav {
namespace {

// H.273 has 256 code points for each of these, libavcodec's enums fewer. The MPEG-2 decoder stores what it reads. Seen under
// UBSan.
TEST(APicture, MayHaveColoursThatNobodyHasNamed) {
  const CodecRow* row = find_row(kMpeg2);
  ASSERT_NE(row, nullptr);
  const FramePtr frame(av_frame_alloc());
  frame->width = frame->height = 64;
  frame->format = AV_PIX_FMT_YUV420P;
  const uint32_t unnamed = 143;
  for (void* field :
       {static_cast<void*>(&frame->color_primaries), static_cast<void*>(&frame->color_trc),
        static_cast<void*>(&frame->colorspace), static_cast<void*>(&frame->color_range), static_cast<void*>(&frame->pict_type)}) {
    std::memcpy(field, &unnamed, sizeof unnamed);
  }
  frame->key_frame = 0;
  EXPECT_EQ(describe_picture(*row, *frame, SequenceInfo{}).colour, Colour{});
  EXPECT_EQ(type_of(*frame), FrameType::kUnknown);
}

}  // namespace
}  // namespace softvpu::firmware::libav
