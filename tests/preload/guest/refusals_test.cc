// SPDX-License-Identifier: LGPL-2.1-or-later
// What SOFTVPU_DEBUG=2 prints of ioctls that fail: which, the errno, and why. One errno has many
// reasons (EINVAL of QBUF has a dozen), and a program shows its user the errno at best.
#include <gtest/gtest.h>

#include <string>

#include "tests/preload/guest/codec.h"

namespace softvpu::guest {
namespace {

TEST(ARefusedIoctl, LeavesTheNodeAsItWas) {
  const Codec codec;
  EXPECT_EQ(codec.stream(true), -EINVAL) << "no buffers";
  ASSERT_EQ(codec.set_format(), 0);
  ASSERT_EQ(codec.request_buffers(2), 0);
  EXPECT_EQ(codec.queue(31), -EINVAL) << "no such buffer";
  EXPECT_EQ(codec.dequeue(), -EINVAL) << "doesn't stream";
  v4l2_format format{};
  format.type = kOutput;
  format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_VP8;
  EXPECT_EQ(codec.call(VIDIOC_S_FMT, &format), -EBUSY) << "buffers hold it";
  v4l2_requestbuffers request{.count = 1, .type = kOutput, .memory = V4L2_MEMORY_OVERLAY};
  EXPECT_EQ(codec.call(VIDIOC_REQBUFS, &request), -EINVAL) << "no memory of a codec's";
  v4l2_decoder_cmd command{};
  command.cmd = V4L2_DEC_CMD_PAUSE;
  EXPECT_EQ(codec.call(VIDIOC_DECODER_CMD, &command), -EINVAL) << "no such command";
  EXPECT_EQ(codec.call(VIDIOC_QUERYCAP, nullptr), -EFAULT);
  ASSERT_EQ(codec.stream(true), 0);
  EXPECT_EQ(codec.dequeue(), -EAGAIN) << "no failure, but an answer";
  EXPECT_EQ(codec.round_trip(), 0);
}

// What the test above has on standard error.
std::string log_at(const char* level) {
  return in_child([&] {
           ::setenv("SOFTVPU_DEBUG", level, 1);
           ::execl("/proc/self/exe", "again", "--gtest_filter=ARefusedIoctl.LeavesTheNodeAsItWas", nullptr);
           return 99;
         })
      .said;
}

TEST(ARefusedIoctl, HasItsReasonInTheLog) {
  const std::string log = log_at("2");
  for (const char* line :
       {"VIDIOC_STREAMON: error 22 (Invalid argument): the queue has no buffers\n",
        "VIDIOC_QBUF: error 22 (Invalid argument): no buffer of this index\n",
        "VIDIOC_DQBUF: error 22 (Invalid argument): the queue doesn't stream\n",
        "VIDIOC_S_FMT: error 16 (Device or resource busy): buffers hold the format; free them by REQBUFS(0)\n",
        "VIDIOC_REQBUFS: error 22 (Invalid argument): not a memory type of this node\n",
        "VIDIOC_DECODER_CMD: error 22 (Invalid argument): no command of a stateful decoder; there are START and STOP\n",
        "VIDIOC_QUERYCAP: error 14 (Bad address): the argument, or what it points to, can't be read or written\n"})
    EXPECT_NE(log.find(line), std::string::npos) << line << "isn't in:\n" << log;
  EXPECT_EQ(log.find("error 11"), std::string::npos) << "EAGAIN is for level 3:\n" << log;
}

TEST(ARefusedIoctl, IsNoBusinessOfWhoAsksForErrors) { EXPECT_EQ(log_at("1").find("VIDIOC_"), std::string::npos); }

}  // namespace
}  // namespace softvpu::guest
