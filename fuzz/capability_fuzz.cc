// SPDX-License-Identifier: LGPL-2.1-or-later
// The capability table of a run, from a file that anybody may have written: the text is parsed, and a node is made of whatever
// was accepted. The table survives being printed; the node's queries and formats stay within what V4L2 allows.
// Links: softvpu_vpu softvpu_v4l2
// Covers: src/vpu/capability_file.cc
#include <linux/videodev2.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "v4l2/file_handle.h"
#include "v4l2/video_device.h"
#include "vpu/capability_query.h"

namespace {

using namespace softvpu;

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "capability_fuzz: %s\n", what);
  std::abort();
}

// Can do what the table says, and opens no session.
class TableDriver final : public codec::Driver {
 public:
  explicit TableDriver(codec::Capabilities table) : table_(std::move(table)) {}
  Result<codec::Capabilities> capabilities() override { return table_; }
  Result<std::unique_ptr<codec::Session>> open_session(const codec::SessionConfig&,
                                                       std::weak_ptr<codec::SessionEvents>) override {
    return fail(EINVAL, "nothing is decoded here");
  }

 private:
  const codec::Capabilities table_;
};

void check_table(const codec::Capabilities& table) {
  const auto again = vpu::parse_capabilities(vpu::print_capabilities(table));
  if (!again || again->name != table.name || again->version != table.version || again->codecs != table.codecs)
    complain("a table isn't what its text says");
}

void check_format(v4l2::FileHandle& file, uint32_t type, uint32_t fourcc) {
  for (const uint32_t side : {0u, 1u, 17u, 1080u, 65536u, UINT32_MAX}) {
    v4l2_format format{};
    format.type = type;
    format.fmt.pix_mp.pixelformat = fourcc;
    format.fmt.pix_mp.width = side;
    format.fmt.pix_mp.height = side / 3;
    if (file.ioctl(VIDIOC_S_FMT, &format, true) != 0) continue;
    const v4l2_pix_format_mplane& got = format.fmt.pix_mp;
    if (got.width == 0 || got.height == 0 || got.num_planes == 0 || got.num_planes > VIDEO_MAX_PLANES)
      complain("a format of no size or no planes");
    if (got.plane_fmt[0].sizeimage == 0) complain("a format of no bytes");
  }
}

// What a client asks first. Bounded: each list of a node ends.
void check_lists(v4l2::FileHandle& file, uint32_t type) {
  constexpr uint32_t kMost = 1000;
  for (uint32_t i = 0;; ++i) {
    v4l2_fmtdesc description{};
    description.index = i;
    description.type = type;
    if (file.ioctl(VIDIOC_ENUM_FMT, &description, true) != 0) break;
    if (i == kMost) complain("a list of formats without an end");
    if (memchr(description.description, 0, sizeof description.description) == nullptr) complain("a description without an end");
    check_format(file, type, description.pixelformat);
    v4l2_frmsizeenum sizes{};
    sizes.pixel_format = description.pixelformat;
    (void)file.ioctl(VIDIOC_ENUM_FRAMESIZES, &sizes, true);
  }
}

void check_controls(v4l2::FileHandle& file) {
  v4l2_query_ext_ctrl control{};
  for (int i = 0; i < 1000; ++i) {
    control.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
    if (file.ioctl(VIDIOC_QUERY_EXT_CTRL, &control, true) != 0) return;
    if (control.minimum > control.maximum || control.default_value < control.minimum || control.default_value > control.maximum)
      complain("a control outside of its range");
    for (int64_t item = control.minimum; control.type == V4L2_CTRL_TYPE_MENU && item <= control.maximum; ++item) {
      v4l2_querymenu menu{};
      menu.id = control.id;
      menu.index = static_cast<uint32_t>(item);
      const bool there = file.ioctl(VIDIOC_QUERYMENU, &menu, true) == 0;
      if (item == control.default_value && !there) complain("a default that isn't among the items");
    }
  }
  complain("a list of controls without an end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto table = vpu::parse_capabilities({reinterpret_cast<const char*>(data), size});
  if (!table) return 0;
  check_table(*table);
  TableDriver driver(*table);
  const auto device = v4l2::make_codec_device({}, driver);
  const auto file = device->open();
  if (!file) return 0;
  for (const uint32_t type : {V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE}) check_lists(**file, type);
  check_controls(**file);
  (*file)->release();
  return 0;
}
