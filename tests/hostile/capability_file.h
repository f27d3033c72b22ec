// SPDX-License-Identifier: LGPL-2.1-or-later
// A driver's capability table with a single decoder, in a file: a driver that has it asks no firmware.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/raw_syscall.h"
#include "codec/capabilities.h"
#include "vpu/capability_query.h"

namespace softvpu::hostile {

inline codec::Capabilities small_capabilities() {
  codec::Capabilities capabilities;
  capabilities.name = "scripted";
  codec::CodecInfo info;
  info.coded = kH264;
  info.flags = codec::kContinuousByteStream | codec::kDynamicResolution;
  info.sizes = {{16, 16}, {4096, 4096}, {1, 1}};
  info.raw = {kYuv420, kNv12};
  info.controls = {menu_control(0x990a6b, 0x1f, 4)};
  capabilities.codecs.push_back(info);
  info.role = codec::Role::kEncoder;
  info.controls.clear();
  capabilities.codecs.push_back(info);
  return capabilities;
}

// The table in a file of its own, gone with the object.
class CapabilityFile {
 public:
  CapabilityFile() {
    char path[] = "/tmp/softvpu-caps-XXXXXX";
    const int fd = mkstemp(path);
    raw::close(fd);
    path_ = path;
    EXPECT_TRUE(vpu::save_capabilities(small_capabilities(), path_));
  }
  ~CapabilityFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace softvpu::hostile
