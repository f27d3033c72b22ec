// SPDX-License-Identifier: LGPL-2.1-or-later
// What a node says of itself and how it answers what it doesn't have. Clauses: vidioc-querycap.rst, dev-decoder.rst "Querying
// Capabilities", gen-errors.rst.
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(ADecoderNode);

// vidioc-querycap.rst; dev-mem2mem.rst: V4L2_CAP_VIDEO_M2M or _MPLANE, and streaming.
TEST_P(ADecoderNode, SaysWhatItIs) {
  Client client(device());
  v4l2_capability cap{};
  ASSERT_EQ(client.ioctl(VIDIOC_QUERYCAP, &cap), 0);
  EXPECT_NE(cap.driver[0], 0);
  const std::string_view bus(reinterpret_cast<const char*>(cap.bus_info));
  EXPECT_TRUE(bus.starts_with("platform:") || bus.starts_with("PCI:")) << bus;
  EXPECT_NE(cap.capabilities & V4L2_CAP_DEVICE_CAPS, 0u);
  EXPECT_EQ(cap.device_caps & V4L2_CAP_DEVICE_CAPS, 0u);
  EXPECT_EQ(cap.capabilities & ~uint32_t{V4L2_CAP_DEVICE_CAPS}, cap.device_caps);
  EXPECT_NE(cap.device_caps & V4L2_CAP_STREAMING, 0u);
  EXPECT_EQ((cap.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE) != 0, client.multiplanar());
  EXPECT_EQ((cap.device_caps & V4L2_CAP_VIDEO_M2M) != 0, !client.multiplanar());
  EXPECT_GE(cap.version >> 16, 3u);
  for (const uint32_t reserved : cap.reserved) EXPECT_EQ(reserved, 0u);
}

// Querying Capabilities, step 1: the full set of coded formats, with what the decoder can do with each.
TEST_P(ADecoderNode, EnumeratesCodedFormats) {
  Client client(device());
  std::set<uint32_t> found;
  v4l2_fmtdesc desc{};
  desc.type = client.type(Side::kOutput);
  for (; client.ioctl(VIDIOC_ENUM_FMT, &desc) == 0; ++desc.index) {
    EXPECT_TRUE(found.insert(desc.pixelformat).second) << "listed twice";
    EXPECT_NE(desc.flags & V4L2_FMT_FLAG_COMPRESSED, 0u);
    EXPECT_NE(desc.flags & V4L2_FMT_FLAG_DYN_RESOLUTION, 0u);
    EXPECT_NE(desc.description[0], 0);
    for (const uint32_t reserved : desc.reserved) EXPECT_EQ(reserved, 0u);
  }
  EXPECT_EQ(client.ioctl(VIDIOC_ENUM_FMT, &desc), -EINVAL);
  EXPECT_TRUE(found.contains(device().coded()));
}

// vidioc-enum-fmt.rst: EINVAL for a type that isn't supported; a node has one kind of types.
TEST_P(ADecoderNode, HasOnlyItsOwnBufferTypes) {
  Client client(device());
  for (uint32_t type = 0; type < 16; ++type) {
    const bool own = type == client.type(Side::kOutput) || type == client.type(Side::kCapture);
    v4l2_fmtdesc desc{};
    desc.type = type;
    EXPECT_EQ(client.ioctl(VIDIOC_ENUM_FMT, &desc), own ? 0 : -EINVAL) << type;
    v4l2_format format{};
    format.type = type;
    EXPECT_EQ(client.ioctl(VIDIOC_G_FMT, &format), own ? 0 : -EINVAL) << type;
    v4l2_requestbuffers request{};
    request.type = type;
    request.memory = V4L2_MEMORY_MMAP;
    EXPECT_EQ(client.ioctl(VIDIOC_REQBUFS, &request), own ? 0 : -EINVAL) << type;
    int stream = static_cast<int>(type);
    EXPECT_EQ(client.ioctl(VIDIOC_STREAMOFF, &stream), own ? 0 : -EINVAL) << type;
  }
}

// Querying Capabilities, step 3.
TEST_P(ADecoderNode, EnumeratesFrameSizesOfCodedAndRawFormats) {
  Client client(device());
  client.set_coded();
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    v4l2_frmsizeenum sizes{};
    sizes.pixel_format = static_cast<uint32_t>(client.g_fmt(side).pixelformat);
    ASSERT_EQ(client.ioctl(VIDIOC_ENUM_FRAMESIZES, &sizes), 0);
    // Any size by steps of 1; clients exist that take nothing but STEPWISE (Qualcomm's v4l-video-test-app, Chromium).
    EXPECT_EQ(sizes.type, uint32_t{V4L2_FRMSIZE_TYPE_STEPWISE});
    EXPECT_LE(sizes.stepwise.min_width, 320u);
    EXPECT_GE(sizes.stepwise.max_width, 1920u);
    EXPECT_EQ(sizes.stepwise.step_width, 1u);
    EXPECT_EQ(sizes.stepwise.step_height, 1u);
    sizes.index = 1;
    EXPECT_EQ(client.ioctl(VIDIOC_ENUM_FRAMESIZES, &sizes), -EINVAL);
  }
  v4l2_frmsizeenum unknown{};
  unknown.pixel_format = 0x12345678;
  EXPECT_EQ(client.ioctl(VIDIOC_ENUM_FRAMESIZES, &unknown), -EINVAL);
}

// Nothing in V4L2 says what they are, but the node is the same one on every host.
TEST_P(ADecoderNode, HasTheSameDefaultsAndLimitsOnEveryHost) {
  Client client(device());
  const PixFormat initial = client.g_fmt(Side::kOutput);
  EXPECT_EQ(initial.size, (Size{1280, 720}));
  EXPECT_EQ(initial.planes[0].sizeimage, 1280u * 720 * 3);
  EXPECT_EQ(client.g_fmt(Side::kCapture).size, (Size{1280, 720}));
  PixFormat largest = initial;
  largest.planes[0].sizeimage = UINT32_MAX;
  ASSERT_EQ(client.try_fmt(Side::kOutput, &largest), 0);
  EXPECT_EQ(largest.planes[0].sizeimage, 128u << 20);
}

// gen-errors.rst, ENOTTY: "The ioctl is not supported by the file descriptor".
TEST_P(ADecoderNode, AnswersEnottyForWhatItHasNot) {
  Client client(device());
  unsigned char argument[1024] = {};
  for (const unsigned long request :
       {static_cast<unsigned long>(VIDIOC_G_INPUT), static_cast<unsigned long>(VIDIOC_ENUMINPUT),
        static_cast<unsigned long>(VIDIOC_G_STD), static_cast<unsigned long>(VIDIOC_G_PARM),
        static_cast<unsigned long>(VIDIOC_ENUM_FRAMEINTERVALS), static_cast<unsigned long>(VIDIOC_G_TUNER),
        static_cast<unsigned long>(VIDIOC_QUERY_DV_TIMINGS), static_cast<unsigned long>(VIDIOC_ENCODER_CMD),
        static_cast<unsigned long>(VIDIOC_G_JPEGCOMP), static_cast<unsigned long>(_IO('V', 0xff)),
        static_cast<unsigned long>(_IOC(_IOC_READ | _IOC_WRITE, 'V', 0, 0x3f)), static_cast<unsigned long>(_IOR('V', 0, int)),
        static_cast<unsigned long>(_IO('X', 0))})
    EXPECT_EQ(client.ioctl(request, argument), -ENOTTY) << std::hex << request;
  for (const unsigned char byte : argument) ASSERT_EQ(byte, 0);
}

// gen-errors.rst, EFAULT: a failure while copying data from or to user space; the process lives on.
TEST_P(ADecoderNode, AnswersEfaultForBadPointers) {
  Client client(device());
  void* const hole = ::mmap(nullptr, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(hole, MAP_FAILED);
  for (void* bad : {static_cast<void*>(nullptr), reinterpret_cast<void*>(4), hole, reinterpret_cast<void*>(-4096L)}) {
    EXPECT_EQ(client.ioctl(VIDIOC_QUERYCAP, bad), -EFAULT);
    EXPECT_EQ(client.ioctl(VIDIOC_S_FMT, bad), -EFAULT);
    EXPECT_EQ(client.ioctl(VIDIOC_STREAMON, bad), -EFAULT);
    EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, bad), -EFAULT);
    v4l2_ext_controls controls{};
    controls.count = 2;
    controls.controls = static_cast<v4l2_ext_control*>(bad);
    EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &controls), -EFAULT);
  }
  ::munmap(hole, 8192);
  v4l2_capability cap{};
  EXPECT_EQ(client.ioctl(VIDIOC_QUERYCAP, &cap), 0);
}

// vidioc-g-ext-ctrls.rst: counts beyond the limit are refused before anything is copied.
TEST_P(ADecoderNode, RefusesAbsurdCounts) {
  Client client(device());
  v4l2_ext_controls controls{};
  controls.count = V4L2_CID_MAX_CTRLS + 1;
  EXPECT_EQ(client.ioctl(VIDIOC_G_EXT_CTRLS, &controls), -EINVAL);
  v4l2_buffer buffer{};
  buffer.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  buffer.length = VIDEO_MAX_PLANES + 1;
  EXPECT_EQ(client.ioctl(VIDIOC_QUERYBUF, &buffer), -EINVAL);
}

// The request is 32 bits wide: callers that sign-extend it (musl's int) are understood.
TEST_P(ADecoderNode, IgnoresTheUpperHalfOfTheRequest) {
  Client client(device());
  v4l2_capability cap{};
  EXPECT_EQ(client.ioctl(static_cast<unsigned long>(static_cast<long>(static_cast<int>(VIDIOC_QUERYCAP))), &cap), 0);
}

// dev-decoder.rst is silent on read(2): a codec has V4L2_CAP_STREAMING only; func-read.rst then has EINVAL.
// open.rst: "V4L2 devices can be opened more than once"; dev-mem2mem.rst: each open has its own properties.
TEST_P(ADecoderNode, KeepsOpensApart) {
  Client one(device());
  Client two(device());
  one.set_coded({320, 240});
  two.set_coded({640, 480});
  EXPECT_EQ(one.g_fmt(Side::kOutput).size, (Size{320, 240}));
  EXPECT_EQ(two.g_fmt(Side::kOutput).size, (Size{640, 480}));
  one.allocate(Side::kOutput, 2);
  PixFormat format = two.g_fmt(Side::kOutput);
  format.size = {160, 128};
  EXPECT_EQ(two.s_fmt(Side::kOutput, &format), 0) << "buffers of another open don't count";
}

// open.rst "Multiple Opens"; dev-mem2mem.rst: each open is a context of its own. Two hundred at once; the last one decodes.
TEST_P(ADecoderNode, OpensTwoHundredTimes) {
  std::vector<std::unique_ptr<Client>> clients;
  const auto size = [](uint32_t i) { return Size{64 + i % 20 * 16, 64 + i / 20 * 16}; };
  for (uint32_t i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<Client>(device()));
    ASSERT_FALSE(HasFatalFailure()) << i;
    clients.back()->set_coded(size(i));
  }
  for (uint32_t i = 0; i < 200; ++i) EXPECT_EQ(clients[i]->g_fmt(Side::kOutput).size, size(i)) << i;
  Player player(*clients.back());
  const Clip stream = clip(8);
  player.start_output();
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(clients.back()->command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
}

// vidioc-g-priority.rst; app-pri.rst: the highest priority of all opens is reported, and keeps lower ones from changing things.
TEST_P(ADecoderNode, SharesPrioritiesBetweenOpens) {
  Client one(device());
  Client two(device());
  uint32_t priority = 0;
  ASSERT_EQ(one.ioctl(VIDIOC_G_PRIORITY, &priority), 0);
  EXPECT_EQ(priority, uint32_t{V4L2_PRIORITY_DEFAULT});
  priority = V4L2_PRIORITY_RECORD;
  ASSERT_EQ(one.ioctl(VIDIOC_S_PRIORITY, &priority), 0);
  ASSERT_EQ(two.ioctl(VIDIOC_G_PRIORITY, &priority), 0);
  EXPECT_EQ(priority, uint32_t{V4L2_PRIORITY_RECORD});
  PixFormat format = two.g_fmt(Side::kOutput);
  EXPECT_EQ(two.s_fmt(Side::kOutput, &format), -EBUSY);
  EXPECT_EQ(two.try_fmt(Side::kOutput, &format), 0);
  EXPECT_EQ(one.s_fmt(Side::kOutput, &format), 0);
  one.close();
  EXPECT_EQ(two.s_fmt(Side::kOutput, &format), 0);
  priority = 77;
  EXPECT_EQ(two.ioctl(VIDIOC_S_PRIORITY, &priority), -EINVAL);
}

}  // namespace
}  // namespace softvpu::conformance
