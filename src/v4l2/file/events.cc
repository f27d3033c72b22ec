// SPDX-License-Identifier: LGPL-2.1-or-later
// Event queueing with the merge rules of v4l2-event.c.
#include "v4l2/file/events.h"

#include <time.h>

#include <algorithm>
#include <cerrno>

namespace softvpu::v4l2 {
namespace {

// Keeps what a dropped event said in the one that follows it.
void merge(const v4l2_event& dropped, v4l2_event* next) {
  if (next->type == V4L2_EVENT_SOURCE_CHANGE) next->u.src_change.changes |= dropped.u.src_change.changes;
  if (next->type == V4L2_EVENT_CTRL) next->u.ctrl.changes |= dropped.u.ctrl.changes;
}

}  // namespace

const EventQueue::Subscription* EventQueue::find(uint32_t type, uint32_t id) const {
  for (const Subscription& subscription : subscriptions_)
    if (subscription.type == type && subscription.id == id) return &subscription;
  return nullptr;
}

Result<bool> EventQueue::subscribe(const v4l2_event_subscription& subscription, uint32_t depth) {
  if (subscription.type == V4L2_EVENT_ALL) return fail(EINVAL, "V4L2_EVENT_ALL is for unsubscribing");
  if (find(subscription.type, subscription.id) != nullptr) return false;
  subscriptions_.push_back({subscription.type, subscription.id, subscription.flags, std::max(depth, 1u)});
  return true;
}

void EventQueue::unsubscribe(uint32_t type, uint32_t id) {
  const auto matches = [&](uint32_t t, uint32_t i) { return type == V4L2_EVENT_ALL || (t == type && i == id); };
  std::erase_if(subscriptions_, [&](const Subscription& s) { return matches(s.type, s.id); });
  std::erase_if(queue_, [&](const v4l2_event& e) { return matches(e.type, e.id); });
}

bool EventQueue::push(const v4l2_event& event, bool own) {
  const Subscription* subscription = find(event.type, event.id);
  if (subscription == nullptr) return false;
  if (own && (subscription->flags & V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK) == 0) return false;
  ++sequence_;
  v4l2_event queued = event;
  queued.sequence = sequence_;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  queued.timestamp = now;

  const auto ours = [&](const v4l2_event& e) { return e.type == event.type && e.id == event.id; };
  if (static_cast<uint32_t>(std::count_if(queue_.begin(), queue_.end(), ours)) == subscription->depth) {
    const auto oldest = std::find_if(queue_.begin(), queue_.end(), ours);
    const v4l2_event dropped = *oldest;
    const auto rest = queue_.erase(oldest);
    const auto after = std::find_if(rest, queue_.end(), ours);
    merge(dropped, after == queue_.end() ? &queued : &*after);
  }
  queue_.push_back(queued);
  return true;
}

Result<v4l2_event> EventQueue::pop() {
  if (queue_.empty()) return fail(ENOENT);
  v4l2_event event = queue_.front();
  queue_.pop_front();
  event.pending = static_cast<uint32_t>(queue_.size());
  return event;
}

}  // namespace softvpu::v4l2
