// SPDX-License-Identifier: LGPL-2.1-or-later
// One open of a device: the upper half's file, the readiness levels of its descriptor, and the
// lifetime of both. Called by the symbols_*.cc files through fd_table::find(). Methods: any thread,
// cancellation off, unless said otherwise.
#pragma once

#include <fcntl.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/event_loop.h"
#include "base/result.h"
#include "front/preload/fd_table.h"
#include "front/preload/level_socket.h"
#include "front/preload/virtual_tree.h"
#include "v4l2/file_handle.h"

namespace softvpu::preload {

class OpenFile final : public v4l2::ReadinessSink {
 public:
  // open(2) of a node: returns the descriptor or -errno. `flags` are open()'s.
  static int open(const TreeEntry& node, int flags);

  // The open file whose device end has this identity; empty when it isn't one of this process's.
  // Cancellation off.
  static FileRef find_by_socket(dev_t device, ino_t inode);

  // --- lifetime. A file lives until no process holds its device end (or that can't be known any
  // more); its memory is recycled, never freed.
  bool try_ref();
  void unref();
  void add_fd() { fds_.fetch_add(1, std::memory_order_relaxed); }
  void drop_fd() { fds_.fetch_sub(1, std::memory_order_relaxed); }
  // One of its descriptors was closed by the application just now. Releases the device if it was the last; if another process
  // still holds one (a forked child), that is noticed later.
  void closed_one();

  // --- calls; `fd` is the descriptor that was used. They return a value or -errno.
  int ioctl(int fd, unsigned long request, void* arg);
  long read(int fd, void* data, size_t size);
  long write(int fd, const void* data, size_t size);
  // The current levels; lowers `fd`'s native readiness where it is too high.
  v4l2::Levels levels(int fd);
  // F_GETFL's answer, F_SETFL.
  int status_flags() const;
  void set_status_flags(int flags);
  bool may_read() const { return (access_ & O_ACCMODE) != O_WRONLY; }
  bool may_write() const { return (access_ & O_ACCMODE) != O_RDONLY; }

  const TreeEntry& node() const { return *node_; }
  const std::shared_ptr<v4l2::FileHandle>& handle() const { return handle_; }
  LevelSocket& socket() { return socket_; }

  // One of the library's descriptors was moved to another number (library_fds.h). Called while no
  // thread is inside the library.
  static void descriptor_moved(int from, int to);

  // --- fork(2), see process.cc.
  static void before_fork();
  static void after_fork(bool in_child);
  // In a child without fork handlers: no file is touched again.
  static void abandon_all();

  // v4l2::ReadinessSink; the file's lock is held.
  void levels_changed(const v4l2::Levels& levels, bool completed_in, bool completed_out, bool completed_pri) override;

 private:
  OpenFile() = default;
  static OpenFile* allocate();
  int open_descriptor(int flags);
  void watch_peer();
  void end();
  void renew_after_fork();

  // 0: free or dying. The first reference is the open itself and ends with end().
  std::atomic<uint32_t> refs_{0};
  std::atomic<int32_t> fds_{0};
  std::atomic<bool> ended_{true};
  std::atomic<bool> nonblocking_{false};
  int access_ = 0;
  const TreeEntry* node_ = nullptr;
  std::shared_ptr<v4l2::FileHandle> handle_;
  LevelSocket socket_;
  std::atomic<EventLoop::WatchId> watch_{0};
  bool forking_ = false;      // locked by before_fork(); guarded by the pool's lock
  OpenFile* next_ = nullptr;  // list of all objects; guarded by the pool's lock
};

// How blocking ioctls of the upper half sleep: with the application's own cancellation state.
v4l2::Waiter& cancellable_waiter();

}  // namespace softvpu::preload
