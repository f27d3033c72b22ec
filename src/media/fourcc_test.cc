// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media/fourcc.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

namespace softvpu {
namespace {

TEST(AFourCC, HasTheValueOfV4L2) {
  EXPECT_EQ(static_cast<uint32_t>(kYuv420), V4L2_PIX_FMT_YUV420);
  EXPECT_EQ(static_cast<uint32_t>(kNv12), V4L2_PIX_FMT_NV12);
  EXPECT_EQ(static_cast<uint32_t>(kH264), V4L2_PIX_FMT_H264);
  EXPECT_EQ(static_cast<uint32_t>(kHevc), V4L2_PIX_FMT_HEVC);
  EXPECT_EQ(static_cast<uint32_t>(kVp8), V4L2_PIX_FMT_VP8);
  EXPECT_EQ(static_cast<uint32_t>(kVp9), V4L2_PIX_FMT_VP9);
  EXPECT_EQ(static_cast<uint32_t>(kMpeg2), V4L2_PIX_FMT_MPEG2);
  EXPECT_EQ(static_cast<uint32_t>(kFwht), V4L2_PIX_FMT_FWHT);
}

TEST(AFourCC, PrintsAsItsCharacters) { EXPECT_EQ(to_string(kNv12), "NV12"); }

TEST(AFourCC, PrintsWhatIsNoCharacterAsADot) {
  EXPECT_EQ(to_string(FourCC::kNone), "....");
  EXPECT_EQ(to_string(make_fourcc('Y', '1', '6', '\x80')), "Y16.");
  EXPECT_EQ(to_string(make_fourcc('\x7f', '\n', ' ', '~')), ".. ~");
}

}  // namespace
}  // namespace softvpu
