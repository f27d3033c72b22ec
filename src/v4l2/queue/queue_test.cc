// SPDX-License-Identifier: LGPL-2.1-or-later
// Buffers and their places. Clauses: vidioc-qbuf.rst, vidioc-streamon.rst; videobuf2
// where they are silent.
#include "v4l2/queue/queue.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <ostream>
#include <set>

namespace softvpu::v4l2 {
namespace {

struct NamedSide {
  const char* name;
  Side side;
};
void PrintTo(const NamedSide& side, std::ostream* out) { *out << side.name; }
std::string name_of(const testing::TestParamInfo<NamedSide>& test) { return test.param.name; }
constexpr NamedSide kOutput{"Output", Side::kOutput};
constexpr NamedSide kCapture{"Capture", Side::kCapture};

constexpr PlaneSize kPlane[] = {{5000, 256}};

class AQueue : public testing::TestWithParam<NamedSide> {
 protected:
  void SetUp() override { ASSERT_EQ(*queue_.add(3, kPlane), 3u); }
  BufferView view(uint32_t bytesused = 100) {
    BufferView v;
    v.memory = V4L2_MEMORY_MMAP;
    v.num_planes = 1;
    v.planes[0].bytesused = bytesused;
    return v;
  }
  void enqueue(uint32_t index) {
    ASSERT_TRUE(queue_.take(*queue_.find(index), view()));
    queue_.enqueue(*queue_.find(index), view());
  }
  BufferQueue queue_{GetParam().side, 0};
};
INSTANTIATE_TEST_SUITE_P(Sides, AQueue, testing::Values(kOutput, kCapture), name_of);

TEST_P(AQueue, HandsBuffersOnInTheOrderOfQueueing) {
  for (const uint32_t index : {2u, 0u, 1u}) enqueue(index);
  uint64_t cookie = 10;
  for (const uint32_t index : {2u, 0u, 1u}) {
    Buffer* next = queue_.next_queued();
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->handle.index, index);
    queue_.give_to_session(*next, codec::Cookie{cookie++});
  }
  EXPECT_EQ(queue_.next_queued(), nullptr);
  EXPECT_EQ(queue_.with_session(), 3u);
}

TEST_P(AQueue, ReturnsDoneBuffersInTheOrderOfCompletion) {
  for (const uint32_t index : {0u, 1u, 2u}) enqueue(index);
  for (uint32_t i = 0; i < 3; ++i) queue_.give_to_session(*queue_.find(i), codec::Cookie{i + 1});
  for (const uint64_t cookie : {3u, 1u, 2u}) queue_.complete(*queue_.with_session(codec::Cookie{cookie}), cookie == 1);
  for (const uint32_t index : {2u, 0u, 1u}) {
    Buffer* done = queue_.next_done();
    ASSERT_NE(done, nullptr);
    EXPECT_EQ(done->handle.index, index);
    EXPECT_EQ((queue_.view(*done).flags & V4L2_BUF_FLAG_ERROR) != 0, index == 0);
    queue_.dequeue(*done);
  }
  EXPECT_TRUE(queue_.idle());
}

TEST_P(AQueue, ForgetsCookiesThatAreAnsweredOrCancelled) {
  enqueue(0);
  queue_.give_to_session(*queue_.find(0), codec::Cookie{1});
  ASSERT_NE(queue_.with_session(codec::Cookie{1}), nullptr);
  queue_.start_streaming();
  queue_.cancel();
  EXPECT_EQ(queue_.with_session(codec::Cookie{1}), nullptr);
  EXPECT_TRUE(queue_.find(0)->is<Dequeued>());
  EXPECT_EQ(queue_.with_session(), 0u);
}

TEST_P(AQueue, PutsBuffersOfALostSessionBackInTheirOrder) {
  for (const uint32_t index : {2u, 0u, 1u}) enqueue(index);
  queue_.give_to_session(*queue_.find(2), codec::Cookie{1});
  queue_.give_to_session(*queue_.find(0), codec::Cookie{2});
  queue_.session_closed();
  for (const uint32_t index : {2u, 0u, 1u}) {
    ASSERT_EQ(queue_.next_queued()->handle.index, index);
    queue_.complete(*queue_.next_queued(), false);
  }
}

// vb2_queue_error() completes nothing: the buffers are the client's again by STREAMOFF.
TEST_P(AQueue, KeepsItsBuffersWhenItFails) {
  enqueue(0);
  enqueue(1);
  queue_.give_to_session(*queue_.find(0), codec::Cookie{1});
  queue_.start_streaming();
  queue_.set_failed();
  EXPECT_TRUE(queue_.failed());
  EXPECT_EQ(queue_.done(), 0u);
  EXPECT_EQ(queue_.queued(), 2u);
  EXPECT_EQ(queue_.with_session(), 0u);
  queue_.cancel();
  EXPECT_FALSE(queue_.failed());
  for (const uint32_t index : {0u, 1u}) EXPECT_TRUE(queue_.find(index)->is<Dequeued>());
}

TEST_P(AQueue, GivesEachPlaneAnOffsetThatNoLivingOneHas) {
  std::set<uint32_t> offsets;
  for (const auto& buffer : queue_.buffers()) EXPECT_TRUE(offsets.insert(buffer->planes[0]->name()).second);
  queue_.free_all();
  ASSERT_EQ(*queue_.add(3, kPlane), 3u);
  for (const auto& buffer : queue_.buffers())
    EXPECT_TRUE(offsets.insert(buffer->planes[0]->name()).second) << "an orphan may be mapped";
}

TEST_P(AQueue, NeverReusesAGeneration) {
  std::set<uint32_t> generations;
  for (int round = 0; round < 3; ++round) {
    for (const auto& buffer : queue_.buffers()) EXPECT_TRUE(generations.insert(buffer->handle.generation).second);
    queue_.free_all();
    ASSERT_TRUE(queue_.add(3, kPlane));
  }
}

class ImportedPlane final : public PlaneMemory {
 public:
  uint32_t length() const override { return 100; }
  uint64_t name() const override { return 7; }
  codec::PlaneMemory for_session() const override { return {}; }
};

// Imported memory changes from one QBUF to the next; a session that knew the buffer
// doesn't know it any more.
TEST_P(AQueue, GivesEachMemoryThatIsAttachedAGeneration) {
  Buffer& buffer = *queue_.find(1);
  const codec::BufferHandle before = buffer.handle;
  buffer.known_to_session = true;
  Planes planes;
  planes.push_back(std::make_unique<ImportedPlane>());
  queue_.attach(buffer, std::move(planes));
  EXPECT_EQ(buffer.handle.index, before.index);
  EXPECT_NE(buffer.handle.generation, before.generation);
  EXPECT_FALSE(buffer.known_to_session);
  EXPECT_EQ(queue_.view(buffer).planes[0].m, 7u);
  EXPECT_EQ(queue_.view(buffer).planes[0].length, 100u);
  EXPECT_EQ(buffer.planes[0]->fd(), -1) << "there is nothing of ours to map or export";
}

// vidioc-remove-bufs.rst; new buffers come where all of them have room, else where most have.
TEST_P(AQueue, HasGapsWhereBuffersWereRemoved) {
  ASSERT_EQ(*queue_.add(7, kPlane), 7u);  // 0 to 9
  queue_.free_some(1, 1);
  queue_.free_some(4, 3);
  EXPECT_EQ(queue_.count(), 6u);
  for (const uint32_t index : {1u, 4u, 5u, 6u, 10u}) EXPECT_EQ(queue_.find(index), nullptr);
  EXPECT_EQ(queue_.room_for(1).first, 1u);
  EXPECT_EQ(queue_.room_for(2).first, 4u);
  EXPECT_EQ(queue_.room_for(4).first, 10u);
  EXPECT_EQ(queue_.room_for(40).first, 10u);
  EXPECT_EQ(queue_.room_for(40).count, uint32_t{VIDEO_MAX_FRAME} - 10);
  for (const uint32_t index : {9u, 0u, 3u}) enqueue(index);
  for (const uint32_t index : {9u, 0u, 3u}) {
    ASSERT_EQ(queue_.next_queued()->handle.index, index);
    queue_.complete(*queue_.next_queued(), false);
    queue_.dequeue(*queue_.next_done());
  }
  ASSERT_EQ(*queue_.add(2, kPlane), 2u);
  EXPECT_NE(queue_.find(4), nullptr);
  EXPECT_NE(queue_.find(5), nullptr);
  ASSERT_EQ(*queue_.add(30, kPlane), uint32_t{VIDEO_MAX_FRAME} - 10);
  EXPECT_EQ(*queue_.add(30, kPlane), 1u) << "the gap at 1 or at 6";
  EXPECT_EQ(*queue_.add(30, kPlane), 1u);
  EXPECT_FALSE(queue_.add(1, kPlane));
}

TEST_P(AQueue, HasOneMemoryTypeWhileItHasBuffers) {
  EXPECT_EQ(queue_.memory(), uint32_t{V4L2_MEMORY_MMAP});
  queue_.free_some(0, 3);
  EXPECT_EQ(queue_.memory(), 0u);
  ASSERT_EQ(*queue_.add(2, kPlane, V4L2_MEMORY_DMABUF), 2u);
  EXPECT_EQ(queue_.memory(), uint32_t{V4L2_MEMORY_DMABUF});
  EXPECT_EQ(queue_.find(0)->planes[0]->length(), kPlane[0].length) << "what it must have";
  EXPECT_EQ(queue_.plane_at(0), nullptr) << "nothing to map, though its name is 0";
  queue_.free_all();
  EXPECT_EQ(queue_.memory(), 0u);
}

TEST_P(AQueue, HoldsNoMoreThanTheLimit) {
  EXPECT_EQ(*queue_.add(100, kPlane), uint32_t{VIDEO_MAX_FRAME} - 3);
  EXPECT_FALSE(queue_.add(1, kPlane));
}

class AnOutputQueue : public AQueue {};
INSTANTIATE_TEST_SUITE_P(Output, AnOutputQueue, testing::Values(kOutput), name_of);

TEST_P(AnOutputQueue, ChecksPayloadAgainstThePlane) {
  Buffer& buffer = *queue_.find(0);
  EXPECT_TRUE(queue_.take(buffer, view(5000)));
  EXPECT_FALSE(queue_.take(buffer, view(5001)));
  BufferView offset = view(100);
  offset.planes[0].data_offset = 99;
  EXPECT_TRUE(queue_.take(buffer, offset));
  offset.planes[0].data_offset = 100;
  EXPECT_FALSE(queue_.take(buffer, offset));
  offset = view(0);  // empty: there is nothing to be offset
  offset.planes[0].data_offset = 4999;
  EXPECT_TRUE(queue_.take(buffer, offset));
  EXPECT_EQ(buffer.bytesused[0], 0u);
  EXPECT_EQ(buffer.data_offset[0], 0u);
}

TEST_P(AnOutputQueue, KeepsTheClientsFlagsAndNotOurs) {
  Buffer& buffer = *queue_.find(0);
  BufferView from = view();
  from.flags = 0xffffffff & ~uint32_t{V4L2_BUF_FLAG_REQUEST_FD};
  ASSERT_TRUE(queue_.take(buffer, from));
  queue_.enqueue(buffer, from);
  const uint32_t flags = queue_.view(buffer).flags;
  EXPECT_EQ(flags & (V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_ERROR | V4L2_BUF_FLAG_PREPARED | V4L2_BUF_FLAG_M2M_HOLD_CAPTURE_BUF |
                     V4L2_BUF_FLAG_NO_CACHE_CLEAN),
            0u);
  EXPECT_EQ(flags & V4L2_BUF_FLAG_TIMESTAMP_MASK, uint32_t{V4L2_BUF_FLAG_TIMESTAMP_COPY});
  EXPECT_NE(flags & V4L2_BUF_FLAG_KEYFRAME, 0u);
  EXPECT_NE(flags & V4L2_BUF_FLAG_TIMECODE, 0u);
}

class ACaptureQueue : public AQueue {};
INSTANTIATE_TEST_SUITE_P(Capture, ACaptureQueue, testing::Values(kCapture), name_of);

TEST_P(ACaptureQueue, ClearsWhatTheClientSaysOfAFrame) {
  Buffer& buffer = *queue_.find(0);
  BufferView from = view(77);
  from.flags = V4L2_BUF_FLAG_LAST | V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
  ASSERT_TRUE(queue_.take(buffer, from));
  EXPECT_EQ(queue_.view(buffer).flags & from.flags, 0u);
  EXPECT_EQ(queue_.view(buffer).planes[0].bytesused, 0u);
}

TEST_P(ACaptureQueue, StopsWaitingForALastThatIsForgotten) {
  Buffer& buffer = *queue_.find(0);
  buffer.arms_epipe = true;
  queue_.set_last_dequeued(true);
  queue_.forget_last();
  EXPECT_FALSE(queue_.last_dequeued());
  EXPECT_FALSE(buffer.arms_epipe);
}

}  // namespace
}  // namespace softvpu::v4l2
