// SPDX-License-Identifier: LGPL-2.1-or-later
// What an end of a ring makes of its peer's index, and of entries. src/hfi/ring_test.cc tests whole rings.
#include "core/ring.h"

#include <gtest/gtest.h>

#include <random>

namespace {

svpu_ring_end end_at(uint32_t own, uint32_t peer, uint32_t count = 16) {
  svpu_ring_end end;
  svpu_ring_end_init(&end, count);
  end.own = own;
  end.peer = peer;
  return end;
}

svpu_entry entry_of(uint32_t sequence, uint16_t size = sizeof(svpu_entry)) {
  svpu_entry entry{};
  entry.sequence = sequence;
  entry.size = size;
  return entry;
}

TEST(ANewRingEnd, IsEmpty) {
  svpu_ring_end end;
  svpu_ring_end_init(&end, 16);
  EXPECT_EQ(svpu_ring_free(&end), 16u);
  EXPECT_EQ(svpu_ring_used(&end), 0u);
  EXPECT_EQ(svpu_ring_offset(&end), 0u);
  EXPECT_FALSE(end.broken);
}

TEST(ARingEnd, CountsAcrossTheWrapOfItsIndices) {
  svpu_ring_end writer = end_at(2, 0xfffffffe);
  EXPECT_EQ(svpu_ring_free(&writer), 12u);
  EXPECT_TRUE(svpu_ring_accept_read(&writer, 1));
  EXPECT_EQ(svpu_ring_free(&writer), 15u);
  svpu_ring_end reader = end_at(0xfffffffe, 0xffffffff);
  EXPECT_TRUE(svpu_ring_accept_write(&reader, 2));
  EXPECT_EQ(svpu_ring_used(&reader), 4u);
  EXPECT_EQ(svpu_ring_offset(&reader), 14u * SVPU_SLOT_SIZE);
}

TEST(AWriter, TakesSlotsInOrderAndNumbersItsEntries) {
  svpu_ring_end writer;
  svpu_ring_end_init(&writer, 4);
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(svpu_ring_offset(&writer), i * SVPU_SLOT_SIZE);
    EXPECT_EQ(svpu_ring_advance_write(&writer), i);
    EXPECT_EQ(writer.own, i + 1);
  }
  EXPECT_EQ(svpu_ring_free(&writer), 0u);
  EXPECT_EQ(svpu_ring_offset(&writer), 0u);
}

TEST(AWriter, AcceptsAReaderThatMovesOnUpToWhatWasWritten) {
  for (const uint32_t read : {5u, 6u, 9u}) {
    svpu_ring_end writer = end_at(9, 5);
    EXPECT_TRUE(svpu_ring_accept_read(&writer, read)) << read;
    EXPECT_EQ(writer.peer, read);
  }
}

TEST(AWriter, RefusesAReaderThatMovesBackwardsOrPastWhatWasWritten) {
  for (const uint32_t read : {4u, 0u, 10u, 21u, 0x80000000u, 0xffffffffu}) {
    svpu_ring_end writer = end_at(9, 5);
    EXPECT_FALSE(svpu_ring_accept_read(&writer, read)) << read;
    EXPECT_TRUE(writer.broken);
    EXPECT_EQ(writer.peer, 5u) << "a refused index isn't kept";
    EXPECT_FALSE(svpu_ring_accept_read(&writer, 6)) << "once broken, always broken";
  }
}

TEST(AReader, AcceptsAWriterThatMovesOnUpToTheSlots) {
  for (const uint32_t write : {7u, 8u, 21u}) {
    svpu_ring_end reader = end_at(5, 7);
    EXPECT_TRUE(svpu_ring_accept_write(&reader, write)) << write;
    EXPECT_EQ(reader.peer, write);
  }
}

TEST(AReader, RefusesAWriterThatMovesBackwardsOrPastTheSlots) {
  for (const uint32_t write : {6u, 5u, 4u, 22u, 0x80000000u, 0xffffffffu}) {
    svpu_ring_end reader = end_at(5, 7);
    EXPECT_FALSE(svpu_ring_accept_write(&reader, write)) << write;
    EXPECT_TRUE(reader.broken);
    EXPECT_EQ(reader.peer, 7u);
    EXPECT_FALSE(svpu_ring_accept_write(&reader, 8));
  }
}

// An index that goes back and forth in step with the reader must not keep the reader busy.
TEST(AReader, SeesThroughAnIndexThatGoesToAndFro) {
  svpu_ring_end reader = end_at(10, 10);
  EXPECT_FALSE(svpu_ring_accept_write(&reader, 5));
  EXPECT_FALSE(svpu_ring_accept_write(&reader, 10));
}

TEST(AReader, SkipsOneEntryThatIsWrongAndGoesOn) {
  svpu_ring_end reader = end_at(0, 8);
  svpu_entry entry = entry_of(0);
  EXPECT_EQ(svpu_ring_advance_read(&reader, &entry), nullptr);
  entry = entry_of(7);
  EXPECT_NE(svpu_ring_advance_read(&reader, &entry), nullptr) << "a gap";
  entry = entry_of(8);
  EXPECT_EQ(svpu_ring_advance_read(&reader, &entry), nullptr) << "one gap is one complaint";
  for (const uint16_t size : {0, 15, 257, 65535}) {
    entry = entry_of(reader.sequence, size);
    EXPECT_NE(svpu_ring_advance_read(&reader, &entry), nullptr) << size;
  }
  entry = entry_of(reader.sequence, SVPU_SLOT_SIZE);
  EXPECT_EQ(svpu_ring_advance_read(&reader, &entry), nullptr);
  EXPECT_EQ(reader.own, 8u);
  EXPECT_EQ(svpu_ring_used(&reader), 0u);
  EXPECT_FALSE(reader.broken);
}

// Whatever a peer stores, an end never counts more than its slots, and what it accepted only moves on.
TEST(ARingEnd, StaysInsideItsSlotsWhateverThePeerStores) {
  std::mt19937 random(1);
  for (int life = 0; life < 2000; ++life) {
    svpu_ring_end writer = end_at(random(), 0, 8);
    writer.peer = writer.own - random() % 9;
    svpu_ring_end reader = end_at(random(), 0, 8);
    reader.peer = reader.own + random() % 9;
    for (int step = 0; step < 20; ++step) {
      const uint32_t near = random() % 12 - 2;
      (void)svpu_ring_accept_read(&writer, random() % 8 == 0 ? random() : writer.peer + near);
      (void)svpu_ring_accept_write(&reader, random() % 8 == 0 ? random() : reader.peer + near);
      ASSERT_LE(svpu_ring_free(&writer), 8u);
      ASSERT_LE(svpu_ring_used(&reader), 8u);
      if (svpu_ring_free(&writer) > 0) (void)svpu_ring_advance_write(&writer);
      const svpu_entry entry = entry_of(reader.sequence);
      if (svpu_ring_used(&reader) > 0) (void)svpu_ring_advance_read(&reader, &entry);
    }
  }
}

}  // namespace
