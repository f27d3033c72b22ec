// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls without libc. The preload library interposes open, close, mmap, ioctl, poll and even syscall(); what this project
// calls for itself must not come back through its own front door (a lock would be taken twice, a device fd mistaken for the
// client's).
//
// Every room that may run inside a client's process uses these for descriptors, mappings and futexes. They return the kernel's
// answer: a value, or -errno. They neither read nor write errno and are no cancellation points. Any thread; async-signal-safe.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#define SOFTVPU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SOFTVPU_TSAN 1
#endif
#endif

#if defined(SOFTVPU_TSAN)
// ThreadSanitizer must know when an address range gets a new life, or it reports races with its former one. These are its own
// entry points, which the preload library doesn't interpose.
extern "C" void* __interceptor_mmap(void*, size_t, int, int, int, off_t);
extern "C" int __interceptor_munmap(void*, size_t);
#endif

namespace softvpu::raw {

// `number` is a SYS_ constant; unused arguments are 0.
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
#if defined(__x86_64__)
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "softvpu knows the system call convention of x86-64 and aarch64 only"
#endif
}

inline long address(const volatile void* pointer) { return reinterpret_cast<long>(pointer); }

inline int open(const char* path, int flags, mode_t mode = 0) {
  return static_cast<int>(call(SYS_openat, AT_FDCWD, address(path), flags, mode));
}
inline int close(int fd) { return static_cast<int>(call(SYS_close, fd)); }
inline long read(int fd, void* data, size_t size) { return call(SYS_read, fd, address(data), static_cast<long>(size)); }
inline long write(int fd, const void* data, size_t size) { return call(SYS_write, fd, address(data), static_cast<long>(size)); }
inline int ioctl(int fd, unsigned long request, void* arg) {
  return static_cast<int>(call(SYS_ioctl, fd, static_cast<long>(request), address(arg)));
}
inline int fcntl(int fd, int command, long arg = 0) { return static_cast<int>(call(SYS_fcntl, fd, command, arg)); }
inline int ftruncate(int fd, off_t size) { return static_cast<int>(call(SYS_ftruncate, fd, size)); }
// glibc's struct stat is the kernel's on both architectures.
inline int fstat(int fd, struct stat* out) { return static_cast<int>(call(SYS_fstat, fd, address(out))); }
inline int memfd_create(const char* name, unsigned flags) {
  return static_cast<int>(call(SYS_memfd_create, address(name), flags));
}
inline int eventfd(unsigned initial, int flags) { return static_cast<int>(call(SYS_eventfd2, initial, flags)); }
inline int getpid() { return static_cast<int>(call(SYS_getpid)); }
inline int gettid() { return static_cast<int>(call(SYS_gettid)); }

// Returns the address in `*out`.
inline int mmap(void* hint, size_t length, int prot, int flags, int fd, off_t offset, void** out) {
#if defined(SOFTVPU_TSAN)
  const int saved = errno;
  void* at = __interceptor_mmap(hint, length, prot, flags, fd, offset);
  const long result = at == MAP_FAILED ? -errno : address(at);
  errno = saved;
#else
  const long result = call(SYS_mmap, address(hint), static_cast<long>(length), prot, flags, fd, offset);
#endif
  if (result < 0 && result >= -4095) return static_cast<int>(result);
  *out = reinterpret_cast<void*>(result);
  return 0;
}
inline int munmap(void* at, size_t length) {
#if defined(SOFTVPU_TSAN)
  const int saved = errno;
  const int result = __interceptor_munmap(at, length) == 0 ? 0 : -errno;
  errno = saved;
  return result;
#else
  return static_cast<int>(call(SYS_munmap, address(at), static_cast<long>(length)));
#endif
}

// poll(2) and ppoll(2) do the same work, as do two of epoll's calls, and a seccomp filter may know only one of them: where that
// is refused, the other is tried. What these calls say themselves is no refusal: the other may be one that the filter kills for.
inline bool is_refused(long answer) {
  return answer < 0 && answer != -EINTR && answer != -EFAULT && answer != -EINVAL && answer != -ENOMEM && answer != -EBADF;
}

// `timeout` nullptr waits forever.
inline int ppoll(pollfd* fds, size_t count, timespec* timeout) {
  return static_cast<int>(call(SYS_ppoll, address(fds), static_cast<long>(count), address(timeout), 0, _NSIG / 8));
}
// `timeout_ms` < 0 waits for ever. As libc's poll(), by the call of that name where the architecture has it.
inline int poll(pollfd* fds, size_t count, int timeout_ms) {
#if defined(SYS_poll)
  const long answer = call(SYS_poll, address(fds), static_cast<long>(count), timeout_ms);
  if (!is_refused(answer)) return static_cast<int>(answer);
#endif
  timespec timeout{.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1'000'000L};
  return ppoll(fds, count, timeout_ms < 0 ? nullptr : &timeout);
}
inline int epoll_create() { return static_cast<int>(call(SYS_epoll_create1, EPOLL_CLOEXEC)); }
inline int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  return static_cast<int>(call(SYS_epoll_ctl, epoll, operation, fd, address(event)));
}
// By epoll_pwait(2), or where that is refused by epoll_wait(2).
inline int epoll_wait(int epoll, epoll_event* events, int count, int timeout_ms) {
  const long answer = call(SYS_epoll_pwait, epoll, address(events), count, timeout_ms, 0, _NSIG / 8);
#if defined(SYS_epoll_wait)
  if (is_refused(answer)) return static_cast<int>(call(SYS_epoll_wait, epoll, address(events), count, timeout_ms));
#endif
  return static_cast<int>(answer);
}

// Sleeps while *word == seen, until woken, `timeout` (relative; nullptr: forever), or a signal. 0,
// -EAGAIN, -EINTR, -ETIMEDOUT. `shared`: the word is in memory shared between processes.
inline int futex_wait(const volatile void* word, uint32_t seen, const timespec* timeout = nullptr, bool shared = false) {
  const int operation = shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE;
  return static_cast<int>(call(SYS_futex, address(word), operation, static_cast<long>(seen), address(timeout)));
}
// Wakes up to `count` sleepers; returns how many.
inline int futex_wake(const volatile void* word, int count, bool shared = false) {
  return static_cast<int>(call(SYS_futex, address(word), shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, count));
}

}  // namespace softvpu::raw
