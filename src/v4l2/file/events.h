// SPDX-License-Identifier: LGPL-2.1-or-later
// The event queue of an open file: subscriptions, each with a bounded queue of its own. Called under the file's
// lock. Clauses: vidioc-subscribe-event.rst, vidioc-dqevent.rst; what happens when a queue is full: v4l2-event.c.
#pragma once

#include <linux/videodev2.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "base/result.h"

namespace softvpu::v4l2 {

class EventQueue {
 public:
  // Subscribing twice is no error and changes nothing. `depth`: how many events of this subscription are kept, at least 1; the
  // oldest makes room, and its `changes` bits go over to the next one. Returns whether the subscription is new.
  // Errors: EINVAL for V4L2_EVENT_ALL.
  Result<bool> subscribe(const v4l2_event_subscription& subscription, uint32_t depth);
  // V4L2_EVENT_ALL removes every subscription. Pending events of a removed one are gone.
  void unsubscribe(uint32_t type, uint32_t id);

  // Queues it if somebody subscribed to (type, id); stamps it with CLOCK_MONOTONIC. `own`: the file's own doing, which only a
  // subscription with V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK wants. Returns whether it was queued.
  bool push(const v4l2_event& event, bool own = false);
  bool pending() const { return !queue_.empty(); }
  // Errors: ENOENT when none is pending (v4l2_event_dequeue()).
  Result<v4l2_event> pop();

 private:
  struct Subscription {
    uint32_t type;
    uint32_t id;
    uint32_t flags;
    uint32_t depth;
  };
  const Subscription* find(uint32_t type, uint32_t id) const;

  std::vector<Subscription> subscriptions_;
  std::deque<v4l2_event> queue_;  // in the order of arrival
  uint32_t sequence_ = UINT32_MAX;
};

}  // namespace softvpu::v4l2
