// SPDX-License-Identifier: LGPL-2.1-or-later
// The standard controls: numbers are those of <linux/v4l2-controls.h>; what V4L2 can offer of a listed range.
// vidioc-queryctrl.rst; tests/kernel compares names and menus with those of a kernel.
#include "core/control_table.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>
#include <softvpu/hfi.h>

#include <cstring>

#include "core/control_range.h"

namespace softvpu {
namespace {

TEST(TheControlTable, HasV4l2sNumbers) {
#define SVPU_CONTROL(type, class, number, id, flags, name) EXPECT_EQ(SVPU_V4L2_##class + (number), uint32_t{V4L2_CID_##id});
#define SVPU_MENU(type, class, number, id, flags, name, menu) EXPECT_EQ(SVPU_V4L2_##class + (number), uint32_t{V4L2_CID_##id});
#include "core/control_list.h"
  EXPECT_EQ(SVPU_V4L2_INTEGER, int{V4L2_CTRL_TYPE_INTEGER});
  EXPECT_EQ(SVPU_V4L2_BOOLEAN, int{V4L2_CTRL_TYPE_BOOLEAN});
  EXPECT_EQ(SVPU_V4L2_MENU, int{V4L2_CTRL_TYPE_MENU});
  EXPECT_EQ(SVPU_V4L2_BUTTON, int{V4L2_CTRL_TYPE_BUTTON});
  EXPECT_EQ(SVPU_V4L2_CTRL_CLASS, int{V4L2_CTRL_TYPE_CTRL_CLASS});
  EXPECT_EQ(SVPU_V4L2_INTEGER_MENU, int{V4L2_CTRL_TYPE_INTEGER_MENU});
  EXPECT_EQ(SVPU_V4L2_READ_ONLY, uint32_t{V4L2_CTRL_FLAG_READ_ONLY});
  EXPECT_EQ(SVPU_V4L2_UPDATE, uint32_t{V4L2_CTRL_FLAG_UPDATE});
  EXPECT_EQ(SVPU_V4L2_WRITE_ONLY, uint32_t{V4L2_CTRL_FLAG_WRITE_ONLY});
  EXPECT_EQ(SVPU_V4L2_EXECUTE_ON_WRITE, uint32_t{V4L2_CTRL_FLAG_EXECUTE_ON_WRITE});
}

// The enums of menus count their items.
TEST(TheControlTable, HasMenusAsLongAsV4l2sEnums) {
  const auto items = [](uint32_t id) { return svpu_v4l2_control_find(id)->num_items; };
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_H264_PROFILE), V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_HIGH + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_H264_LEVEL), V4L2_MPEG_VIDEO_H264_LEVEL_6_2 + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_HEVC_PROFILE), V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10 + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_HEVC_LEVEL), V4L2_MPEG_VIDEO_HEVC_LEVEL_6_2 + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE),
            V4L2_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE_DISABLED_AT_SLICE_BOUNDARY + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_VP9_LEVEL), V4L2_MPEG_VIDEO_VP9_LEVEL_6_2 + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_MPEG4_LEVEL), V4L2_MPEG_VIDEO_MPEG4_LEVEL_5 + 1u);
  EXPECT_EQ(items(V4L2_CID_MPEG_VIDEO_BITRATE_MODE), V4L2_MPEG_VIDEO_BITRATE_MODE_CQ + 1u);
  EXPECT_EQ(items(V4L2_CID_JPEG_CHROMA_SUBSAMPLING), V4L2_JPEG_CHROMA_SUBSAMPLING_GRAY + 1u);
}

TEST(TheControlTable, NamesEachControlOnceInWhatAStructHolds) {
  for (uint32_t i = 0; const svpu_v4l2_control* row = svpu_v4l2_control_at(i); ++i) {
    EXPECT_EQ(svpu_v4l2_control_find(row->id), row) << row->name;
    EXPECT_LT(std::strlen(row->name), sizeof v4l2_queryctrl{}.name) << row->name;
    EXPECT_EQ(row->num_items, svpu_control_items(row->id)) << row->name;
    EXPECT_EQ(row->items != nullptr, row->type == SVPU_V4L2_MENU) << row->name;
    EXPECT_EQ(row->values != nullptr, row->type == SVPU_V4L2_INTEGER_MENU) << row->name;
    for (uint32_t item = 0; row->items != nullptr && item < row->num_items; ++item)
      EXPECT_LT(std::strlen(row->items[item]), sizeof v4l2_querymenu{}.name) << row->items[item];
  }
  EXPECT_EQ(svpu_v4l2_control_find(V4L2_CID_MPEG_VIDEO_VP9_PROFILE)->items[3], std::string("3"));
  EXPECT_EQ(svpu_v4l2_control_find(V4L2_CID_MPEG_VIDEO_VPX_NUM_PARTITIONS)->values[3], 8);
  EXPECT_STREQ(svpu_v4l2_control_find(V4L2_CID_JPEG_CLASS)->name, "JPEG Compression Controls");
  EXPECT_EQ(svpu_v4l2_control_find(V4L2_CID_BRIGHTNESS), nullptr);
}

svpu_control_range listed(uint32_t type, int64_t minimum, int64_t maximum, uint64_t step, int64_t preset, uint64_t items = 0) {
  return {type, minimum, maximum, step, preset, items};
}

TEST(AListedControl, KeepsItsRangeAsAnInteger) {
  auto range = listed(SVPU_CONTROL_INTEGER, 1, 31, 1, 20);
  EXPECT_TRUE(svpu_control_fit(&range, SVPU_V4L2_INTEGER, 0));
  EXPECT_EQ(range.type, uint32_t{SVPU_V4L2_INTEGER});
  EXPECT_EQ(range.maximum, 31);
  range = listed(SVPU_CONTROL_BOOLEAN, 0, 1, 0, 1);
  EXPECT_TRUE(svpu_control_fit(&range, SVPU_V4L2_INTEGER, 0)) << "V4L2 has some booleans as integers";
  EXPECT_EQ(range.step, 1u);
  range = listed(SVPU_CONTROL_INTEGER, 0, 1, 1, 0);
  EXPECT_TRUE(svpu_control_fit(&range, SVPU_V4L2_BOOLEAN, 0));
}

TEST(AListedControl, IsntOfferedWhereV4l2CantExpressIt) {
  auto fits = [](svpu_control_range range, uint32_t type, uint32_t items = 4) { return svpu_control_fit(&range, type, items); };
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_INTEGER, 0, int64_t{1} << 31, 1, 0), SVPU_V4L2_INTEGER));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_INTEGER, -(int64_t{1} << 31) - 1, 0, 1, 0), SVPU_V4L2_INTEGER));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_INTEGER, 0, 9, uint64_t{1} << 40, 0), SVPU_V4L2_INTEGER));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_INTEGER, 0, 2, 1, 0), SVPU_V4L2_BOOLEAN));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_INTEGER, 0, 3, 1, 0, 0xf), SVPU_V4L2_MENU));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_MENU, 0, 3, 1, 0, 0xf), SVPU_V4L2_INTEGER));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_MENU, 0, 3, 1, 0, 0xf), SVPU_V4L2_BUTTON));
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_INTEGER, 0, 3, 1, 0), 8)) << "a bitmask";
  EXPECT_FALSE(fits(listed(SVPU_CONTROL_MENU, 0, 63, 1, 9, 0xf0), SVPU_V4L2_MENU)) << "nothing of the menu";
}

TEST(AListedControl, IsCutToItsMenu) {
  auto range = listed(SVPU_CONTROL_MENU, 1, 63, 0, 40, ~uint64_t{0});
  ASSERT_TRUE(svpu_control_fit(&range, SVPU_V4L2_INTEGER_MENU, 4));
  EXPECT_EQ(range.items, 0xeu);
  EXPECT_EQ(range.minimum, 0) << "v4l2_ctrl_new_std_menu()";
  EXPECT_EQ(range.maximum, 3);
  EXPECT_EQ(range.default_value, 1);
  EXPECT_EQ(range.step, 1u);
}

TEST(AListedControl, IsOfAClassThatCodecsHave) {
  EXPECT_TRUE(svpu_control_may_be_own(V4L2_CID_USER_BASE + 0x1000));
  EXPECT_TRUE(svpu_control_may_be_own(V4L2_CID_CODEC_MFC51_BASE));
  EXPECT_TRUE(svpu_control_may_be_own(V4L2_CID_JPEG_CLASS_BASE));
  EXPECT_FALSE(svpu_control_may_be_own(V4L2_CID_CAMERA_CLASS_BASE));
  EXPECT_FALSE(svpu_control_may_be_own(V4L2_CID_PRIVATE_BASE)) << "old-style private controls";
  EXPECT_FALSE(svpu_control_may_be_own(1));
}

TEST(AListedControl, HasNoRangeAsAButton) {
  auto range = listed(SVPU_CONTROL_BUTTON, 3, 9, 7, 4);
  ASSERT_TRUE(svpu_control_fit(&range, SVPU_V4L2_BUTTON, 0));
  EXPECT_EQ(range.minimum, 0);
  EXPECT_EQ(range.maximum, 0);
  EXPECT_EQ(range.default_value, 0);
}

}  // namespace
}  // namespace softvpu
