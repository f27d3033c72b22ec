// SPDX-License-Identifier: LGPL-2.1-or-later
// An encoder's node on a session that does what the test says, for either kind of node. Included by *_test.cc of this folder.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "codec/testing/scripted_session.h"
#include "v4l2/encoder/testing/copy_driver.h"
#include "v4l2/encoder/testing/encoder_client.h"

namespace softvpu::v4l2 {

// The parameter: multi-planar. encoder_test.cc instantiates its tests.
class AnEncoderOn : public testing::TestWithParam<bool> {
 protected:
  AnEncoderOn() {
    NodeSpec node = *node_of(codec::Role::kEncoder);
    node.multiplanar = GetParam();
    device_ = make_codec_device({.node = node, .flush_limit = {}}, driver_);
    client_ = std::make_unique<EncoderClient>(device_, GetParam());
  }
  EncoderClient& client() { return *client_; }
  codec::Script& script() { return driver_.script(); }
  // Both queues stream, four buffers each; those of CAPTURE are queued.
  void begin() { ASSERT_EQ(client().begin(kH264, kNv12, {320, 240}), 0); }
  // The oldest input becomes a frame.
  void code(uint32_t bytes = 100, codec::FrameType type = codec::FrameType::kKey) {
    const codec::Tag tag = script().inputs.front().tag;
    script().finish_input();
    script().deliver_coded(tag, bytes, type);
  }

  codec::ScriptedDriver driver_{encoder_capabilities()};
  std::shared_ptr<VideoDevice> device_;
  std::unique_ptr<EncoderClient> client_;
};

}  // namespace softvpu::v4l2
