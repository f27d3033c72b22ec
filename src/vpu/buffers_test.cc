// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's books of buffers.
#include "vpu/buffers.h"

#include <gtest/gtest.h>

namespace softvpu::vpu {
namespace {

using codec::BufferHandle;
using codec::Cookie;
using codec::Direction;
using codec::DoneStatus;

constexpr codec::PlaneMemory kPlane{0, 0, 4096, 8192};

class TheBooks : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(books_.map(Direction::kInput, {0, 1}, {&kPlane, 1}));
    ASSERT_TRUE(books_.map(Direction::kInput, {1, 2}, {&kPlane, 1}));
    ASSERT_TRUE(books_.map(Direction::kOutput, {0, 3}, {&kPlane, 1}));
  }
  Status input(BufferHandle buffer, uint64_t cookie, uint32_t offset = 0, uint32_t bytes = 10) {
    return books_.queue_input({buffer, Cookie{cookie}, codec::Tag{1}, offset, bytes});
  }
  Status output_done(uint64_t cookie, std::array<uint32_t, kMaxPlanes> bytes = {}) {
    return books_.finish_output({.cookie = Cookie{cookie}, .bytes_used = bytes});
  }
  Buffers books_;
};

TEST_F(TheBooks, RefuseImpossibleMemory) {
  const auto refused = [&](codec::PlaneMemory plane, BufferHandle buffer = {5, 5}) {
    const Status mapped = books_.map(Direction::kInput, buffer, {&plane, 1});
    return !mapped && mapped.error().code == EINVAL;
  };
  EXPECT_TRUE(refused(kPlane, {64, 1}));
  EXPECT_TRUE(refused(kPlane, {5, 0}));
  EXPECT_TRUE(refused(kPlane, {0, 9}));  // the index is taken
  EXPECT_TRUE(refused({-1, 0, 4096, 4096}));
  EXPECT_TRUE(refused({0, 1, 4096, 4096}));
  EXPECT_TRUE(refused({0, 0, 0, 4096}));
  EXPECT_TRUE(refused({0, 0, 4096, 4095}));
  EXPECT_TRUE(refused({0, 0, uint64_t{1} << 31, uint64_t{1} << 31}));
  EXPECT_TRUE(refused({0, 0, 4096, uint64_t{1} << 32}));
  EXPECT_TRUE(refused({0, ~uint64_t{4095}, 4096, 4096}));
  EXPECT_FALSE(books_.map(Direction::kInput, {5, 5}, {}));
  const codec::PlaneMemory five[] = {kPlane, kPlane, kPlane, kPlane, kPlane};
  EXPECT_FALSE(books_.map(Direction::kInput, {5, 5}, five));
  EXPECT_TRUE(books_.map(Direction::kInput, {5, 5}, {five, 4}));
}

TEST_F(TheBooks, RefuseAQueueingThatCannotBe) {
  EXPECT_FALSE(input({0, 2}, 1));  // another generation
  EXPECT_FALSE(input({7, 1}, 1));
  EXPECT_FALSE(input({0, 1}, 0));
  EXPECT_FALSE(input({0, 1}, 1, 0, 4097));
  EXPECT_FALSE(input({0, 1}, 1, 4090, 7));
  EXPECT_FALSE(input({0, 1}, 1, UINT32_MAX, UINT32_MAX));
  EXPECT_TRUE(input({0, 1}, 1, 4090, 6));
  EXPECT_FALSE(input({0, 1}, 2));                        // queued already
  EXPECT_FALSE(input({1, 2}, 1));                        // the cookie is under way
  EXPECT_FALSE(books_.queue_output({0, 3}, Cookie{1}));  // also on the other side
  EXPECT_TRUE(books_.queue_output({0, 3}, Cookie{9}));
}

// A picture in two memory planes: each has its own bounds.
TEST_F(TheBooks, CheckEachPlaneOfAnInput) {
  const codec::PlaneMemory planes[] = {{0, 0, 4096, 8192}, {0, 8192, 2048, 4096}};
  ASSERT_TRUE(books_.map(Direction::kInput, {2, 7}, planes));
  const auto chunk = [](uint64_t cookie, uint32_t num_planes, codec::PlaneChunk first, codec::PlaneChunk second) {
    return codec::InputChunk{.buffer = {2, 7}, .cookie = Cookie{cookie}, .plane = {first, second}, .num_planes = num_planes};
  };
  EXPECT_FALSE(books_.queue_input(chunk(1, 1, {0, 4096}, {})));
  EXPECT_FALSE(books_.queue_input(chunk(1, 3, {0, 4096}, {0, 2048})));
  EXPECT_FALSE(books_.queue_input(chunk(1, 2, {0, 4096}, {1, 2048})));
  EXPECT_FALSE(books_.queue_input(chunk(1, 2, {0, 4096}, {UINT32_MAX, UINT32_MAX})));
  EXPECT_FALSE(books_.queue_input(chunk(1, 2, {1, 4096}, {0, 2048})));
  EXPECT_TRUE(books_.queue_input(chunk(1, 2, {0, 4096}, {1024, 1024})));
}

TEST_F(TheBooks, KnowWhatIsUnderWay) {
  EXPECT_FALSE(books_.any_under_way());
  ASSERT_TRUE(input({0, 1}, 1));
  ASSERT_TRUE(input({1, 2}, 2));
  EXPECT_TRUE(books_.any_under_way());
  EXPECT_FALSE(books_.finish_input(Cookie{2}, DoneStatus::kOk)) << "out of order";
  EXPECT_FALSE(books_.finish_input(Cookie{3}, DoneStatus::kOk));
  EXPECT_FALSE(books_.finish_input(Cookie{1}, DoneStatus::kCancelled)) << "nobody asked";
  books_.begin_flush(Direction::kInput, 1);
  EXPECT_TRUE(books_.finish_input(Cookie{2}, DoneStatus::kCancelled)) << "a flush may return them as it likes";
  EXPECT_TRUE(books_.finish_input(Cookie{1}, DoneStatus::kError));
  EXPECT_TRUE(books_.end_flush(Direction::kInput, 1));
  EXPECT_FALSE(books_.finish_input(Cookie{1}, DoneStatus::kOk)) << "twice";
  EXPECT_FALSE(books_.any_under_way());
}

TEST_F(TheBooks, BelieveNoMoreBytesThanThereAre) {
  ASSERT_TRUE(books_.queue_output({0, 3}, Cookie{1}));
  EXPECT_FALSE(output_done(1, {4097}));
  EXPECT_FALSE(output_done(1, {4096, 1}));
  EXPECT_FALSE(output_done(1, {0, 0, 0, 1}));
  EXPECT_TRUE(output_done(1, {4096}));
}

TEST_F(TheBooks, CloseAFlushOnlyWhenEverythingBeforeItIsBack) {
  ASSERT_TRUE(input({0, 1}, 1));
  books_.begin_flush(Direction::kInput, 7);
  ASSERT_TRUE(input({1, 2}, 2));  // after it
  books_.begin_flush(Direction::kInput, 8);
  EXPECT_FALSE(books_.end_flush(Direction::kInput, 7)) << "1 is missing";
  ASSERT_TRUE(books_.finish_input(Cookie{1}, DoneStatus::kCancelled));
  EXPECT_FALSE(books_.end_flush(Direction::kInput, 8)) << "not the oldest";
  EXPECT_FALSE(books_.end_flush(Direction::kOutput, 7)) << "the other side";
  EXPECT_TRUE(books_.end_flush(Direction::kInput, 7));
  EXPECT_FALSE(books_.end_flush(Direction::kInput, 8)) << "2 is missing";
  ASSERT_TRUE(books_.finish_input(Cookie{2}, DoneStatus::kCancelled));
  EXPECT_TRUE(books_.end_flush(Direction::kInput, 8));
  EXPECT_FALSE(books_.end_flush(Direction::kInput, 8)) << "twice";
}

TEST_F(TheBooks, LetABufferBeQueuedAgainBehindAFlush) {
  ASSERT_TRUE(books_.queue_output({0, 3}, Cookie{1}));
  books_.begin_flush(Direction::kOutput, 1);
  EXPECT_TRUE(books_.queue_output({0, 3}, Cookie{2}));
  EXPECT_FALSE(books_.queue_output({0, 3}, Cookie{3}));
  EXPECT_TRUE(output_done(1));
  EXPECT_TRUE(books_.end_flush(Direction::kOutput, 1));
  EXPECT_TRUE(output_done(2));
}

// docs/hfi.md, 10. The output that a request returned had been flushed as well: nothing is owed for it afterwards.
TEST_F(TheBooks, RefuseAnOutputReturnedUnaskedAfterARecall) {
  ASSERT_TRUE(books_.queue_output({0, 3}, Cookie{1}));
  books_.begin_return();
  books_.begin_flush(Direction::kOutput, 1);
  ASSERT_TRUE(books_.queue_output({0, 3}, Cookie{2}));
  const auto returned = [&](uint64_t cookie) {
    return books_.finish_output({.cookie = Cookie{cookie}, .status = DoneStatus::kCancelled}).has_value();
  };
  EXPECT_TRUE(returned(1));
  EXPECT_TRUE(books_.end_flush(Direction::kOutput, 1));
  EXPECT_FALSE(returned(2));
  books_.begin_return();
  EXPECT_TRUE(returned(2));
}

TEST_F(TheBooks, KeepTheLengthsOfAQueuedBufferThatIsUnmapped) {
  ASSERT_TRUE(books_.queue_output({0, 3}, Cookie{1}));
  EXPECT_FALSE(books_.unmap(Direction::kOutput, {0, 3}));
  books_.begin_flush(Direction::kOutput, 1);
  ASSERT_TRUE(books_.unmap(Direction::kOutput, {0, 3}));
  EXPECT_FALSE(books_.unmap(Direction::kOutput, {0, 3}));
  EXPECT_FALSE(output_done(1, {4097}));
  EXPECT_TRUE(output_done(1, {4096}));
}

TEST_F(TheBooks, GiveEverythingBackOnceAndInOrder) {
  ASSERT_TRUE(input({1, 2}, 5));
  ASSERT_TRUE(input({0, 1}, 4));
  ASSERT_TRUE(books_.queue_output({0, 3}, Cookie{6}));
  books_.begin_flush(Direction::kInput, 7);
  EXPECT_EQ(books_.take_all(Direction::kInput), (std::vector<Cookie>{Cookie{5}, Cookie{4}}));
  EXPECT_TRUE(books_.take_all(Direction::kInput).empty());
  EXPECT_EQ(books_.take_output(), Cookie{6});
  EXPECT_EQ(books_.take_output(), std::nullopt);
  EXPECT_EQ(books_.take_flushes().size(), 1u);
  EXPECT_FALSE(books_.any_under_way());
}

}  // namespace
}  // namespace softvpu::vpu
