// SPDX-License-Identifier: LGPL-2.1-or-later
// The descriptor behind an open device: one end of a SOCK_SEQPACKET pair whose readiness the kernel itself reports to poll,
// select, epoll and io_uring. Called by open_file.cc only.
//
// The application holds the device end, we hold the peer. IN of the device end is high while a byte
// sent by the peer is unread; OUT is low while one large message sent by the device end is unread
// at the peer. Raising a level works through the peer and can be done by any thread; lowering one
// needs the device end and happens inside the application's own calls (settle()). We keep no copy
// of the device end, so closing its last descriptor, by whatever route, makes the peer hang up.
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>

#include "base/result.h"
#include "base/unique_fd.h"
#include "v4l2/file_handle.h"

namespace softvpu::preload {

// PRI: a unix stream that holds at most one out-of-band byte, because EPOLLPRI of the device end itself would come with EPOLLIN.
class PriStream {
 public:
  static Result<PriStream> open(bool high);
  int fd() const { return receiver_.get(); }
  // `again`: make a new edge even if it is high.
  void set(bool high, bool again);

 private:
  UniqueFd receiver_;
  UniqueFd sender_;
  bool high_ = false;
};

class LevelSocket {
 public:
  // Makes the pair; returns the device end (CLOEXEC, and non-blocking so that nobody can get stuck
  // in it). Errors: EMFILE, ENFILE, ENOMEM.
  Result<UniqueFd> open();
  void close();

  // Remembers the levels and raises those that are too low. Any thread; never blocks.
  void publish(const v4l2::Levels& levels, bool completed_in, bool completed_pri);
  // Lowers those that are too high. `device_fd`: any descriptor of the device end.
  void settle(int device_fd);

  // True when no process holds the device end any more.
  bool hung_up() const;
  // True if `device` and `inode` identify the device end, as reported by fstat(2).
  bool is_device_end(dev_t device, ino_t inode) const;
  // Between open() and the first watcher only.
  int peer() const { return peer_.get(); }

  // A descriptor whose POLLPRI follows the PRI level, for poll(); valid until close(). -1 if it
  // can't be created.
  int pri_fd();
  // epoll_ctl() of the PRI half of a registration; `wanted` is the application's. Errors: what epoll_ctl(2) says.
  Status watch_pri(int epoll, int device_fd, const epoll_event& wanted);
  void unwatch_pri(int epoll, int device_fd);
  // True when any device is registered somewhere with EPOLLPRI. No lock.
  static bool any_pri_watch() { return pri_watches_.load(std::memory_order_relaxed) != 0; }
  // True when one of the events returned by epoll_wait() belongs to this descriptor's registration
  // with EPOLLPRI in that set.
  bool has_events(int epoll, int device_fd, const epoll_event* events, int count);
  // Merges those events into one that reflects `levels`; returns the new count.
  int join_events(int epoll, int device_fd, const v4l2::Levels& levels, epoll_event* events, int count);
  // From now on, each completion while IN is already high makes a new edge, at the cost of a system
  // call (edge-triggered users).
  void note_epoll_user();

  // A descriptor of the library was moved to another number: updates the epoll sets that know it by
  // its number. Both numbers are open.
  void descriptor_moved(int from, int to);

  // fork(2): the lock is held across it. The child makes itself a new pair (and is no longer part
  // of the parent's epoll sets); returns the device end.
  void lock_for_fork() { mutex_.lock(); }
  void unlock_after_fork() { mutex_.unlock(); }
  Result<UniqueFd> renew_in_child();

 private:
  struct PriWatch {
    int epoll = -1;
    int device_fd = -1;
    epoll_event wanted{};  // as the application registered it
    PriStream stream;
  };
  PriWatch* watch_with_events(int epoll, int device_fd, const epoll_event* events, int count);
  void drop_all_watches();
  static bool same_epoll(int a, int b);
  static void forget(const PriWatch& watch);
  static epoll_event event_half(const epoll_event& wanted);
  Result<UniqueFd> make();
  void raise(bool completed_in, bool completed_pri);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  UniqueFd peer_;
  dev_t device_ = 0;  // identity of the device end
  ino_t inode_ = 0;
  bool want_in_ = false;
  bool want_out_ = false;
  bool want_pri_ = false;
  uint32_t bytes_in_ = 0;    // unread bytes in the device end
  bool out_is_low_ = false;  // the large message lies in the peer
  bool has_epoll_user_ = false;
  PriStream poll_pri_;
  std::list<PriWatch> watches_;

  // Of all sockets. Pairs with nothing: a registration that another thread makes meanwhile may be missed, as in the kernel.
  static std::atomic<int> pri_watches_;
};

}  // namespace softvpu::preload
