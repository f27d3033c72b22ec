// SPDX-License-Identifier: LGPL-2.1-or-later
// A device whose session does what the test says, when it says so. In-process only; for session_races_test.cc and
// random_walk_test.cc.
#pragma once

#include <linux/videodev2.h>

#include "codec/testing/scripted_session.h"
#include "tests/conformance/dut_in_process.h"

namespace softvpu::conformance {

class ScriptedDevice final : public DeviceUnderTest {
 public:
  // A script answers flushes when the test says so: STREAMOFF waits only where the test is about that.
  explicit ScriptedDevice(Duration flush_limit = {}) : device_(v4l2::make_codec_device({.flush_limit = flush_limit}, driver)) {}
  std::string name() const override { return "scripted"; }
  std::unique_ptr<OpenFile> open() override { return open_in_process(*device_); }
  bool multiplanar() override { return true; }
  uint32_t coded() override { return V4L2_PIX_FMT_H264; }
  Clip clip(Size size, uint32_t) override { return {size, {}, 0}; }
  codec::ScriptedDriver driver;

 private:
  std::shared_ptr<v4l2::VideoDevice> device_;
};

}  // namespace softvpu::conformance
