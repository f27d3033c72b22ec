// SPDX-License-Identifier: GPL-2.0-or-later
// The codec thread: see codec_thread.h.
#include "firmware/codec_thread.h"

#include "firmware/last_words.h"

namespace softvpu::firmware {

CodecThread::~CodecThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void CodecThread::start(std::unique_ptr<Codec> codec, Hooks hooks) {
  codec_ = std::move(codec);
  hooks_ = std::move(hooks);
  thread_ = std::thread([this] { run(); });
}

bool CodecThread::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= kMostTasks) return false;
    tasks_.push_back(std::move(task));
  }
  ready_.notify_one();
  return true;
}

void CodecThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  ready_.notify_one();
}

void CodecThread::resume_clock() { began_ = system_clock().now().time_since_epoch().count(); }

Duration CodecThread::busy_for() const {
  const int64_t began = began_;
  return began == 0 ? Duration::zero() : system_clock().now().time_since_epoch() - Duration(began);
}

bool CodecThread::busy() const {
  const std::lock_guard lock(mutex_);
  return began_ != 0 || moving_ || !tasks_.empty() || woken_;
}

void CodecThread::run() {
  const AlternateStack stack;  // for the handler of fatal signals
  while (turn(true)) {
  }
}

void CodecThread::run_by_hand() {
  while (codec_ != nullptr && turn(false)) {
  }
}

bool CodecThread::turn(bool may_wait) {
  Task task;
  {
    std::unique_lock lock(mutex_);
    if (may_wait && !is_due() && hooks_.before_sleep) {
      lock.unlock();
      hooks_.before_sleep();
      lock.lock();
    }
    if (may_wait) ready_.wait(lock, [this] { return is_due(); });
    if (end_ || !is_due()) return false;
    woken_ = false;
    if (!tasks_.empty()) {
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    resume_clock();
  }
  if (task) {
    task(*codec_);
    moving_ = true;  // it may have given the codec something to do
  } else {
    moving_ = stepping_ && codec_->step();
  }
  pause_clock();
  if (hooks_.between) hooks_.between();
  return true;
}

}  // namespace softvpu::firmware
