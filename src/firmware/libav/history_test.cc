// SPDX-License-Identifier: GPL-2.0-or-later
// From where the past is kept, and how much of it.
#include "firmware/libav/history.h"

#include <gtest/gtest.h>

namespace softvpu::firmware::libav {
namespace {

AccessUnit unit_of(uint64_t number, EntryPoint entry) {
  AccessUnit unit;
  unit.packet.reset(av_packet_alloc());
  av_new_packet(unit.packet.get(), 10);
  unit.packet->pts = static_cast<int64_t>(number);
  unit.number = number;
  unit.entry = entry;
  return unit;
}

TEST(AHistory, BeginsWhereDecodingCanBegin) {
  History history;
  const auto none = std::make_shared<const ParameterSetList>();
  history.add(unit_of(1, EntryPoint::kNone), none);
  EXPECT_TRUE(history.empty()) << "nothing to build upon";
  for (uint64_t number = 2; number < 200; ++number) {
    history.add(unit_of(number, number % 20 == 0 ? EntryPoint::kClean : EntryPoint::kNone), none);
  }
  EXPECT_FALSE(history.empty());
  const auto packets = history.packets();
  EXPECT_EQ(packets.front()->pts % 20, 0);
  EXPECT_GE(packets.size(), History::kRecent);
  EXPECT_LE(packets.size(), History::kRecent + 21);
  EXPECT_EQ(packets.back()->pts, 199);
}

TEST(AHistory, KeepsAnOpenEntryPointMoreThanItNeeds) {
  History history;
  const auto none = std::make_shared<const ParameterSetList>();
  for (uint64_t number = 0; number < 200; ++number)
    history.add(unit_of(number, number % 20 == 0 ? EntryPoint::kKey : EntryPoint::kNone), none);
  const auto packets = history.packets();
  EXPECT_EQ(packets.front()->pts % 20, 0);
  EXPECT_GE(packets.size(), History::kRecent + 20);
}

TEST(AHistory, GivesUpWhenItGrowsTooLarge) {
  History history;
  const auto none = std::make_shared<const ParameterSetList>();
  history.add(unit_of(0, EntryPoint::kClean), none);
  for (uint64_t number = 1; number <= History::kMaxUnits; ++number) history.add(unit_of(number, EntryPoint::kNone), none);
  EXPECT_TRUE(history.empty());
  history.add(unit_of(9999, EntryPoint::kNone), none);
  EXPECT_TRUE(history.empty());
  history.add(unit_of(10000, EntryPoint::kClean), none);
  EXPECT_FALSE(history.empty());
}

}  // namespace
}  // namespace softvpu::firmware::libav
