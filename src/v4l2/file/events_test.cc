// SPDX-License-Identifier: LGPL-2.1-or-later
// Event queues: who gets what, in which order, and what a full queue keeps. Clauses: vidioc-dqevent.rst; v4l2-event.c.
#include "v4l2/file/events.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace softvpu::v4l2 {
namespace {

v4l2_event_subscription to(uint32_t type, uint32_t id = 0) {
  v4l2_event_subscription subscription{};
  subscription.type = type;
  subscription.id = id;
  return subscription;
}

v4l2_event source_change(uint32_t changes) {
  v4l2_event event{};
  event.type = V4L2_EVENT_SOURCE_CHANGE;
  event.u.src_change.changes = changes;
  return event;
}

v4l2_event of(uint32_t type, uint32_t id = 0) {
  v4l2_event event{};
  event.type = type;
  event.id = id;
  return event;
}

TEST(AnEventQueue, DropsWhatNobodySubscribedTo) {
  EventQueue queue;
  EXPECT_FALSE(queue.push(of(V4L2_EVENT_EOS)));
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_CTRL, 7), 1));
  EXPECT_FALSE(queue.push(of(V4L2_EVENT_CTRL, 8)));
  EXPECT_FALSE(queue.pending());
  ASSERT_FALSE(queue.pop());
  EXPECT_EQ(queue.pop().error().code, ENOENT);
}

TEST(AnEventQueue, DeliversInOrderWithSequenceAndPendingCount) {
  EventQueue queue;
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_EOS), 1));
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_SOURCE_CHANGE), 1));
  EXPECT_TRUE(queue.push(source_change(1)));
  EXPECT_TRUE(queue.push(of(V4L2_EVENT_EOS)));
  const auto first = queue.pop();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, uint32_t{V4L2_EVENT_SOURCE_CHANGE});
  EXPECT_EQ(first->sequence, 0u);
  EXPECT_EQ(first->pending, 1u);
  const auto second = queue.pop();
  EXPECT_EQ(second->sequence, 1u);
  EXPECT_EQ(second->pending, 0u);
}

TEST(AnEventQueue, SubscribesOnce) {
  EventQueue queue;
  EXPECT_TRUE(*queue.subscribe(to(V4L2_EVENT_EOS), 1));
  EXPECT_FALSE(*queue.subscribe(to(V4L2_EVENT_EOS), 1));
  EXPECT_EQ(queue.subscribe(to(V4L2_EVENT_ALL), 1).error().code, EINVAL);
}

TEST(AFullEventQueue, KeepsTheNewestAndWhatTheDroppedOneSaid) {
  EventQueue queue;
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_SOURCE_CHANGE), 1));
  queue.push(source_change(0x1));
  queue.push(source_change(0x4));
  const auto event = queue.pop();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->u.src_change.changes, 0x5u);
  EXPECT_EQ(event->sequence, 1u) << "a gap tells that one was dropped";
  EXPECT_FALSE(queue.pending());
}

TEST(AFullEventQueue, MergesTheOldestIntoTheNextOfItsKind) {
  EventQueue queue;
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_SOURCE_CHANGE), 2));
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_EOS), 1));
  queue.push(source_change(0x1));
  queue.push(of(V4L2_EVENT_EOS));
  queue.push(source_change(0x2));
  queue.push(source_change(0x4));
  EXPECT_EQ(queue.pop()->type, uint32_t{V4L2_EVENT_EOS});
  EXPECT_EQ(queue.pop()->u.src_change.changes, 0x3u);
  EXPECT_EQ(queue.pop()->u.src_change.changes, 0x4u);
}

TEST(AnEventQueue, ForgetsPendingEventsOfAnEndedSubscription) {
  EventQueue queue;
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_EOS), 1));
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_SOURCE_CHANGE), 1));
  queue.push(of(V4L2_EVENT_EOS));
  queue.push(source_change(1));
  queue.unsubscribe(V4L2_EVENT_EOS, 0);
  EXPECT_EQ(queue.pop()->type, uint32_t{V4L2_EVENT_SOURCE_CHANGE});
  queue.push(source_change(1));
  queue.unsubscribe(V4L2_EVENT_ALL, 0);
  EXPECT_FALSE(queue.pending());
  EXPECT_FALSE(queue.push(source_change(1)));
}

// vidioc-subscribe-event.rst, V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK: a file gets events for its own changes only if it asked for them.
TEST(AnEventQueue, TellsAFileOfItsOwnDoingOnlyWhenAsked) {
  EventQueue queue;
  v4l2_event_subscription feedback = to(V4L2_EVENT_CTRL, 2);
  feedback.flags = V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK;
  ASSERT_TRUE(queue.subscribe(to(V4L2_EVENT_CTRL, 1), 1));
  ASSERT_TRUE(queue.subscribe(feedback, 1));
  EXPECT_FALSE(queue.push(of(V4L2_EVENT_CTRL, 1), true));
  EXPECT_TRUE(queue.push(of(V4L2_EVENT_CTRL, 1), false));
  EXPECT_TRUE(queue.push(of(V4L2_EVENT_CTRL, 2), true));
}

}  // namespace
}  // namespace softvpu::v4l2
