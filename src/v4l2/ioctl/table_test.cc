// SPDX-License-Identifier: LGPL-2.1-or-later
// A table of parts, and what its rows take from the type of their handler's argument.
#include "v4l2/ioctl/table.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace softvpu::v4l2 {
namespace {

struct NoFile final : IoctlTarget {
  const IoctlTable& ioctls() const override;
  Status run(const IoctlRow& row, void* argument, IoctlCall& call) override { return row.handler(*this, argument, call); }
};

Status querycap(NoFile&, v4l2_capability& capability, IoctlCall&) {
  capability.version = 7;
  return {};
}
Status qbuf(NoFile&, v4l2_buffer&, IoctlCall&) { return fail(EINVAL, "no buffers"); }
Status g_ext_ctrls(NoFile&, v4l2_ext_controls&, IoctlCall&) { return {}; }
Status enum_fmt(NoFile&, v4l2_fmtdesc&, IoctlCall&) { return {}; }

constexpr std::array kQueries = {SOFTVPU_IOCTL(VIDIOC_QUERYCAP, querycap),
                                 SOFTVPU_IOCTL(VIDIOC_ENUM_FMT, enum_fmt, kPriorityChecked, SOFTVPU_UP_TO(v4l2_fmtdesc, type)),
                                 SOFTVPU_IOCTL(VIDIOC_G_EXT_CTRLS, g_ext_ctrls, kAlwaysCopyOut)};
constexpr std::array kBuffers = {SOFTVPU_IOCTL(VIDIOC_QBUF, qbuf)};
static_assert(is_sorted_by_number(kQueries));
constexpr IoctlTable kTable{[] { return IoctlRows(kBuffers); }, [] { return IoctlRows(kQueries); }};

const IoctlTable& NoFile::ioctls() const { return kTable; }

TEST(ATableOfIoctls, HasTheRowsOfAllItsParts) {
  const std::vector<IoctlRow> rows = kTable.all();
  EXPECT_EQ(rows.size(), 4u);
  EXPECT_TRUE(is_sorted_by_number(rows));
  for (const IoctlRow& row : rows) {
    ASSERT_NE(kTable.find(row.request), nullptr) << row.name;
    EXPECT_EQ(kTable.find(row.request)->name, row.name);
    EXPECT_EQ(kTable.find(row.request + (1u << 16)), nullptr) << "another size: " << row.name;
    EXPECT_EQ(kTable.find(row.request ^ (3u << 30)), nullptr) << "another direction: " << row.name;
  }
  EXPECT_EQ(kTable.find(VIDIOC_DQBUF), nullptr);
  EXPECT_EQ(kTable.find(0), nullptr);
  EXPECT_EQ(kTable.find(0xffffffff), nullptr);
}

TEST(ARowOfIoctls, TakesSizeAndArrayFromItsHandler) {
  EXPECT_EQ(kTable.find(VIDIOC_QBUF)->array, IoctlArray::kPlanes);
  EXPECT_EQ(kTable.find(VIDIOC_G_EXT_CTRLS)->array, IoctlArray::kControls);
  EXPECT_EQ(kTable.find(VIDIOC_QUERYCAP)->array, IoctlArray::kNone);
  EXPECT_EQ(kTable.find(VIDIOC_QUERYCAP)->copy_in, sizeof(v4l2_capability));
  EXPECT_EQ(kTable.find(VIDIOC_ENUM_FMT)->copy_in, 8u);
  EXPECT_EQ(kTable.find(VIDIOC_ENUM_FMT)->flags, kPriorityChecked);
}

TEST(ARowOfIoctls, CallsItsHandlerWithTheReasonOfARefusal) {
  NoFile file;
  IoctlCall call;
  v4l2_capability capability{};
  EXPECT_TRUE(file.run(*kTable.find(VIDIOC_QUERYCAP), &capability, call));
  EXPECT_EQ(capability.version, 7u);
  v4l2_buffer buffer{};
  const Status refused = file.run(*kTable.find(VIDIOC_QBUF), &buffer, call);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EINVAL);
  EXPECT_EQ(refused.error().reason, "no buffers");
}

}  // namespace
}  // namespace softvpu::v4l2
