// SPDX-License-Identifier: GPL-2.0-or-later
// The decode thread: see decode_thread.h.
#include "firmware/decode_thread.h"

#include "firmware/last_words.h"

namespace softvpu::firmware {

DecodeThread::~DecodeThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void DecodeThread::start(std::unique_ptr<Decoder> decoder, Hooks hooks) {
  decoder_ = std::move(decoder);
  hooks_ = std::move(hooks);
  thread_ = std::thread([this] { run(); });
}

bool DecodeThread::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= kMostTasks) return false;
    tasks_.push_back(std::move(task));
  }
  ready_.notify_one();
  return true;
}

void DecodeThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  ready_.notify_one();
}

void DecodeThread::resume_clock() { began_ = system_clock().now().time_since_epoch().count(); }

Duration DecodeThread::busy_for() const {
  const int64_t began = began_;
  return began == 0 ? Duration::zero() : system_clock().now().time_since_epoch() - Duration(began);
}

bool DecodeThread::busy() const {
  const std::lock_guard lock(mutex_);
  return began_ != 0 || !tasks_.empty() || woken_;
}

void DecodeThread::run() {
  const AlternateStack stack;  // for the handler of fatal signals
  while (turn(true)) {
  }
}

void DecodeThread::run_by_hand() {
  while (decoder_ != nullptr && turn(false)) {
  }
}

bool DecodeThread::turn(bool may_wait) {
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
    task(*decoder_);
    moving_ = true;  // it may have given the decoder something to do
  } else {
    moving_ = stepping_ && decoder_->step();
  }
  pause_clock();
  if (hooks_.between) hooks_.between();
  return true;
}

}  // namespace softvpu::firmware
