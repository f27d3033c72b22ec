// SPDX-License-Identifier: LGPL-2.1-or-later
// Both shapes of the structures, there and back.
#include "v4l2/ioctl/border.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

namespace softvpu::v4l2 {
namespace {

class TheBorder : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Planes, TheBorder, testing::Bool(),
                         [](const auto& test) { return test.param ? "Multiplanar" : "SinglePlanar"; });

TEST_P(TheBorder, CarriesFormatsBothWays) {
  PixFormat format;
  format.pixelformat = make_fourcc('N', 'V', '1', '2');
  format.size = {640, 480};
  format.colour = {V4L2_COLORSPACE_REC709, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_709, V4L2_QUANTIZATION_LIM_RANGE};
  format.planes[0] = {460800, 640};
  v4l2_format raw;
  std::memset(&raw, 0xff, sizeof raw);
  format_out(format, GetParam(), &raw);
  EXPECT_EQ(format_in(raw, GetParam()), format);
  if (GetParam()) {
    for (const uint8_t reserved : raw.fmt.pix_mp.reserved) EXPECT_EQ(reserved, 0);
  }
}

TEST_P(TheBorder, CarriesBuffersBothWays) {
  BufferView view;
  view.index = 3;
  view.memory = V4L2_MEMORY_MMAP;
  view.flags = V4L2_BUF_FLAG_QUEUED;
  view.field = V4L2_FIELD_NONE;
  view.sequence = 9;
  view.timestamp = {7, 8};
  view.num_planes = 1;
  view.planes[0] = {11, 22, 0, 65536};
  v4l2_plane planes[VIDEO_MAX_PLANES];
  std::memset(planes, 0xff, sizeof planes);
  v4l2_buffer raw;
  std::memset(&raw, 0xff, sizeof raw);
  raw.m.planes = planes;
  buffer_out(view, Side::kCapture, GetParam(), &raw, planes);
  EXPECT_EQ(raw.type, buffer_type(Side::kCapture, GetParam()));
  EXPECT_EQ(raw.reserved2, 0u);
  const BufferView back = buffer_in(raw, GetParam() ? planes : nullptr, GetParam());
  EXPECT_EQ(back.index, 3u);
  EXPECT_EQ(back.sequence, 0u) << "the driver's, not taken from the client";
  EXPECT_EQ(back.timestamp.tv_usec, 8);
  EXPECT_EQ(back.planes[0].bytesused, 11u);
  EXPECT_EQ(back.planes[0].length, 22u);
  EXPECT_EQ(GetParam() ? planes[0].m.mem_offset : raw.m.offset, 65536u);
  if (GetParam()) {
    EXPECT_EQ(raw.m.planes, planes) << "the pointer is the client's";
    EXPECT_EQ(planes[0].reserved[10], 0u);
  }
}

// The union `m` is what the memory's type makes of it, in both directions.
TEST_P(TheBorder, CarriesTheNamesOfImportedMemory) {
  struct {
    uint32_t memory;
    uint64_t name;
  } const kinds[] = {{V4L2_MEMORY_USERPTR, 0x7fff'0123'4567'8000}, {V4L2_MEMORY_DMABUF, 42}};
  for (const auto& kind : kinds) {
    BufferView view;
    view.memory = kind.memory;
    view.num_planes = 1;
    view.planes[0].m = kind.name;
    v4l2_plane planes[VIDEO_MAX_PLANES];
    std::memset(planes, 0xff, sizeof planes);
    v4l2_buffer raw;
    std::memset(&raw, 0xff, sizeof raw);
    raw.m.planes = planes;
    buffer_out(view, Side::kOutput, GetParam(), &raw, planes);
    EXPECT_EQ(buffer_in(raw, GetParam() ? planes : nullptr, GetParam()).planes[0].m, kind.name) << kind.memory;
    raw.memory = V4L2_MEMORY_MMAP;
    EXPECT_EQ(buffer_in(raw, GetParam() ? planes : nullptr, GetParam()).planes[0].m, 0u) << "an offset is ours to tell";
  }
}

TEST(TheBorderOfTypes, HasTwoTypesPerNode) {
  EXPECT_EQ(*side_of(V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, true), Side::kOutput);
  EXPECT_EQ(*side_of(V4L2_BUF_TYPE_VIDEO_CAPTURE, false), Side::kCapture);
  EXPECT_EQ(side_of(V4L2_BUF_TYPE_VIDEO_CAPTURE, true).error().code, EINVAL);
  EXPECT_EQ(side_of(0, true).error().code, EINVAL);
  EXPECT_EQ(*side_of_either(V4L2_BUF_TYPE_VIDEO_CAPTURE), Side::kCapture);
  EXPECT_EQ(*side_of_either(V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE), Side::kCapture);
  EXPECT_FALSE(side_of_either(V4L2_BUF_TYPE_VBI_CAPTURE));
}

TEST(TheBorderOfColours, ReplacesWhatIsNoColour) {
  v4l2_format raw{};
  raw.fmt.pix_mp.colorspace = 0xff;
  raw.fmt.pix_mp.ycbcr_enc = V4L2_YCBCR_ENC_601;
  EXPECT_EQ(format_in(raw, true).colour, Colour{}) << "without a colorspace the rest means nothing";
  raw.fmt.pix_mp.colorspace = V4L2_COLORSPACE_SRGB;
  raw.fmt.pix_mp.xfer_func = 0xff;
  raw.fmt.pix_mp.quantization = 0xff;
  EXPECT_EQ(format_in(raw, true).colour, (Colour{V4L2_COLORSPACE_SRGB, 0, V4L2_YCBCR_ENC_601, 0}));
}

}  // namespace
}  // namespace softvpu::v4l2
