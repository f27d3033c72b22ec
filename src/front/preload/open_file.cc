// SPDX-License-Identifier: LGPL-2.1-or-later
// Open devices: made by open(), found by descriptor, ended by the last close. Called by the symbols_*.cc files and process.cc.
#include "front/preload/open_file.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include <mutex>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/on_first_use.h"
#include "base/raw_syscall.h"
#include "front/preload/assembly.h"
#include "front/preload/dir_stream.h"
#include "front/preload/fd_table.h"
#include "front/preload/mappings.h"
#include "front/preload/memory_reserve.h"
#include "front/preload/next_symbol.h"
#include "front/preload/process.h"
#include "v4l2/ioctl/user_copy.h"

namespace softvpu::preload {
namespace {

// Every OpenFile ever made. `opening` is held during an open (so that fork() never copies a
// half-finished open), `pool` for the list. Order: opening, pool, a file's lock, a socket's lock.
std::mutex opening;
std::mutex pool;
OpenFile* all_files = nullptr;

// The file whose ioctl this thread is executing; needed when a wait is cancelled.
__attribute__((tls_model("initial-exec"))) thread_local OpenFile* current = nullptr;

class CancellableWaiter final : public v4l2::Waiter {
 public:
  int wait(const uint32_t* futex, uint32_t seen, int64_t timeout_ns) override;
};

void drop_current(void*) {
  NoCancel::abandon();
  const NoCancel guard;
  if (current != nullptr) current->unref();
}

// An asynchronous cancellation may end the thread between allow_for_sleep() and
// forbid_after_sleep(); in that case only the reference must be dropped. The callers' frames hold
// no resources (the contract of Waiter).
int CancellableWaiter::wait(const uint32_t* futex, uint32_t seen, int64_t timeout_ns) {
  timespec timeout{.tv_sec = timeout_ns / 1'000'000'000, .tv_nsec = timeout_ns % 1'000'000'000};
  int woken = 0;
  pthread_cleanup_push(drop_current, nullptr);
  NoCancel::allow_for_sleep();
  woken = raw::futex_wait(futex, seen, timeout_ns < 0 ? nullptr : &timeout);
  NoCancel::forbid_after_sleep();
  pthread_cleanup_pop(0);
  return woken == -EINTR || woken == -ETIMEDOUT ? -woken : 0;
}

// In a forked child: the library's sockets and eventfds connect its parent with codec processes and with itself. As long as a
// copy is open somewhere those processes don't notice their client's end. Each number gets /dev/null instead of being closed:
// objects of the parent's sessions, abandoned here, still think they own it. Buffer memory (memfds are regular files) stays.
void let_go_of_parents_links() {
  const UniqueFd nothing(raw::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing.get() < 0) return;
  for (int fd = library_fds::next(0); fd >= 0; fd = library_fds::next(fd + 1)) {
    struct stat status {};
    if (raw::fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) raw::call(SYS_dup3, nothing.get(), fd, O_CLOEXEC);
  }
}

int out_of_memory() {
  log_line(LogLevel::kError, "malloc() has no memory, and the library's reserve is nearly used up: ENOMEM until some is freed");
  return -ENOMEM;
}

// Ioctls that start something and so need memory. All others finish, free or only query something.
bool takes_memory(unsigned long request) {
  switch (static_cast<uint32_t>(request)) {
    case VIDIOC_S_FMT:
    case VIDIOC_CREATE_BUFS:
    case VIDIOC_PREPARE_BUF:
    case VIDIOC_QBUF:
    case VIDIOC_STREAMON:
    case VIDIOC_DECODER_CMD:
    case VIDIOC_SUBSCRIBE_EVENT:
      return true;
    default:
      return false;
  }
}

}  // namespace

v4l2::Waiter& cancellable_waiter() {
  static OnFirstUse<CancellableWaiter> waiter;
  return waiter.get();
}

OpenFile* OpenFile::allocate() {
  const std::lock_guard lock(pool);
  for (OpenFile* file = all_files; file != nullptr; file = file->next_) {
    uint32_t unused = 0;
    if (file->refs_.compare_exchange_strong(unused, 1, std::memory_order_acq_rel)) return file;
  }
  auto* file = new OpenFile;
  file->refs_.store(1, std::memory_order_relaxed);
  file->next_ = all_files;
  all_files = file;
  return file;
}

int OpenFile::open(const TreeEntry& node, int flags) {
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return -EEXIST;
  if ((flags & O_DIRECTORY) != 0) return -ENOTDIR;
  if (memory_reserve::is_low()) return out_of_memory();
  process::prepare();
  if (!process::owns_state())
    process::abandon_state();  // before anything is locked: the thread that holds the lock may not exist in this process
  if (!process::is_owner()) {
    // The open file would be recorded in the parent's tables, since this is the parent's memory.
    log_line(LogLevel::kError,
             "a child that shares its parent's memory, as by vfork(), can't open a device; open it after exec()");
    return -EBUSY;
  }
  v4l2::prepare_user_copy();
  const std::lock_guard lock(opening);
  Result<std::shared_ptr<v4l2::FileHandle>> handle = open_node(node);
  if (!handle) {
    log_line(LogLevel::kError, "open of %.*s failed: %s (errno %d)", static_cast<int>(node.path.size()), node.path.data(),
             handle.error().reason.c_str(), handle.error().code);
    return -handle.error().code;
  }
  OpenFile* file = allocate();
  file->node_ = &node;
  file->access_ = flags & O_ACCMODE;
  file->nonblocking_.store((flags & O_NONBLOCK) != 0, std::memory_order_relaxed);
  file->fds_.store(0, std::memory_order_relaxed);
  file->handle_ = std::move(*handle);
  file->ended_.store(false, std::memory_order_release);
  const int fd = file->open_descriptor(flags);
  if (fd < 0) file->end();
  return fd;
}

int OpenFile::open_descriptor(int flags) {
  Result<UniqueFd> device = socket_.open();
  if (!device) return -device.error().code;
  handle_->set_readiness_sink(this);
  socket_.publish(handle_->levels(), false, false);
  watch_peer();
  if ((flags & O_CLOEXEC) == 0) raw::fcntl(device->get(), F_SETFD, 0);
  if (!fd_table::insert(device->get(), this)) return -ENOMEM;
  socket_.settle(device->get());
  return device->release();
}

FileRef OpenFile::find_by_socket(dev_t device, ino_t inode) {
  const std::lock_guard lock(pool);
  for (OpenFile* file = all_files; file != nullptr; file = file->next_) {
    if (!file->try_ref()) continue;
    FileRef ref(file);
    if (!file->ended_.load(std::memory_order_acquire) && file->socket_.is_device_end(device, inode)) return ref;
  }
  return {};
}

// Notices closes that bypass the interposed functions, provided that the loop's thread runs (it
// does while a session exists).
void OpenFile::watch_peer() {
  Result<EventLoop::WatchId> watch = EventLoop::process().watch(socket_.peer(), 0, [this](uint32_t) {
    if (!try_ref()) return;
    const FileRef self(this);
    fd_table::remove_all(this);
    end();
  });
  watch_.store(watch ? *watch : 0, std::memory_order_release);
}

bool OpenFile::try_ref() {
  uint32_t seen = refs_.load(std::memory_order_relaxed);
  while (seen != 0) {
    if (refs_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
  }
  return false;
}

void OpenFile::unref() {
  // The handle must be released before the count drops to 0: at 0, allocate() may reuse the object.
  uint32_t seen = refs_.load(std::memory_order_acquire);
  while (true) {
    if (seen == 1) {
      handle_.reset();
      node_ = nullptr;
    }
    if (refs_.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel)) return;
  }
}

void OpenFile::closed_one() {
  if (fds_.load(std::memory_order_relaxed) > 0) return;
  if (socket_.hung_up()) {
    end();
    return;
  }
  // A forked child or an SCM_RIGHTS message in flight still holds the device end; the hang-up comes
  // when that is closed too.
  (void)EventLoop::process().start();
}

void OpenFile::end() {
  if (ended_.exchange(true, std::memory_order_acq_rel)) return;
  if (const EventLoop::WatchId watch = watch_.exchange(0, std::memory_order_acq_rel)) EventLoop::process().unwatch(watch);
  handle_->set_readiness_sink(nullptr);
  handle_->release();
  socket_.close();
  unref();
}

int OpenFile::ioctl(int fd, unsigned long request, void* arg) {
  switch (request) {
    case FIOCLEX:
    case FIONCLEX:
    case FIOASYNC:
      return raw::ioctl(fd, request, arg);
    case FIONBIO: {
      // Let the kernel read the argument (the pointer may be invalid) and set the socket's
      // O_NONBLOCK accordingly; take the result from there, then restore the flag.
      const int answer = raw::ioctl(fd, request, arg);
      if (answer < 0) return answer;
      nonblocking_.store((raw::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, std::memory_order_relaxed);
      raw::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
      return 0;
    }
    default:
      break;
  }
  if (takes_memory(request) && memory_reserve::is_low()) return out_of_memory();
  // A session needs the helper thread. Start it here: if the session called pthread_create() for
  // the first time, the dynamic linker's symbol resolution would use more than 4 KiB of the
  // caller's stack. If this fails, the session reports the error.
  if (request == VIDIOC_STREAMON) (void)EventLoop::process().start();
  OpenFile* outer = current;
  current = this;
  const int answer = handle_->ioctl(request, arg, nonblocking_.load(std::memory_order_relaxed));
  current = outer;
  if (answer == 0 && request == VIDIOC_EXPBUF) fd_table::insert_exported(static_cast<v4l2_exportbuffer*>(arg)->fd);
  socket_.settle(fd);
  return answer;
}

long OpenFile::read(int fd, void* data, size_t size) {
  const long answer = may_read() ? handle_->read(data, size, nonblocking_.load(std::memory_order_relaxed)) : -EBADF;
  socket_.settle(fd);
  return answer;
}

long OpenFile::write(int fd, const void* data, size_t size) {
  const long answer = may_write() ? handle_->write(data, size, nonblocking_.load(std::memory_order_relaxed)) : -EBADF;
  socket_.settle(fd);
  return answer;
}

v4l2::Levels OpenFile::levels(int fd) {
  const v4l2::Levels now = handle_->levels();
  socket_.settle(fd);
  return now;
}

int OpenFile::status_flags() const {
  return access_ | O_LARGEFILE | (nonblocking_.load(std::memory_order_relaxed) ? O_NONBLOCK : 0);
}

void OpenFile::set_status_flags(int flags) { nonblocking_.store((flags & O_NONBLOCK) != 0, std::memory_order_relaxed); }

void OpenFile::levels_changed(const v4l2::Levels& levels, bool completed_in, bool, bool completed_pri) {
  socket_.publish(levels, completed_in, completed_pri);
}

void OpenFile::descriptor_moved(int from, int to) {
  EventLoop::process().descriptor_moved(from, to);
  // No thread is inside the library, so nobody holds these locks, except a fork() that waits for
  // us.
  const std::lock_guard lock(pool);
  for (OpenFile* file = all_files; file != nullptr; file = file->next_) file->socket_.descriptor_moved(from, to);
}

void OpenFile::before_fork() {
  opening.lock();
  pool.lock();
  for (OpenFile* file = all_files; file != nullptr; file = file->next_) {
    file->forking_ = file->try_ref();
    if (file->forking_ && file->ended_.load(std::memory_order_acquire)) {
      file->forking_ = false;
      file->unref();
    }
    if (!file->forking_) continue;
    file->handle_->before_fork();
    file->socket_.lock_for_fork();
  }
}

void OpenFile::after_fork(bool in_child) {
  if (in_child) {
    let_go_of_parents_links();
    EventLoop::process().forget_after_fork();
  }
  for (OpenFile* file = all_files; file != nullptr; file = file->next_) {
    if (!std::exchange(file->forking_, false)) continue;
    if (in_child) file->renew_after_fork();
    file->socket_.unlock_after_fork();
    file->handle_->after_fork(in_child);
    if (in_child) {
      file->refs_.store(2, std::memory_order_relaxed);  // references held by threads that don't exist here are gone
      file->socket_.publish(file->handle_->levels(), false, false);
      file->watch_peer();
    }
    file->unref();
  }
  pool.unlock();
  opening.unlock();
}

// The child's descriptors get their own socket pair, so that changes of readiness in the child
// aren't visible to the parent's pollers.
void OpenFile::renew_after_fork() {
  Result<UniqueFd> device = socket_.renew_in_child();
  if (!device) {
    log_line(LogLevel::kError, "after fork: no descriptor for the child's copy of an open device: %s",
             device.error().reason.c_str());
    fd_table::remove_all(this);
    return;
  }
  fd_table::for_each(0, INT32_MAX, [&](int fd, const FileRef& file) {
    if (file.get() != this) return;
    const int close_on_exec = raw::fcntl(fd, F_GETFD) & FD_CLOEXEC;
    raw::call(SYS_dup3, device->get(), fd, close_on_exec != 0 ? O_CLOEXEC : 0);
  });
}

void OpenFile::abandon_all() {
  // Run no destructor and take no existing lock: a thread that doesn't exist here may have been in
  // the middle of anything.
  for (int fd = fd_table::next(0); fd >= 0; fd = fd_table::next(fd + 1)) fd_table::forget(fd);
  all_files = nullptr;
  new (&opening) std::mutex;
  new (&pool) std::mutex;
  mappings::abandon();
  dir_stream::abandon();
  abandon_devices();
  EventLoop::process().forget_after_fork();
}

}  // namespace softvpu::preload
