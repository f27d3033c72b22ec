// SPDX-License-Identifier: LGPL-2.1-or-later
// The controls of a decoder. Clauses: vidioc-queryctrl.rst, vidioc-g-ctrl.rst, vidioc-g-ext-ctrls.rst, dev-decoder.rst.
#include <cerrno>
#include <set>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(DecoderControls);

// vidioc-queryctrl.rst, NEXT_CTRL: in order of ids, each class before its controls; both query ioctls agree.
TEST_P(DecoderControls, AreEnumeratedInOrder) {
  Client client(device());
  std::set<uint32_t> classes;
  uint32_t last = 0;
  for (v4l2_query_ext_ctrl query{.id = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND};
       client.ioctl(VIDIOC_QUERY_EXT_CTRL, &query) == 0; query.id |= V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND) {
    EXPECT_GT(query.id, last);
    last = query.id;
    EXPECT_NE(query.name[0], 0);
    if (query.type == V4L2_CTRL_TYPE_CTRL_CLASS)
      classes.insert(V4L2_CTRL_ID2WHICH(query.id));
    else
      EXPECT_TRUE(classes.contains(V4L2_CTRL_ID2WHICH(query.id))) << query.name;
    v4l2_queryctrl old{};
    old.id = query.id;
    if (query.type < V4L2_CTRL_COMPOUND_TYPES) {
      ASSERT_EQ(client.ioctl(VIDIOC_QUERYCTRL, &old), 0);
      EXPECT_EQ(old.type, query.type);
      EXPECT_EQ(old.flags, query.flags);
    }
    if (query.type == V4L2_CTRL_TYPE_MENU) {
      uint32_t items = 0;
      for (v4l2_querymenu menu{.id = query.id}; menu.index <= static_cast<uint32_t>(query.maximum) + 2; ++menu.index) {
        const int result = client.ioctl(VIDIOC_QUERYMENU, &menu);
        const bool inside =
            menu.index >= static_cast<uint32_t>(query.minimum) && menu.index <= static_cast<uint32_t>(query.maximum);
        EXPECT_TRUE(inside || result == -EINVAL);
        items += result == 0 ? 1 : 0;
      }
      EXPECT_GE(items, 1u) << query.name;
    }
  }
  EXPECT_GT(last, 0u);
  v4l2_queryctrl unknown{.id = V4L2_CID_BRIGHTNESS};
  EXPECT_EQ(client.ioctl(VIDIOC_QUERYCTRL, &unknown), -EINVAL);
}

// control.rst, MIN_BUFFERS_FOR_CAPTURE: read-only; dev-decoder.rst, Capture Setup, step 10, note.
TEST_P(DecoderControls, TellHowManyCaptureBuffersAreNeeded) {
  Client client(device());
  v4l2_query_ext_ctrl query{.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE};
  ASSERT_EQ(client.ioctl(VIDIOC_QUERY_EXT_CTRL, &query), 0);
  EXPECT_EQ(query.type, uint32_t{V4L2_CTRL_TYPE_INTEGER});
  EXPECT_NE(query.flags & V4L2_CTRL_FLAG_READ_ONLY, 0u);
  int32_t value = 0;
  ASSERT_EQ(client.control(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &value), 0);
  EXPECT_GE(value, query.minimum);
  EXPECT_LE(value, query.maximum);
  v4l2_control control{V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 4};
  EXPECT_EQ(client.ioctl(VIDIOC_S_CTRL, &control), -EACCES);
}

// vidioc-g-ext-ctrls.rst: `which`, and error_idx, which says whether a single control was at fault.
TEST_P(DecoderControls, AreReadInGroups) {
  Client client(device());
  v4l2_ext_control items[2]{};
  items[0].id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
  v4l2_ext_controls set{};
  set.count = 1;
  set.controls = items;
  ASSERT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &set), 0);
  EXPECT_GE(items[0].value, 1);
  set.which = V4L2_CTRL_WHICH_DEF_VAL;
  EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &set), 0);
  EXPECT_EQ(client.ioctl(VIDIOC_S_EXT_CTRLS, &set), -EINVAL) << "default values can't be set";
  EXPECT_EQ(client.ioctl(VIDIOC_TRY_EXT_CTRLS, &set), -EINVAL);
  set.which = V4L2_CTRL_WHICH_REQUEST_VAL;
  // No requests here. The reference says EACCES; the kernel's core says EINVAL where there is no media device and EBADR where its
  // media device has no requests (media_request_get_by_fd(), v4l2-ctrls-request.c).
  const int refused = client.ioctl(VIDIOC_G_EXT_CTRLS, &set);
  EXPECT_TRUE(refused == -EINVAL || refused == -EBADR) << refused;
  set.which = V4L2_CTRL_CLASS_CAMERA;
  EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &set), -EINVAL) << "another class";

  set.which = 0;
  set.count = 2;
  items[1].id = V4L2_CID_BRIGHTNESS;  // unknown here
  EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &set), -EINVAL);
  EXPECT_EQ(set.error_idx, 2u) << "validation failed: nothing was read";
  EXPECT_EQ(client.ioctl(VIDIOC_TRY_EXT_CTRLS, &set), -EINVAL);
  EXPECT_EQ(set.error_idx, 1u) << "TRY names it";
  set.count = 1;
  EXPECT_EQ(client.ioctl(VIDIOC_S_EXT_CTRLS, &set), -EACCES) << "read-only";
  EXPECT_EQ(set.error_idx, 1u);
  EXPECT_EQ(client.ioctl(VIDIOC_TRY_EXT_CTRLS, &set), -EACCES);
  EXPECT_EQ(set.error_idx, 0u);

  set.count = 0;
  set.which = V4L2_CTRL_CLASS_USER;
  EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &set), 0) << "asks whether the class is there";
  set.which = V4L2_CTRL_CLASS_JPEG;
  EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &set), -EINVAL);
}

}  // namespace
}  // namespace softvpu::conformance
