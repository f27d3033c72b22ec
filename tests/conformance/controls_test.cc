// SPDX-License-Identifier: LGPL-2.1-or-later
// The controls of a decoder. Clauses: vidioc-queryctrl.rst, vidioc-g-ctrl.rst, vidioc-g-ext-ctrls.rst, dev-decoder.rst.
#include <cerrno>
#include <cstring>
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
  // No requests here. The reference returns EACCES; the kernel's core says EINVAL where there is no
  // media device and EBADR where its media device has no requests (media_request_get_by_fd(),
  // v4l2-ctrls-request.c).
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

// vidioc-g-ext-ctrls.rst: "Drivers and applications must set the array to zero"; check_ext_ctrls() of v4l2-ioctl.c does, whatever
// else it makes of the call.
TEST_P(DecoderControls, ComeBackWithTheirReservedFieldsZeroed) {
  // v4l_g_ext_ctrls() and the two others return the control framework's answer before they reach check_ext_ctrls().
  if (device().behind_v4l2_core()) GTEST_SKIP() << "the kernel's V4L2 core answers, without the driver";
  Client client(device());
  for (const unsigned long request :
       {static_cast<unsigned long>(VIDIOC_G_EXT_CTRLS), static_cast<unsigned long>(VIDIOC_S_EXT_CTRLS),
        static_cast<unsigned long>(VIDIOC_TRY_EXT_CTRLS)})
    for (const uint32_t id : {uint32_t{V4L2_CID_MIN_BUFFERS_FOR_CAPTURE}, uint32_t{V4L2_CID_BRIGHTNESS}}) {
      v4l2_ext_control items[2]{};
      for (v4l2_ext_control& item : items) {
        item.id = id;
        item.reserved2[0] = 0xffffffff;
      }
      v4l2_ext_controls set{};
      set.count = 2;
      set.controls = items;
      set.reserved[0] = 0xffffffff;
      (void)client.ioctl(request, &set);
      EXPECT_EQ(set.reserved[0], 0u) << id;
      for (const v4l2_ext_control& item : items) EXPECT_EQ(item.reserved2[0], 0u) << id;
    }
}

TEST_P(DecoderControls, AreDescribedWithReservedFieldsZeroed) {
  Client client(device());
  v4l2_query_ext_ctrl query;
  std::memset(&query, 0xff, sizeof query);
  query.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
  ASSERT_EQ(client.ioctl(VIDIOC_QUERY_EXT_CTRL, &query), 0);
  for (const uint32_t word : query.reserved) EXPECT_EQ(word, 0u);
  v4l2_queryctrl old;
  std::memset(&old, 0xff, sizeof old);
  old.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
  ASSERT_EQ(client.ioctl(VIDIOC_QUERYCTRL, &old), 0);
  for (const uint32_t word : old.reserved) EXPECT_EQ(word, 0u);
}

// The same for every other struct with such fields: filled with ones, and asked for something that succeeds.
TEST_P(DecoderControls, AndSoDoAllOtherStructs) {
  Client client(device());
  const auto zero = [](const auto& words) {
    for (const auto word : words)
      if (word != 0) return false;
    return true;
  };
  client.set_coded({320, 240});
  v4l2_capability cap;
  std::memset(&cap, 0xff, sizeof cap);
  ASSERT_EQ(client.ioctl(VIDIOC_QUERYCAP, &cap), 0);
  EXPECT_TRUE(zero(cap.reserved));
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    v4l2_fmtdesc desc;
    std::memset(&desc, 0xff, sizeof desc);
    desc.index = 0;
    desc.type = client.type(side);
    ASSERT_EQ(client.ioctl(VIDIOC_ENUM_FMT, &desc), 0);
    EXPECT_TRUE(zero(desc.reserved));
    v4l2_frmsizeenum sizes;
    std::memset(&sizes, 0xff, sizeof sizes);
    sizes.index = 0;
    sizes.pixel_format = desc.pixelformat;
    ASSERT_EQ(client.ioctl(VIDIOC_ENUM_FRAMESIZES, &sizes), 0);
    EXPECT_TRUE(zero(sizes.reserved));
    for (const unsigned long request : {static_cast<unsigned long>(VIDIOC_G_FMT), static_cast<unsigned long>(VIDIOC_TRY_FMT),
                                        static_cast<unsigned long>(VIDIOC_S_FMT)}) {
      v4l2_format format;
      std::memset(&format, 0xff, sizeof format);
      format.type = client.type(side);
      ASSERT_EQ(client.ioctl(request, &format), 0);
      if (!client.multiplanar()) continue;
      EXPECT_TRUE(zero(format.fmt.pix_mp.reserved));
      for (uint32_t plane = 0; plane < format.fmt.pix_mp.num_planes; ++plane)
        EXPECT_TRUE(zero(format.fmt.pix_mp.plane_fmt[plane].reserved));
    }
    v4l2_requestbuffers request;
    std::memset(&request, 0xff, sizeof request);
    request.count = 2;
    request.type = client.type(side);
    request.memory = V4L2_MEMORY_MMAP;
    ASSERT_EQ(client.ioctl(VIDIOC_REQBUFS, &request), 0);
    EXPECT_TRUE(zero(request.reserved));
    v4l2_plane planes[VIDEO_MAX_PLANES];
    std::memset(planes, 0xff, sizeof planes);
    v4l2_buffer buffer;
    std::memset(&buffer, 0xff, sizeof buffer);
    buffer.index = 0;
    buffer.type = client.type(side);
    buffer.length = VIDEO_MAX_PLANES;
    if (client.multiplanar()) buffer.m.planes = planes;
    ASSERT_EQ(client.ioctl(VIDIOC_QUERYBUF, &buffer), 0);
    EXPECT_EQ(buffer.reserved2, 0u);
    EXPECT_EQ(buffer.reserved, 0u);
    if (client.multiplanar()) {
      EXPECT_TRUE(zero(planes[0].reserved));
    }
    v4l2_create_buffers create;
    std::memset(&create, 0xff, sizeof create);
    create.count = 1;
    create.memory = V4L2_MEMORY_MMAP;
    create.format.type = client.type(side);
    ASSERT_EQ(client.ioctl(VIDIOC_G_FMT, &create.format), 0);
    ASSERT_EQ(client.ioctl(VIDIOC_CREATE_BUFS, &create), 0);
    EXPECT_TRUE(zero(create.reserved));
  }
  v4l2_selection selection;
  std::memset(&selection, 0xff, sizeof selection);
  selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  selection.target = V4L2_SEL_TGT_COMPOSE;
  ASSERT_EQ(client.ioctl(VIDIOC_G_SELECTION, &selection), 0);
  EXPECT_TRUE(zero(selection.reserved));
  ASSERT_EQ(client.subscribe(V4L2_EVENT_CTRL, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, V4L2_EVENT_SUB_FL_SEND_INITIAL), 0);
  v4l2_event event;
  std::memset(&event, 0xff, sizeof event);
  ASSERT_EQ(client.ioctl(VIDIOC_DQEVENT, &event), 0);
  EXPECT_TRUE(zero(event.reserved));
}

}  // namespace
}  // namespace softvpu::conformance
