// SPDX-License-Identifier: LGPL-2.1-or-later
// VIDIOC_QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, QUERY_EXT_CTRL, QUERYMENU in a row. Called by verb_list.cc.
#include "apps/softvpu/device_report.h"

#include <linux/videodev2.h>
#include <string.h>

#include "media/fourcc.h"

namespace softvpu::cli {
namespace {

struct Name {
  uint32_t bit;
  const char* name;
};

constexpr Name kCapabilities[] = {{V4L2_CAP_VIDEO_M2M, "m2m"},
                                  {V4L2_CAP_VIDEO_M2M_MPLANE, "m2m-mplane"},
                                  {V4L2_CAP_STREAMING, "streaming"},
                                  {V4L2_CAP_EXT_PIX_FORMAT, "ext-pix-format"}};
constexpr Name kFormatFlags[] = {{V4L2_FMT_FLAG_COMPRESSED, "compressed"},
                                 {V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM, "continuous-bytestream"},
                                 {V4L2_FMT_FLAG_DYN_RESOLUTION, "dynamic-resolution"},
                                 {V4L2_FMT_FLAG_EMULATED, "emulated"}};
constexpr Name kControlFlags[] = {{V4L2_CTRL_FLAG_READ_ONLY, "read-only"},
                                  {V4L2_CTRL_FLAG_VOLATILE, "volatile"},
                                  {V4L2_CTRL_FLAG_INACTIVE, "inactive"},
                                  {V4L2_CTRL_FLAG_WRITE_ONLY, "write-only"}};
constexpr Name kControlTypes[] = {{V4L2_CTRL_TYPE_INTEGER, "int"},     {V4L2_CTRL_TYPE_BOOLEAN, "bool"},
                                  {V4L2_CTRL_TYPE_MENU, "menu"},       {V4L2_CTRL_TYPE_BUTTON, "button"},
                                  {V4L2_CTRL_TYPE_INTEGER64, "int64"}, {V4L2_CTRL_TYPE_INTEGER_MENU, "intmenu"},
                                  {V4L2_CTRL_TYPE_BITMASK, "bitmask"}};

template <size_t N>
std::vector<std::string> names_of(const Name (&table)[N], uint32_t bits) {
  std::vector<std::string> all;
  for (const Name& row : table) {
    if ((bits & row.bit) != 0) all.emplace_back(row.name);
  }
  return all;
}

template <size_t N>
std::string text_of(const __u8 (&field)[N]) {
  const auto* start = reinterpret_cast<const char*>(field);
  return {start, strnlen(start, N)};
}

template <size_t N>
std::string text_of(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

std::vector<SizeReport> sizes_of(v4l2::FileHandle& file, uint32_t fourcc) {
  std::vector<SizeReport> all;
  v4l2_frmsizeenum size{.index = 0, .pixel_format = fourcc};
  for (; file.ioctl(VIDIOC_ENUM_FRAMESIZES, &size, true) == 0; ++size.index) {
    if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
      all.push_back({false, 0, 0, size.discrete.width, size.discrete.height});
      continue;
    }
    all.push_back({true, size.stepwise.min_width, size.stepwise.min_height, size.stepwise.max_width, size.stepwise.max_height,
                   size.stepwise.step_width, size.stepwise.step_height});
    break;  // the one and only
  }
  return all;
}

std::vector<FormatReport> formats_of(v4l2::FileHandle& file, uint32_t buffer_type) {
  std::vector<FormatReport> all;
  v4l2_fmtdesc format{.index = 0, .type = buffer_type};
  for (; file.ioctl(VIDIOC_ENUM_FMT, &format, true) == 0; ++format.index) {
    all.push_back({to_string(static_cast<FourCC>(format.pixelformat)), text_of(format.description),
                   names_of(kFormatFlags, format.flags), sizes_of(file, format.pixelformat)});
  }
  return all;
}

std::vector<MenuItem> menu_of(v4l2::FileHandle& file, const v4l2_query_ext_ctrl& control) {
  std::vector<MenuItem> all;
  if (control.type != V4L2_CTRL_TYPE_MENU && control.type != V4L2_CTRL_TYPE_INTEGER_MENU) return all;
  for (int64_t i = control.minimum; i <= control.maximum; ++i) {
    v4l2_querymenu item{};
    item.id = control.id;
    item.index = static_cast<uint32_t>(i);
    if (file.ioctl(VIDIOC_QUERYMENU, &item, true) < 0) continue;
    all.push_back({i, control.type == V4L2_CTRL_TYPE_MENU ? text_of(item.name) : std::to_string(item.value)});
  }
  return all;
}

std::vector<ControlReport> controls_of(v4l2::FileHandle& file) {
  std::vector<ControlReport> all;
  v4l2_query_ext_ctrl control{};
  control.id = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
  while (file.ioctl(VIDIOC_QUERY_EXT_CTRL, &control, true) == 0) {
    if (control.type != V4L2_CTRL_TYPE_CTRL_CLASS) {
      std::string type = "other";
      for (const Name& row : kControlTypes) {
        if (row.bit == control.type) type = row.name;
      }
      all.push_back({control.id, text_of(control.name), type, control.minimum, control.maximum,
                     static_cast<int64_t>(control.step), control.default_value, names_of(kControlFlags, control.flags),
                     menu_of(file, control)});
    }
    control.id |= V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
  }
  return all;
}

}  // namespace

Result<DeviceReport> report_device(std::string node, v4l2::FileHandle& file) {
  v4l2_capability capability{};
  if (const int error = file.ioctl(VIDIOC_QUERYCAP, &capability, true); error < 0) return fail(-error, "VIDIOC_QUERYCAP");
  const bool multiplanar = (capability.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE) != 0;
  DeviceReport report;
  report.node = std::move(node);
  report.driver = text_of(capability.driver);
  report.card = text_of(capability.card);
  report.bus_info = text_of(capability.bus_info);
  report.capabilities = names_of(kCapabilities, capability.device_caps);
  report.coded = formats_of(file, multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT);
  report.raw = formats_of(file, multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE);
  report.controls = controls_of(file);
  return report;
}

}  // namespace softvpu::cli
