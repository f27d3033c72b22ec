// SPDX-License-Identifier: LGPL-2.1-or-later
// A lower half for tests: an "encoder" in a thread of the process whose coded frames are the pictures, behind a small header. It
// keeps what codec/session.h says of encoders.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/session.h"

namespace softvpu::v4l2 {

// What stands ahead of each picture's bytes, line by line, component by component.
struct CopyHeader {
  std::array<char, 4> magic{'C', 'O', 'P', 'Y'};
  uint32_t number = 0;  // of the frame in its stream, which a reset begins anew
  uint32_t key = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  int32_t quality = 0;  // of V4L2_CID_JPEG_COMPRESSION_QUALITY, when the picture was queued
  FrameInterval interval;
};

class CopyDriver final : public codec::Driver {
 public:
  CopyDriver();
  Result<codec::Capabilities> capabilities() override { return capabilities_; }
  Result<std::unique_ptr<codec::Session>> open_session(const codec::SessionConfig& config,
                                                       std::weak_ptr<codec::SessionEvents> events) override;
  // Every session that lives ends as if its process had died.
  void kill_sessions();
  size_t opened() const { return opened_; }

  class Session;

 private:
  codec::Capabilities capabilities_;
  std::vector<std::weak_ptr<Session>> sessions_;
  size_t opened_ = 0;
};

// Encoders of H.264 (any size from 16x16) and VP8 (even sizes, intervals from 1/120 s to 1 s) from NV12 and YU12, for either
// driver of tests.
codec::Capabilities encoder_capabilities();

}  // namespace softvpu::v4l2
