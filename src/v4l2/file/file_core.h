// SPDX-License-Identifier: LGPL-2.1-or-later
// An open file of any node: its lock, how its ioctls run, sleep and wake, events, priority, what
// pollers are told, and its end. It knows no queue and no role: codec_file.h has the queues. Fronts
// call it through FileHandle.
//
// Locking: one mutex per file, taken by run() and by every other entry; handlers run under it. Lock
// order: file -> session. The session's events take the file's lock on the session's thread, so a
// session is called under that lock but destroyed outside of it (bury()). Nothing that needs a
// destructor is alive across a sleep (sleep()).
#pragma once

#include <linux/videodev2.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "codec/session.h"
#include "v4l2/file/events.h"
#include "v4l2/file/priority.h"
#include "v4l2/file_handle.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/ioctl/table.h"

namespace softvpu::v4l2 {

class FileCore : public FileHandle, public IoctlTarget {
 public:
  // `waiter`: nullptr for a futex wait.
  FileCore(PriorityState& priorities, Waiter* waiter);

  int ioctl(unsigned long request, void* arg, bool nonblocking) final;
  int call(uint32_t request, void* argument, std::span<std::byte> array, bool nonblocking) final;
  Levels levels() final;
  void set_readiness_sink(ReadinessSink* sink) final;
  long read(void* data, size_t size, bool nonblocking) override;
  long write(const void* data, size_t size, bool nonblocking) override;
  void release() final;
  void before_fork() final;
  void after_fork(bool in_child) final;

  Status run(const IoctlRow& row, void* argument, IoctlCall& call) final;

  // ---- for handlers and roles; the lock is held

  bool released() const { return released_; }
  // Sleeps with the lock released until something changes, at most `timeout_ns` (< 0: forever). 0,
  // EINTR or ETIMEDOUT.
  int sleep(const IoctlCall& call, int64_t timeout_ns);
  // Ends every locked entry that may have changed something, and precedes a sleep: tells the
  // sink, wakes the sleepers.
  void publish();

  EventQueue& events() { return events_; }
  bool has_pending_events() const { return events_.pending(); }
  // `own`: see EventQueue::push().
  void push_event(const v4l2_event& event, bool own = false);
  // A buffer of that side completed just now.
  void note_completed(Side side) { (side == Side::kOutput ? completed_out_ : completed_in_) = true; }

  uint32_t highest_priority() const { return priorities_.highest(); }
  Status set_priority(uint32_t priority);

 protected:
  ~FileCore() override = default;

  std::mutex& mutex() { return mutex_; }
  // To be destroyed without the lock.
  void bury(std::unique_ptr<codec::Session> session);
  std::vector<std::unique_ptr<codec::Session>> buried() { return std::move(buried_); }
  // What publish() compares with from now on; for constructors.
  void start_levels() { published_ = current_levels(); }

  // Of a file that isn't released. The lock is held.
  virtual Levels current_levels() const = 0;
  // release(): ends the session and frees the buffers. The lock is held.
  virtual void end() = 0;
  // In a forked child: forgets a session of the parent's without ending it. False: there is
  // none. The lock is held.
  virtual bool abandon_session() = 0;

 private:
  bool admits(const IoctlRow& row) const;
  Status refusal() const;
  Levels levels_now() const;

  PriorityState& priorities_;
  Waiter& waiter_;
  std::mutex mutex_;  // guards everything below but wake_
  bool released_ = false;
  uint32_t priority_ = V4L2_PRIORITY_UNSET;
  EventQueue events_;
  std::vector<std::unique_ptr<codec::Session>> buried_;

  ReadinessSink* sink_ = nullptr;
  Levels published_;
  bool completed_in_ = false;
  bool completed_out_ = false;
  bool completed_pri_ = false;
  // What sleepers watch: counts changes. Written under the lock; the futex reads it without.
  std::atomic<uint32_t> wake_{0};
  bool somebody_sleeps_ = false;
};

}  // namespace softvpu::v4l2
