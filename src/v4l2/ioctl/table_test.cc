// SPDX-License-Identifier: LGPL-2.1-or-later
// The table's own consistency: what a row says must fit its request.
#include "v4l2/ioctl/table.h"

#include <gtest/gtest.h>

#include <set>

namespace softvpu::v4l2 {
namespace {

TEST(TheIoctlTable, IsSortedWithOneRowANumber) {
  std::set<uint32_t> numbers;
  uint32_t last = 0;
  for (const IoctlRow& row : ioctl_table()) {
    EXPECT_TRUE(numbers.insert(_IOC_NR(row.request)).second) << row.name;
    EXPECT_GE(_IOC_NR(row.request), last) << row.name;
    last = _IOC_NR(row.request);
    EXPECT_EQ(_IOC_TYPE(row.request), 'V') << row.name;
  }
}

TEST(TheIoctlTable, CopiesNoMoreThanTheArgument) {
  for (const IoctlRow& row : ioctl_table()) {
    EXPECT_LE(row.copy_in, _IOC_SIZE(row.request)) << row.name;
    EXPECT_GT(row.copy_in, 0u) << row.name;
  }
}

TEST(TheIoctlTable, FindsExactlyItsRequests) {
  for (const IoctlRow& row : ioctl_table()) {
    EXPECT_EQ(find_ioctl(row.request), &row);
    EXPECT_EQ(find_ioctl(row.request + (1u << 16)), nullptr) << "another size: " << row.name;
    EXPECT_EQ(find_ioctl(row.request ^ (3u << 30)), nullptr) << "another direction: " << row.name;
  }
  EXPECT_EQ(find_ioctl(0), nullptr);
  EXPECT_EQ(find_ioctl(0xffffffff), nullptr);
}

}  // namespace
}  // namespace softvpu::v4l2
