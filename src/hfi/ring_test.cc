// SPDX-License-Identifier: LGPL-2.1-or-later
// Rings: order, wrap, wake suppression, and peers that scribble over the shared indices.
#include "hfi/ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <random>
#include <thread>

namespace softvpu::hfi {
namespace {

// One ring in ordinary memory, both ends.
struct Ring {
  explicit Ring(uint32_t slots = 16, uint32_t start = 0) : count(slots) {
    storage = std::make_unique<Storage>();
    storage->index.write = start;
    storage->index.read = start;
    memory = {&storage->index, storage->slots, count};
  }
  struct Storage {
    svpu_ring_index index{};
    alignas(256) std::byte slots[64 * SVPU_SLOT_SIZE] = {};
  };
  uint32_t count;
  std::unique_ptr<Storage> storage;
  RingMemory memory;
  svpu_ring_index& index() { return storage->index; }
};

Entry entry_with(uint64_t cookie, uint16_t size = sizeof(svpu_entry)) {
  Entry entry;
  svpu_entry header{};
  header.type = 1;
  header.size = size;
  header.cookie = cookie;
  entry.set_header(header);
  for (size_t at = sizeof(header); at < size && at < SVPU_SLOT_SIZE; ++at) entry.bytes[at] = std::byte(cookie + at);
  return entry;
}

void set(svpu_u32& word, uint32_t value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

TEST(ARing, DeliversEntriesInOrderWithTheirBytes) {
  Ring ring;
  RingWriter writer(ring.memory);
  RingReader reader(ring.memory);
  for (uint64_t i = 1; i <= 5; ++i) ASSERT_EQ(writer.push(entry_with(i, static_cast<uint16_t>(16 + 40 * i))), PushOutcome::kOk);
  for (uint64_t i = 1; i <= 5; ++i) {
    Entry got;
    ASSERT_EQ(reader.pop(got), PopOutcome::kOk);
    Entry wanted = entry_with(i, static_cast<uint16_t>(16 + 40 * i));
    svpu_entry header = wanted.header();
    header.sequence = static_cast<uint32_t>(i - 1);
    wanted.set_header(header);
    EXPECT_EQ(std::memcmp(got.bytes, wanted.bytes, sizeof(got.bytes)), 0) << "entry " << i;
  }
  Entry none;
  EXPECT_EQ(reader.pop(none), PopOutcome::kEmpty);
}

TEST(ARing, SaysFullAndTakesMoreOnceRead) {
  Ring ring(4);
  RingWriter writer(ring.memory);
  RingReader reader(ring.memory);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(writer.push(entry_with(1)), PushOutcome::kOk);
  EXPECT_EQ(writer.push(entry_with(1)), PushOutcome::kFull);
  EXPECT_EQ(writer.push(entry_with(1)), PushOutcome::kFull);
  Entry entry;
  ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
  EXPECT_EQ(writer.push(entry_with(2)), PushOutcome::kOk);
  EXPECT_EQ(writer.push(entry_with(3)), PushOutcome::kFull);
}

// A queue of the standard library as the model: any mixture of pushes and pops gives the same answers.
TEST(ARing, BehavesAsAQueueUnderAnyMixtureOfPushesAndPops) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    Ring ring(8);
    RingWriter writer(ring.memory);
    RingReader reader(ring.memory);
    std::deque<uint64_t> model;
    uint64_t next = 1;
    for (int step = 0; step < 2000; ++step) {
      if (random() % 2 == 0) {
        const PushOutcome outcome = writer.push(entry_with(next, static_cast<uint16_t>(16 + random() % 241)));
        ASSERT_EQ(outcome, model.size() == 8 ? PushOutcome::kFull : PushOutcome::kOk);
        if (outcome == PushOutcome::kOk) model.push_back(next++);
      } else {
        Entry entry;
        const PopOutcome outcome = reader.pop(entry);
        ASSERT_EQ(outcome, model.empty() ? PopOutcome::kEmpty : PopOutcome::kOk);
        if (outcome != PopOutcome::kOk) continue;
        ASSERT_EQ(entry.header().cookie, model.front());
        model.pop_front();
      }
    }
  }
}

TEST(ARing, SkipsOneEntryOfAnImpossibleSizeAndGoesOn) {
  for (const uint16_t size : {0, 1, 15, 257, 65535}) {
    Ring ring;
    RingWriter writer(ring.memory);
    RingReader reader(ring.memory);
    ASSERT_EQ(writer.push(entry_with(1, size)), PushOutcome::kOk);
    ASSERT_EQ(writer.push(entry_with(2)), PushOutcome::kOk);
    Entry entry;
    EXPECT_EQ(reader.pop(entry), PopOutcome::kMalformed) << size;
    ASSERT_EQ(reader.pop(entry), PopOutcome::kOk) << size;
    EXPECT_EQ(entry.header().cookie, 2u);
    EXPECT_FALSE(reader.corrupt());
  }
}

TEST(ARing, ComplainsOnceAboutAGapInTheSequence) {
  Ring ring;
  RingWriter writer(ring.memory);
  RingReader reader(ring.memory);
  for (uint64_t i = 0; i < 3; ++i) ASSERT_EQ(writer.push(entry_with(i)), PushOutcome::kOk);
  svpu_entry second{};
  std::memcpy(&second, ring.memory.slots + SVPU_SLOT_SIZE, sizeof(second));
  second.sequence = 7;
  std::memcpy(ring.memory.slots + SVPU_SLOT_SIZE, &second, sizeof(second));
  second.sequence = 8;
  std::memcpy(ring.memory.slots + 2 * SVPU_SLOT_SIZE, &second, sizeof(second));
  Entry entry;
  EXPECT_EQ(reader.pop(entry), PopOutcome::kOk);
  EXPECT_EQ(reader.pop(entry), PopOutcome::kMalformed);
  EXPECT_EQ(reader.pop(entry), PopOutcome::kOk);
}

TEST(ARing, IsCorruptOnceTheWriterMovesBackwardsOrPastTheSlots) {
  for (const uint32_t bad : {0u, 2u, 3u + 17u, 0x80000000u, 0xffffffffu}) {
    Ring ring;
    RingWriter writer(ring.memory);
    RingReader reader(ring.memory);
    Entry entry;
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(writer.push(entry_with(1)), PushOutcome::kOk);
      ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
    }
    set(ring.index().write, bad);
    EXPECT_EQ(reader.pop(entry), PopOutcome::kCorrupt) << bad;
    set(ring.index().write, 4);  // repentance comes too late
    EXPECT_EQ(reader.pop(entry), PopOutcome::kCorrupt) << bad;
    EXPECT_NE(std::string(reader.complaint()), "");
  }
}

TEST(ARing, IsCorruptOnceTheReaderMovesBackwardsOrPastWhatWasWritten) {
  for (const uint32_t bad : {1u, 19u, 0x80000000u, 0xffffffffu}) {
    Ring ring;
    RingWriter writer(ring.memory);
    RingReader reader(ring.memory);
    Entry entry;
    for (int i = 0; i < 16; ++i) ASSERT_EQ(writer.push(entry_with(1)), PushOutcome::kOk);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(writer.push(entry_with(1)), PushOutcome::kOk);
    set(ring.index().read, bad);
    EXPECT_EQ(writer.push(entry_with(1)), PushOutcome::kCorrupt) << bad;
    set(ring.index().read, 2);
    EXPECT_EQ(writer.push(entry_with(1)), PushOutcome::kCorrupt) << bad;
  }
}

// A writer that advances and takes it back between two looks is caught, so each "look again" of prepare_wait() makes progress.
TEST(ARing, NoticesAnIndexTakenBackBetweenTwoLooks) {
  Ring ring;
  RingReader reader(ring.memory);
  set(ring.index().write, 3);
  EXPECT_FALSE(reader.prepare_wait());
  set(ring.index().write, 0);
  Entry entry;
  EXPECT_EQ(reader.pop(entry), PopOutcome::kMalformed);  // slots 0..2 were promised; their zeros have no size
  EXPECT_EQ(reader.pop(entry), PopOutcome::kMalformed);
  EXPECT_EQ(reader.pop(entry), PopOutcome::kMalformed);
  EXPECT_EQ(reader.pop(entry), PopOutcome::kCorrupt);
}

TEST(ARing, ReadsTheSlotOnceEvenIfItChangesAfterwards) {
  Ring ring;
  RingWriter writer(ring.memory);
  RingReader reader(ring.memory);
  ASSERT_EQ(writer.push(entry_with(1, 64)), PushOutcome::kOk);
  Entry entry;
  ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
  const Entry before = entry;
  std::memset(ring.memory.slots, 0xff, SVPU_SLOT_SIZE);
  EXPECT_EQ(std::memcmp(entry.bytes, before.bytes, sizeof(entry.bytes)), 0);
  EXPECT_EQ(entry.header().size, 64u);
}

TEST(ASleepingReader, IsWokenByExactlyOnePush) {
  Ring ring;
  RingWriter writer(ring.memory);
  RingReader reader(ring.memory);
  ASSERT_EQ(writer.push(entry_with(1)), PushOutcome::kOk);
  EXPECT_FALSE(writer.take_reader_waiting());  // it wasn't asleep
  EXPECT_FALSE(reader.prepare_wait());         // there is something
  Entry entry;
  ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
  EXPECT_TRUE(reader.prepare_wait());
  ASSERT_EQ(writer.push(entry_with(2)), PushOutcome::kOk);
  EXPECT_TRUE(writer.take_reader_waiting());
  ASSERT_EQ(writer.push(entry_with(3)), PushOutcome::kOk);
  EXPECT_FALSE(writer.take_reader_waiting());
}

TEST(AWriterWaitingForSpace, IsWokenByExactlyOnePop) {
  Ring ring(2);
  RingWriter writer(ring.memory);
  RingReader reader(ring.memory);
  EXPECT_FALSE(writer.prepare_wait_for_space());
  ASSERT_EQ(writer.push(entry_with(1)), PushOutcome::kOk);
  ASSERT_EQ(writer.push(entry_with(2)), PushOutcome::kOk);
  EXPECT_TRUE(writer.prepare_wait_for_space());
  Entry entry;
  ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
  EXPECT_TRUE(reader.take_writer_waiting());
  ASSERT_EQ(reader.pop(entry), PopOutcome::kOk);
  EXPECT_FALSE(reader.take_writer_waiting());
}

// Both ends on threads of their own, sleeping on a doorbell counter whenever there is nothing to do: no wake-up may be lost.
TEST(TwoThreads, PassEveryEntryAndLoseNoWakeUp) {
  constexpr uint64_t kEntries = 200'000;
  Ring ring(8);
  std::atomic<uint32_t> reader_bell{0};
  std::atomic<uint32_t> writer_bell{0};
  std::thread producer([&] {
    RingWriter writer(ring.memory);
    for (uint64_t i = 1; i <= kEntries;) {
      const uint32_t bell = writer_bell.load();
      if (writer.push(entry_with(i)) == PushOutcome::kOk) {
        ++i;
        if (writer.take_reader_waiting()) {
          reader_bell.fetch_add(1);
          reader_bell.notify_one();
        }
      } else if (writer.prepare_wait_for_space()) {
        writer_bell.wait(bell);
      }
    }
  });
  RingReader reader(ring.memory);
  uint64_t expected = 1;
  while (expected <= kEntries) {
    const uint32_t bell = reader_bell.load();
    Entry entry;
    const PopOutcome outcome = reader.pop(entry);
    if (outcome == PopOutcome::kOk) {
      ASSERT_EQ(entry.header().cookie, expected);
      ++expected;
      if (reader.take_writer_waiting()) {
        writer_bell.fetch_add(1);
        writer_bell.notify_one();
      }
    } else {
      ASSERT_EQ(outcome, PopOutcome::kEmpty);
      if (reader.prepare_wait()) reader_bell.wait(bell);
    }
  }
  producer.join();
}

// The peer owns the whole region: indices, flags and slots change under our hands. Nothing is asserted about what is read, only
// that each end stays inside its ring, ends in kCorrupt or goes on, and never loops (ASan, UBSan and TSan watch).
TEST(AHostilePeer, ScribblingOverEverythingBreaksNothingButItsOwnRing) {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    Ring ring(16);
    std::atomic<bool> stop{false};
    std::thread scribbler([&] {
      std::mt19937 random(seed);
      auto* words = reinterpret_cast<uint32_t*>(ring.storage.get());
      const size_t index_words = sizeof(svpu_ring_index) / 4;
      const size_t all_words = index_words + 16 * SVPU_SLOT_SIZE / 4;
      while (!stop.load(std::memory_order_relaxed)) {
        const uint32_t choice = random() % 8;
        if (choice < 3) {
          __atomic_store_n(&words[random() % index_words], random() % 64, __ATOMIC_RELAXED);
        } else if (choice < 4) {
          __atomic_store_n(&ring.index().write, random(), __ATOMIC_RELAXED);
        } else {
          __atomic_store_n(&words[random() % all_words], random(), __ATOMIC_RELAXED);
        }
      }
    });
    // Until the scribbler has been at work a while, however late its thread gets a processor.
    uint64_t corrupt = 0;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (int life = 0; life < 200 || (corrupt < 100 && std::chrono::steady_clock::now() < give_up); ++life) {
      RingWriter writer(ring.memory);
      RingReader reader(ring.memory);
      for (int step = 0; step < 200; ++step) {
        const PushOutcome pushed = writer.push(entry_with(1, 256));
        Entry entry;
        const PopOutcome popped = reader.pop(entry);
        if (popped == PopOutcome::kOk) {
          ASSERT_GE(entry.header().size, sizeof(svpu_entry));
          ASSERT_LE(entry.header().size, SVPU_SLOT_SIZE);
        }
        (void)writer.take_reader_waiting();
        (void)reader.take_writer_waiting();
        (void)writer.prepare_wait_for_space();
        (void)reader.prepare_wait();
        if (pushed == PushOutcome::kCorrupt || popped == PopOutcome::kCorrupt) ++corrupt;
      }
    }
    stop = true;
    scribbler.join();
    EXPECT_GE(corrupt, 100u);
  }
}

}  // namespace
}  // namespace softvpu::hfi
