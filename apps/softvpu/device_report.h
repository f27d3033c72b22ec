// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything a device tells about itself, asked by ioctls as any client would. Called by verb_list.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "v4l2/file_handle.h"

namespace softvpu::cli {

struct SizeReport {
  bool stepwise = false;  // else discrete: only the maximum counts
  uint32_t min_width = 0, min_height = 0, max_width = 0, max_height = 0, step_width = 1, step_height = 1;
};

struct FormatReport {
  std::string fourcc;
  std::string description;
  std::vector<std::string> flags;
  std::vector<SizeReport> sizes;
};

struct MenuItem {
  int64_t index = 0;
  std::string name;
};

struct ControlReport {
  uint32_t id = 0;
  std::string name;
  std::string type;
  int64_t minimum = 0, maximum = 0, step = 0, default_value = 0;
  std::vector<std::string> flags;
  std::vector<MenuItem> menu;
};

struct DeviceReport {
  std::string node;
  std::string driver, card, bus_info;
  std::vector<std::string> capabilities;
  std::vector<FormatReport> coded;  // what goes in (V4L2's OUTPUT queue)
  std::vector<FormatReport> raw;    // what comes out (CAPTURE)
  std::vector<ControlReport> controls;
};

// Errors: what the ioctls say (EIO when the codec process can't be asked).
Result<DeviceReport> report_device(std::string node, v4l2::FileHandle& file);

}  // namespace softvpu::cli
