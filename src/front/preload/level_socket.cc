// SPDX-License-Identifier: LGPL-2.1-or-later
// Readiness levels of a device descriptor, expressed by unread data in a socket pair. Called by
// open_file.cc.
#include "front/preload/level_socket.h"

#include <linux/kcmp.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/raw_syscall.h"

namespace softvpu::preload {

std::atomic<int> LevelSocket::pri_watches_{0};

namespace {

constexpr size_t kLowersOut = 4096;  // one message of this size makes the smallest send buffer not writable
constexpr uint32_t kMaxUnread = 64;  // unread IN bytes before the surplus is taken out again
constexpr int kNoWait = MSG_DONTWAIT | MSG_NOSIGNAL;

// Refused by the program's seccomp filter: the kernel itself never returns these errors for such
// sockets.
bool is_refused(long answer) { return answer == -EPERM || answer == -EACCES || answer == -ENOSYS; }

long send_to(int fd, const void* data, size_t size, int flags) {
  const long answer = raw::call(SYS_sendto, fd, raw::address(data), static_cast<long>(size), flags | kNoWait);
  if (!is_refused(answer)) return answer;
  // Not write(2), which raises SIGPIPE when the other end is closed.
  iovec part{const_cast<void*>(data), size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const long again = raw::call(SYS_sendmsg, fd, raw::address(&message), flags | kNoWait);
  static std::atomic<bool> said{false};
  if (is_refused(again) && !said.exchange(true))
    log_line(LogLevel::kError, "sendto() and sendmsg() are refused: poll(), select() and epoll may not wake for a device");
  return again;
}
long receive_byte(int fd, int flags) {
  char byte = 0;
  const long answer = raw::call(SYS_recvfrom, fd, raw::address(&byte), 1, flags | MSG_DONTWAIT);
  // Both ends were made non-blocking.
  return is_refused(answer) && flags == 0 ? raw::read(fd, &byte, 1) : answer;
}

Status make_pair(int type, UniqueFd& a, UniqueFd& b) {
  int ends[2] = {-1, -1};
  const long error = raw::call(SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, raw::address(ends));
  if (error < 0) return fail(static_cast<int>(-error), "socketpair for a device descriptor");
  a = UniqueFd(ends[0]);
  b = UniqueFd(ends[1]);
  return {};
}

}  // namespace

Result<PriStream> PriStream::open(bool high) {
  const library_fds::Birth birth;
  PriStream stream;
  if (Status made = make_pair(SOCK_STREAM, stream.receiver_, stream.sender_); !made) return Unexpected(made.error());
  stream.receiver_ = raise_fd(std::move(stream.receiver_));
  stream.sender_ = raise_fd(std::move(stream.sender_));
  stream.set(high, false);
  return stream;
}

void PriStream::set(bool high, bool again) {
  if (!receiver_) return;
  if (high_ && (!high || again)) receive_byte(receiver_.get(), MSG_OOB);
  if (high && (!high_ || again)) send_to(sender_.get(), "!", 1, MSG_OOB);
  high_ = high;
}

Result<UniqueFd> LevelSocket::open() {
  const std::lock_guard lock(mutex_);
  return make();
}

// Mutex held.
Result<UniqueFd> LevelSocket::make() {
  const library_fds::Birth birth;
  UniqueFd device;
  UniqueFd peer;
  if (Status made = make_pair(SOCK_SEQPACKET, device, peer); !made) return Unexpected(made.error());
  const int smallest = 1;
  raw::call(SYS_setsockopt, device.get(), SOL_SOCKET, SO_SNDBUF, raw::address(&smallest), sizeof smallest);
  struct stat status {};
  raw::fstat(device.get(), &status);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  peer_ = raise_fd(std::move(peer));
  bytes_in_ = 0;
  out_is_low_ = false;
  raise(false, false);
  return device;
}

Result<UniqueFd> LevelSocket::renew_in_child() {
  // Close them without removing them from their epoll sets, which the parent shares.
  drop_all_watches();
  poll_pri_ = {};
  has_epoll_user_ = false;
  return make();
}

void LevelSocket::close() {
  const std::lock_guard lock(mutex_);
  peer_.reset();
  poll_pri_ = {};
  for (const PriWatch& watch : watches_) forget(watch);
  drop_all_watches();
  want_in_ = want_out_ = want_pri_ = false;
  has_epoll_user_ = false;
}

void LevelSocket::publish(const v4l2::Levels& levels, bool completed_in, bool completed_pri) {
  const std::lock_guard lock(mutex_);
  // POLLERR has no level of its own here: waiters for IN and for OUT both wake, and the interposed
  // poll() reports the exact state.
  want_in_ = levels.in || levels.error;
  want_out_ = levels.out || levels.error;
  want_pri_ = levels.pri;
  raise(completed_in, completed_pri);
}

// Mutex held.
void LevelSocket::raise(bool completed_in, bool completed_pri) {
  if (!peer_) return;
  if (want_in_ && (bytes_in_ == 0 || (completed_in && has_epoll_user_))) {
    if (send_to(peer_.get(), "!", 1, 0) == 1) ++bytes_in_;
  }
  if (want_out_ && out_is_low_ && receive_byte(peer_.get(), 0) > 0) out_is_low_ = false;
  poll_pri_.set(want_pri_, false);
  for (PriWatch& watch : watches_) watch.stream.set(want_pri_, want_pri_ && completed_pri);
}

void LevelSocket::settle(int device_fd) {
  const std::lock_guard lock(mutex_);
  const uint32_t keep = want_in_ ? (bytes_in_ > kMaxUnread ? 1 : bytes_in_) : 0;
  while (bytes_in_ > keep && receive_byte(device_fd, 0) == 1) --bytes_in_;
  if (!want_out_ && !out_is_low_) {
    static const char filler[kLowersOut] = {};
    out_is_low_ = send_to(device_fd, filler, sizeof filler, 0) > 0;
  }
}

bool LevelSocket::is_device_end(dev_t device, ino_t inode) const {
  const std::lock_guard lock(mutex_);
  return peer_.valid() && device == device_ && inode == inode_;
}

bool LevelSocket::hung_up() const {
  const std::lock_guard lock(mutex_);  // the loop's thread may be closing it
  pollfd peer{.fd = peer_.get(), .events = 0, .revents = 0};
  return raw::poll(&peer, 1, 0) == 1 && (peer.revents & POLLHUP) != 0;
}

int LevelSocket::pri_fd() {
  const std::lock_guard lock(mutex_);
  if (poll_pri_.fd() < 0) {
    if (Result<PriStream> made = PriStream::open(want_pri_)) poll_pri_ = std::move(*made);
  }
  return poll_pri_.fd();
}

bool LevelSocket::same_epoll(int a, int b) {
  if (a == b) return true;
  const int self = raw::getpid();
  return raw::call(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

// Mutex held.
void LevelSocket::drop_all_watches() {
  pri_watches_.fetch_sub(static_cast<int>(watches_.size()), std::memory_order_relaxed);
  watches_.clear();
}

epoll_event LevelSocket::event_half(const epoll_event& wanted) {
  epoll_event event = wanted;
  event.events = EPOLLPRI | (wanted.events & (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE));
  return event;
}

void LevelSocket::descriptor_moved(int from, int to) {
  const std::lock_guard lock(mutex_);
  for (const PriWatch& watch : watches_) {
    if (watch.stream.fd() != to) continue;
    epoll_event event = event_half(watch.wanted);
    if (raw::epoll_ctl(watch.epoll, EPOLL_CTL_DEL, from, &event) == 0) raw::epoll_ctl(watch.epoll, EPOLL_CTL_ADD, to, &event);
  }
}

Status LevelSocket::watch_pri(int epoll, int device_fd, const epoll_event& wanted) {
  unwatch_pri(epoll, device_fd);
  const std::lock_guard lock(mutex_);
  Result<PriStream> made = PriStream::open(want_pri_);
  if (!made) return Unexpected(made.error());
  epoll_event event = event_half(wanted);
  const int error = raw::epoll_ctl(epoll, EPOLL_CTL_ADD, made->fd(), &event);
  if (error < 0) return fail(-error, "adding the event half of a device to epoll");
  watches_.push_back({epoll, device_fd, wanted, std::move(*made)});
  pri_watches_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

void LevelSocket::unwatch_pri(int epoll, int device_fd) {
  const std::lock_guard lock(mutex_);
  watches_.remove_if([&](const PriWatch& watch) {
    if (watch.device_fd != device_fd || !same_epoll(watch.epoll, epoll)) return false;
    forget(watch);
    pri_watches_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  });
}

// Mutex held.
LevelSocket::PriWatch* LevelSocket::watch_with_events(int epoll, int device_fd, const epoll_event* events, int count) {
  for (PriWatch& watch : watches_) {
    if (watch.device_fd != device_fd || !same_epoll(watch.epoll, epoll)) continue;
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == watch.wanted.data.u64) return &watch;
    }
  }
  return nullptr;
}

bool LevelSocket::has_events(int epoll, int device_fd, const epoll_event* events, int count) {
  const std::lock_guard lock(mutex_);
  return watch_with_events(epoll, device_fd, events, count) != nullptr;
}

// In the kernel IN, OUT and PRI of a descriptor are one registration: one event, with everything that is true when it is taken
// (fs/eventpoll.c polls the file once more). A client that takes one event at a time relies on it: it looks at its V4L2 events
// before it dequeues a buffer, so that it knows of the end of the stream when the last buffer comes.
int LevelSocket::join_events(int epoll, int device_fd, const v4l2::Levels& levels, epoll_event* events, int count) {
  const std::lock_guard lock(mutex_);
  PriWatch* watch = watch_with_events(epoll, device_fd, events, count);
  if (watch == nullptr) return count;
  // If the epoll set was closed and its number reused, the new set isn't ours: our stream isn't
  // registered there.
  epoll_event probe{.events = 0, .data = {}};
  if (raw::epoll_ctl(epoll, EPOLL_CTL_ADD, watch->stream.fd(), &probe) != -EEXIST) {
    forget(*watch);
    return count;
  }
  uint32_t now = 0;
  // EPOLLONESHOT: events that weren't consumed from the kernel fire later.
  if ((watch->wanted.events & EPOLLONESHOT) == 0) {
    if (levels.in || levels.error) now |= EPOLLIN | EPOLLRDNORM;
    if (levels.out || levels.error) now |= EPOLLOUT | EPOLLWRNORM;
    if (levels.pri) now |= EPOLLPRI;
  }
  epoll_event* joined = nullptr;
  int left = 0;
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u64 != watch->wanted.data.u64) {
      events[left++] = events[i];
    } else if (joined == nullptr) {
      joined = &events[left];
      events[left++] = events[i];
      joined->events |= now & watch->wanted.events;
    } else {
      joined->events |= events[i].events;
    }
  }
  return left;
}

// Closing the stream would take it out of the set, unless a forked child still has it. If the
// number names another set by now, the kernel returns ENOENT. Mutex held.
void LevelSocket::forget(const PriWatch& watch) {
  epoll_event unused{};
  raw::epoll_ctl(watch.epoll, EPOLL_CTL_DEL, watch.stream.fd(), &unused);
}

void LevelSocket::note_epoll_user() {
  const std::lock_guard lock(mutex_);
  has_epoll_user_ = true;
}

}  // namespace softvpu::preload
