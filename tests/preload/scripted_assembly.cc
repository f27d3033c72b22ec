// SPDX-License-Identifier: LGPL-2.1-or-later
// The assembly of the library under test: nodes whose levels a test sets by private ioctls, and no codec at all.
#include "front/preload/assembly.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "base/raw_syscall.h"
#include "base/shared_memory.h"
#include "front/preload/open_file.h"
#include "tests/preload/scripted_device.h"
#include "v4l2/ioctl/user_copy.h"

namespace softvpu::preload {
namespace {

using namespace softvpu::scripted;

std::atomic<int> files{0};
std::atomic<int> releases{0};

template <size_t TextBytes, size_t Bytes>
void copy_text(const char (&text)[TextBytes], uint8_t (&to)[Bytes]) {
  static_assert(TextBytes <= Bytes);
  std::memcpy(to, text, TextBytes);
}

class ScriptedFile final : public v4l2::FileHandle, public std::enable_shared_from_this<ScriptedFile> {
 public:
  ScriptedFile() : memory_(*SharedMemory::create("scripted", kBufferBytes)) { ++files; }
  ~ScriptedFile() override { --files; }

  int ioctl(unsigned long request, void* arg, bool nonblocking) override {
    if (dead_) return -ENODEV;
    int value = 0;
    switch (request) {
      case VIDIOC_QUERYCAP:
        return query(arg);
      case VIDIOC_EXPBUF:
        return export_buffer(arg);
      case kSetLevels:
        if (v4l2::copy_from_user(&value, arg, sizeof value) != 0) return -EFAULT;
        set(value, 0);
        return 0;
      case kComplete:
        if (v4l2::copy_from_user(&value, arg, sizeof value) != 0) return -EFAULT;
        set(bits_ | value, value);
        return 0;
      case kRaiseLater:
        return raise_later(arg);
      case kWait:
        return wait(nonblocking);
      case kWake:
        ++futex_;
        v4l2_wake();
        return 0;
      case kCounts: {
        const Counts counts{files, releases, mappings_, waiters_, errors_};
        return v4l2::copy_to_user(arg, &counts, sizeof counts) != 0 ? -EFAULT : 0;
      }
      case kStartSession:
        session_ = true;
        return 0;
      case kReadInt:
        value = 42;
        return v4l2::copy_to_user(arg, &value, sizeof value) != 0 ? -EFAULT : 0;
      default:
        return -ENOTTY;
    }
  }

  // The preload library has pointers only.
  int call(uint32_t, void*, std::span<std::byte>, bool) override { return -ENOTTY; }

  Result<void*> mmap(void* hint, size_t length, int prot, int flags, uint64_t offset) override {
    if (offset != 0 || length > kBufferBytes || (flags & MAP_TYPE) == MAP_PRIVATE) return fail(EINVAL);
    void* at = nullptr;
    const int error = raw::mmap(hint, length, prot, flags, memory_.fd(), 0, &at);
    if (error < 0) return fail(-error);
    return at;
  }
  void mapping_changed(uint64_t, int delta) override { mappings_ += delta; }

  v4l2::Levels levels() override {
    const std::lock_guard lock(mutex_);
    return current();
  }
  void error_reported() override { ++errors_; }
  void set_readiness_sink(v4l2::ReadinessSink* sink) override {
    const std::lock_guard lock(mutex_);
    sink_ = sink;
  }
  long read(void*, size_t, bool) override { return -EINVAL; }
  long write(const void*, size_t, bool) override { return -EINVAL; }
  void release() override {
    ++releases;
    dead_ = true;
    ++futex_;
    v4l2_wake();
  }
  void before_fork() override { mutex_.lock(); }
  void after_fork(bool in_child) override {
    mutex_.unlock();
    if (in_child && session_) dead_ = true;
  }

 private:
  v4l2::Levels current() const { return {(bits_ & kIn) != 0, (bits_ & kOut) != 0, (bits_ & kPri) != 0, (bits_ & kError) != 0}; }

  void set(int bits, int completed) {
    const std::lock_guard lock(mutex_);
    bits_ = bits;
    if (sink_ != nullptr)
      sink_->levels_changed(current(), (completed & kIn) != 0, (completed & kOut) != 0, (completed & kPri) != 0);
  }

  static int query(void* arg) {
    v4l2_capability capability{};
    copy_text("scripted", capability.driver);
    copy_text("scripted device", capability.card);
    copy_text("platform:scripted", capability.bus_info);
    return v4l2::copy_to_user(arg, &capability, sizeof capability) != 0 ? -EFAULT : 0;
  }

  int export_buffer(void* arg) {
    v4l2_exportbuffer request{};
    if (v4l2::copy_from_user(&request, arg, sizeof request) != 0) return -EFAULT;
    request.fd = raw::fcntl(memory_.fd(), F_DUPFD_CLOEXEC, 0);
    if (request.fd < 0) return request.fd;
    return v4l2::copy_to_user(arg, &request, sizeof request) != 0 ? -EFAULT : 0;
  }

  int raise_later(void* arg) {
    struct Job {
      std::shared_ptr<ScriptedFile> file;
      Later later;
    };
    auto* job = new Job{shared_from_this(), {}};
    if (v4l2::copy_from_user(&job->later, arg, sizeof job->later) != 0) {
      delete job;
      return -EFAULT;
    }
    pthread_t thread{};
    const int error = pthread_create(
        &thread, nullptr,
        [](void* data) -> void* {
          auto* mine = static_cast<Job*>(data);
          ::usleep(static_cast<useconds_t>(mine->later.after_us));
          mine->file->set(mine->file->bits_ | mine->later.levels, mine->later.levels);
          delete mine;
          return nullptr;
        },
        job);
    if (error == 0) pthread_detach(thread);
    return -error;
  }

  int wait(bool nonblocking) {
    if (nonblocking) return -EAGAIN;
    const uint32_t seen = futex_;
    while (futex_ == seen) {
      ++waiters_;
      const int woken = cancellable_waiter().wait(reinterpret_cast<const uint32_t*>(&futex_), seen, -1);
      --waiters_;
      if (woken == EINTR) return -EINTR;
    }
    return dead_ ? -ENODEV : 0;
  }
  void v4l2_wake() { raw::futex_wake(&futex_, INT32_MAX); }

  SharedMemory memory_;
  std::mutex mutex_;
  std::atomic<int> bits_{0};
  v4l2::ReadinessSink* sink_ = nullptr;
  std::atomic<uint32_t> futex_{0};
  std::atomic<int> mappings_{0};
  std::atomic<int> waiters_{0};
  std::atomic<int> errors_{0};
  std::atomic<bool> session_{false};
  std::atomic<bool> dead_{false};
};

}  // namespace

Result<std::shared_ptr<v4l2::FileHandle>> open_node(const TreeEntry&) { return std::make_shared<ScriptedFile>(); }

void abandon_devices() {}

}  // namespace softvpu::preload
