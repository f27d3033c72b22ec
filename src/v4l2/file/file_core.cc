// SPDX-License-Identifier: LGPL-2.1-or-later
// Life of an open file: from open to release, how its ioctls run, sleep and wake. Clauses:
// func-close.rst, vidioc-g-priority.rst.
#include "v4l2/file/file_core.h"

#include <pthread.h>

#include <cerrno>

#include "v4l2/file/waiter.h"
#include "v4l2/ioctl/call.h"
#include "v4l2/ioctl/user_border.h"

namespace softvpu::v4l2 {

FileCore::FileCore(PriorityState& priorities, Waiter* waiter)
    : priorities_(priorities), waiter_(waiter != nullptr ? *waiter : futex_waiter()) {
  if (priorities_.change(V4L2_PRIORITY_UNSET, V4L2_PRIORITY_DEFAULT)) priority_ = V4L2_PRIORITY_DEFAULT;
}

int FileCore::ioctl(unsigned long request, void* arg, bool nonblocking) { return user_ioctl(*this, request, arg, nonblocking); }

int FileCore::call(uint32_t request, void* argument, std::span<std::byte> array, bool nonblocking) {
  return call_ioctl(*this, request, argument, array, nonblocking);
}

// vicodec and its like: no V4L2_CAP_READWRITE.
long FileCore::read(void*, size_t, bool) { return -EINVAL; }
long FileCore::write(const void*, size_t, bool) { return -EINVAL; }

bool FileCore::admits(const IoctlRow& row) const {
  return !released_ && ((row.flags & kPriorityChecked) == 0 || priorities_.check(priority_));
}

Status FileCore::refusal() const {
  return released_ ? fail(ENODEV, "the file is closed") : fail(EBUSY, "another open file has a higher priority");
}

Status FileCore::run(const IoctlRow& row, void* argument, IoctlCall& call) {
  mutex_.lock();
  Status status = admits(row) ? row.handler(*this, argument, call) : refusal();
  if (!released_) publish();
  const auto ended = buried();
  mutex_.unlock();
  return status;  // sessions end here, without the lock
}

void FileCore::release() {
  mutex_.lock();
  if (!released_) {
    released_ = true;
    end();
    if (priority_ != V4L2_PRIORITY_UNSET) (void)set_priority(V4L2_PRIORITY_UNSET);
    sink_ = nullptr;
    publish();
  }
  const auto ended = buried();
  mutex_.unlock();
}

void FileCore::before_fork() { mutex_.lock(); }

void FileCore::after_fork(bool in_child) {
  if (in_child && (abandon_session() || !buried_.empty())) {
    // The session's threads and its worker are the parent's: what is left here is a shell
    // that must not be ended.
    for (auto& session : buried_) (void)session.release();
    buried_.clear();
    released_ = true;
    sink_ = nullptr;
  }
  mutex_.unlock();
}

int FileCore::sleep(const IoctlCall& call, int64_t timeout_ns) {
  static_assert(sizeof(wake_) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  const uint32_t seen = wake_.load(std::memory_order_relaxed);
  somebody_sleeps_ = true;
  mutex_.unlock();
  pthread_setcancelstate(call.cancel_state, nullptr);
  const int result = waiter_.wait(reinterpret_cast<const uint32_t*>(&wake_), seen, timeout_ns);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  mutex_.lock();
  return result;
}

Levels FileCore::levels_now() const {
  if (!released_) return current_levels();
  Levels levels;
  levels.pri = events_.pending();
  levels.error = true;
  return levels;
}

Levels FileCore::levels() {
  const std::lock_guard lock(mutex_);
  return levels_now();
}

void FileCore::set_readiness_sink(ReadinessSink* sink) {
  const std::lock_guard lock(mutex_);
  sink_ = released_ ? nullptr : sink;
}

void FileCore::publish() {
  wake_.fetch_add(1, std::memory_order_release);
  if (somebody_sleeps_) {
    somebody_sleeps_ = false;
    wake_all(reinterpret_cast<const uint32_t*>(&wake_));
  }
  const Levels now = levels_now();
  if (sink_ != nullptr && (now != published_ || completed_in_ || completed_out_ || completed_pri_))
    sink_->levels_changed(now, completed_in_, completed_out_, completed_pri_);
  published_ = now;
  completed_in_ = completed_out_ = completed_pri_ = false;
}

void FileCore::push_event(const v4l2_event& event, bool own) {
  if (events_.push(event, own)) completed_pri_ = true;
}

Status FileCore::set_priority(uint32_t priority) {
  if (auto status = priorities_.change(priority_, priority); !status) return status;
  priority_ = priority;
  return {};
}

void FileCore::bury(std::unique_ptr<codec::Session> session) {
  if (session) buried_.push_back(std::move(session));
}

}  // namespace softvpu::v4l2
