// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures that a client brings, and parts of them.
#include "media/source_layout.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace softvpu {
namespace {

TEST(APicture, IsLaidOutAsItsClientAsks) {
  const auto layout = source_layout_for(kYuv420, {780, 360}, {832});
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->size, (Size{780, 360}));
  EXPECT_EQ(layout->stride[0], 832u);
  EXPECT_EQ(layout->stride[2], 416u);
  EXPECT_EQ(layout->plane_size[0], 832u * 360 * 3 / 2);
  EXPECT_EQ(source_layout_for(kH264, {16, 16}).error().code, EINVAL);
  EXPECT_EQ(source_layout_for(kNv12, {0, 16}).error().code, EINVAL);
  EXPECT_EQ(source_layout_for(kNv12, {65536, 65536}).error().code, ERANGE);
}

TEST(ARectangle, StaysInsideThePictureOnWholeChromaSamples) {
  const FrameLayout whole = *source_layout_for(kNv12, {640, 480});
  EXPECT_EQ(rect_inside(whole, {0, 0, 640, 480}), (Rect{0, 0, 640, 480}));
  EXPECT_EQ(rect_inside(whole, {0, 0, 639, 479}), (Rect{0, 0, 639, 479}));
  EXPECT_EQ(rect_inside(whole, {33, 17, 100, 100}), (Rect{32, 16, 100, 100}));
  EXPECT_EQ(rect_inside(whole, {-5, -5, 0, 0}), (Rect{0, 0, 1, 1}));
  EXPECT_EQ(rect_inside(whole, {600, 400, 100, 100}), (Rect{600, 400, 40, 80}));
  EXPECT_EQ(rect_inside(whole, {INT32_MAX, INT32_MAX, UINT32_MAX, UINT32_MAX}), (Rect{638, 478, 2, 2}));
  EXPECT_EQ(rect_inside(whole, {INT32_MIN, INT32_MIN, UINT32_MAX, UINT32_MAX}), (Rect{0, 0, 640, 480}));
}

TEST(ARectangle, BeginsWhereAPackedFormatHasAWholePair) {
  const FrameLayout yuyv = *source_layout_for(make_fourcc('Y', 'U', 'Y', 'V'), {640, 480});
  EXPECT_EQ(rect_inside(yuyv, {33, 17, 100, 100}), (Rect{32, 17, 100, 100}));
  EXPECT_EQ(part_of(yuyv, {32, 17, 100, 100}).offset[0], 17u * 1280 + 64);
  const FrameLayout rgb = *source_layout_for(make_fourcc('R', 'G', 'B', '3'), {640, 480});
  EXPECT_EQ(rect_inside(rgb, {33, 17, 100, 100}), (Rect{33, 17, 100, 100}));
}

TEST(APartOfAPicture, BeginsWhereItLies) {
  const FrameLayout whole = *source_layout_for(kYuv420, {640, 480}, {704});
  const FrameLayout part = part_of(whole, {32, 16, 100, 80});
  EXPECT_EQ(part.size, (Size{100, 80}));
  EXPECT_EQ(readable_size(part), (Size{608, 464}));
  EXPECT_EQ(readable_size(part_of(whole, {0, 0, 640, 480})), (Size{640, 480}));
  EXPECT_EQ(part.stride, whole.stride);
  EXPECT_EQ(part.plane_size, whole.plane_size);
  EXPECT_EQ(part.offset[0], 16u * 704 + 32);
  EXPECT_EQ(part.offset[1], 704u * 480 + 8 * 352 + 16);
  EXPECT_EQ(part.offset[2], 704u * 480 + 352 * 240 + 8 * 352 + 16);
  const FrameLayout pairs = part_of(*source_layout_for(kNv12, {640, 480}), {32, 16, 100, 80});
  EXPECT_EQ(pairs.offset[1], 640u * 480 + 8 * 640 + 32);
  // Its last line ends in the plane.
  const FrameLayout corner = part_of(whole, rect_inside(whole, {639, 479, 1, 1}));
  EXPECT_LT(corner.offset[2], corner.plane_size[0]);
}

}  // namespace
}  // namespace softvpu
