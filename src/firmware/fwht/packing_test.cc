// SPDX-License-Identifier: GPL-2.0-or-later
// Raw formats: where each component's samples are, sample by sample, and what happens at the edges.
#include "firmware/fwht/packing.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <map>
#include <vector>

namespace softvpu::firmware::fwht {
namespace {

uint8_t sample_at(uint32_t component, uint32_t x, uint32_t y) {
  return static_cast<uint8_t>(64 * component + (x * 3 + y * 7) % 61);
}

Picture pattern(const Shape& shape) {
  auto picture = Picture::create(shape);
  for (uint32_t i = 0; i < shape.components; ++i) {
    const Plane& plane = picture->plane(i);
    for (uint32_t y = 0; y < plane.height; ++y) {
      for (uint32_t x = 0; x < plane.width; ++x) plane.data[y * plane.width + x] = sample_at(i, x, y);
    }
  }
  return std::move(*picture);
}

// A frame buffer with lines that are longer than they need to be, and a guard behind them.
struct Buffer {
  Buffer(const RawFormat& format, Size buffer_size) : frame{.size = buffer_size} {
    for (uint32_t plane = 0; plane < kMaxComponents; ++plane) {
      uint32_t bytes = 0;
      for (uint32_t i = 0; i < format.components; ++i) {
        if (format.place[i].plane != plane) continue;
        const bool half = (i == kCb || i == kCr) && format.half_width;
        bytes = std::max(bytes, (half ? buffer_size.width / 2 : buffer_size.width) * format.place[i].step);
      }
      line[plane] = bytes;
      frame.stride[plane] = bytes + 5;
      memory[plane].assign(static_cast<size_t>(frame.stride[plane]) * buffer_size.height, kGuard);
      frame.data[plane] = memory[plane].data();
    }
  }
  ConstRawFrame read() const {
    ConstRawFrame out{.size = frame.size, .stride = frame.stride};
    std::copy(frame.data.begin(), frame.data.end(), out.data.begin());
    return out;
  }
  uint8_t at(uint32_t plane, uint32_t x, uint32_t y) const { return memory[plane][y * frame.stride[plane] + x]; }
  static constexpr uint8_t kGuard = 0xfa;
  RawFrame frame;
  std::array<uint32_t, kMaxComponents> line{};
  std::array<std::vector<uint8_t>, kMaxComponents> memory;
};

TEST(EveryRawFormat, HasTheNumberOfV4L2) {
  const std::map<FourCC, uint32_t> numbers = {
      {kYuv420, V4L2_PIX_FMT_YUV420}, {kYvu420, V4L2_PIX_FMT_YVU420},   {kYuv422p, V4L2_PIX_FMT_YUV422P},
      {kNv12, V4L2_PIX_FMT_NV12},     {kNv21, V4L2_PIX_FMT_NV21},       {kNv16, V4L2_PIX_FMT_NV16},
      {kNv61, V4L2_PIX_FMT_NV61},     {kNv24, V4L2_PIX_FMT_NV24},       {kNv42, V4L2_PIX_FMT_NV42},
      {kYuyv, V4L2_PIX_FMT_YUYV},     {kYvyu, V4L2_PIX_FMT_YVYU},       {kUyvy, V4L2_PIX_FMT_UYVY},
      {kVyuy, V4L2_PIX_FMT_VYUY},     {kRgb24, V4L2_PIX_FMT_RGB24},     {kBgr24, V4L2_PIX_FMT_BGR24},
      {kRgb32, V4L2_PIX_FMT_RGB32},   {kBgr32, V4L2_PIX_FMT_BGR32},     {kArgb32, V4L2_PIX_FMT_ARGB32},
      {kXrgb32, V4L2_PIX_FMT_XRGB32}, {kAbgr32, V4L2_PIX_FMT_ABGR32},   {kXbgr32, V4L2_PIX_FMT_XBGR32},
      {kRgba32, V4L2_PIX_FMT_RGBA32}, {kRgbx32, V4L2_PIX_FMT_RGBX32},   {kBgra32, V4L2_PIX_FMT_BGRA32},
      {kBgrx32, V4L2_PIX_FMT_BGRX32}, {kHsv24, V4L2_PIX_FMT_HSV24},     {kHsv32, V4L2_PIX_FMT_HSV32},
      {kGrey, V4L2_PIX_FMT_GREY},     {kYuv420m, V4L2_PIX_FMT_YUV420M}, {kYvu420m, V4L2_PIX_FMT_YVU420M},
      {kNv12m, V4L2_PIX_FMT_NV12M},   {kNv21m, V4L2_PIX_FMT_NV21M},     {kNv16m, V4L2_PIX_FMT_NV16M}};
  EXPECT_EQ(raw_formats().size(), numbers.size());
  for (const RawFormat& format : raw_formats()) {
    ASSERT_TRUE(numbers.contains(format.fourcc)) << to_string(format.fourcc);
    EXPECT_EQ(static_cast<uint32_t>(format.fourcc), numbers.at(format.fourcc));
    EXPECT_EQ(find_raw_format(format.fourcc), &format);
    EXPECT_TRUE(is_known(format.shape_of({16, 16})));
  }
}

// The first bytes of a line of each format, as V4L2's pages have them: L for component 0, then B,
// R, A.
TEST(EveryRawFormat, HasItsBytesInV4L2sOrder) {
  const std::map<FourCC, std::string> orders = {{kYuv420, "LLLL BBBB RRRR"},
                                                {kYvu420, "LLLL RRRR BBBB"},
                                                {kYuv420m, "LLLL BBBB RRRR"},
                                                {kYvu420m, "LLLL RRRR BBBB"},
                                                {kNv12m, "LLLL BRBR"},
                                                {kNv21m, "LLLL RBRB"},
                                                {kNv16m, "LLLL BRBR"},
                                                {kYuv422p, "LLLL BBBB RRRR"},
                                                {kNv12, "LLLL BRBR"},
                                                {kNv21, "LLLL RBRB"},
                                                {kNv16, "LLLL BRBR"},
                                                {kNv61, "LLLL RBRB"},
                                                {kNv24, "LLLL BRBR"},
                                                {kNv42, "LLLL RBRB"},
                                                {kYuyv, "LBLR"},
                                                {kYvyu, "LRLB"},
                                                {kUyvy, "BLRL"},
                                                {kVyuy, "RLBL"},
                                                {kRgb24, "RLBR"},
                                                {kBgr24, "BLRB"},
                                                {kRgb32, "ARLB"},
                                                {kXrgb32, "ARLB"},
                                                {kArgb32, "ARLB"},
                                                {kBgr32, "BLRA"},
                                                {kXbgr32, "BLRA"},
                                                {kAbgr32, "BLRA"},
                                                {kBgrx32, "ABLR"},
                                                {kBgra32, "ABLR"},
                                                {kRgbx32, "RLBA"},
                                                {kRgba32, "RLBA"},
                                                {kGrey, "LLLL"},
                                                {kHsv24, "RLBR"},
                                                {kHsv32, "ARLB"}};
  for (const RawFormat& format : raw_formats()) {
    Buffer buffer(format, {16, 16});
    pack(format, pattern(format.shape_of({16, 16})), buffer.frame);
    std::string order;
    for (uint32_t plane = 0; plane < kMaxComponents && buffer.line[plane] != 0; ++plane) {
      if (plane != 0) order += ' ';
      for (uint32_t x = 0; x < 4; ++x) order += "LBRA"[buffer.at(plane, x, 0) / 64];
    }
    EXPECT_EQ(order, orders.at(format.fourcc)) << to_string(format.fourcc);
  }
}

TEST(EveryRawFormat, ComesBackAsItWasPackedAtAnySize) {
  for (const RawFormat& format : raw_formats()) {
    for (const Size size : {Size{1, 1}, Size{2, 2}, Size{17, 9}, Size{64, 48}, Size{35, 33}}) {
      SCOPED_TRACE(to_string(format.fourcc) + " " + std::to_string(size.width) + "x" + std::to_string(size.height));
      const Size room = {align_up(size.width, 16), align_up(size.height, 16)};
      Buffer buffer(format, room);
      const Picture picture = pattern(format.shape_of(size));
      pack(format, picture, buffer.frame);
      for (uint32_t plane = 0; plane < kMaxComponents && buffer.line[plane] != 0; ++plane) {
        for (uint32_t y = 0; y < room.height; ++y)
          for (uint32_t x = buffer.line[plane];
               x < buffer.frame.stride[plane] && y * buffer.frame.stride[plane] + x < buffer.memory[plane].size(); ++x)
            ASSERT_EQ(buffer.at(plane, x, y), Buffer::kGuard) << "behind line " << y;
      }
      auto back = Picture::create(format.shape_of(size));
      unpack(format, buffer.read(), *back);
      for (uint32_t i = 0; i < format.components; ++i) {
        const Plane& plane = back->plane(i);
        for (uint32_t y = 0; y < plane.height; ++y)
          for (uint32_t x = 0; x < plane.width; ++x) ASSERT_EQ(plane.data[y * plane.width + x], sample_at(i, x, y)) << i;
      }
    }
  }
}

// A client's buffer may be no larger than the picture.
TEST(ATightFrame, IsReadToItsEdgesAndRepeatedToTheEndOfTheBlock) {
  const RawFormat& format = *find_raw_format(kRgb24);
  Buffer buffer(format, {3, 2});
  for (uint32_t y = 0; y < 2; ++y)
    for (uint32_t x = 0; x < 9; ++x) buffer.memory[0][y * buffer.frame.stride[0] + x] = static_cast<uint8_t>(100 * y + x);
  auto picture = Picture::create(format.shape_of({3, 2}));
  unpack(format, buffer.read(), *picture);
  const Plane& red = picture->plane(kCr);
  EXPECT_EQ(red.data[2], 6);
  EXPECT_EQ(red.data[7], 6) << "right of the picture";
  EXPECT_EQ(red.data[8 + 7], 106);
  EXPECT_EQ(red.data[7 * 8 + 1], 103) << "below the picture";
}

TEST(ATightFrame, IsWrittenToItsEdgesOnly) {
  const RawFormat& format = *find_raw_format(kNv12);
  Buffer buffer(format, {6, 4});
  pack(format, pattern(format.shape_of({6, 4})), buffer.frame);
  EXPECT_EQ(buffer.at(0, 5, 3), sample_at(0, 5, 3));
  EXPECT_EQ(buffer.at(0, 6, 3), Buffer::kGuard);
  EXPECT_EQ(buffer.at(1, 5, 1), sample_at(kCr, 2, 1));
  EXPECT_EQ(buffer.at(1, 6, 1), Buffer::kGuard);
  EXPECT_EQ(buffer.at(1, 0, 2), Buffer::kGuard);
}

TEST(ARawComponent, BetweenOthersIsMisplacedAsByVicodec) {
  const RawFormat& format = *find_raw_format(kNv12);
  const Shape shape = format.shape_of({16, 16});
  Picture picture = pattern(shape);
  misplace_raw_samples(format, {true, false, false, false}, picture);
  EXPECT_EQ(picture.plane(kLuma).data[3], sample_at(kLuma, 3, 0)) << "luma stands alone";
  EXPECT_EQ(picture.plane(kCb).data[3], sample_at(kCb, 3, 0));
  misplace_raw_samples(format, {false, true, false, false}, picture);
  // Bytes of the line are cb0 to cb7, then what cr's own samples overwrite: every second byte.
  EXPECT_EQ(picture.plane(kCb).data[3], sample_at(kCb, 6, 0));
  EXPECT_EQ(picture.plane(kCb).data[4], 0);
  EXPECT_EQ(picture.plane(kCr).data[3], sample_at(kCr, 3, 0));
}

}  // namespace
}  // namespace softvpu::firmware::fwht
