// SPDX-License-Identifier: LGPL-2.1-or-later
// Life of an open file: from open to release, how its ioctls sleep and wake, what poll() sees, and where its buffers can be
// mapped. Clauses: func-poll.rst, func-mmap.rst, func-close.rst; poll exactly as v4l2_m2m_poll().
#include "v4l2/file/m2m_file.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/clock.h"
#include "base/raw_syscall.h"
#include "v4l2/file/session_link.h"
#include "v4l2/file/waiter.h"

namespace softvpu::v4l2 {
namespace {

constexpr uint32_t kCaptureOffsets = OffsetAllocator::kSpan;  // v4l2-mem2mem: the CAPTURE queue's offsets start there

// ffmpeg's wrapper (5.1 to 7.1) takes POLLERR for "not yet": while it drains, or while no OUTPUT buffer is free, it polls again
// at once, for ever, and calls nothing else. To a client that has done so this often, poll reports that DQBUF wouldn't block,
// which is as true, and DQBUF returns EIO.
constexpr uint32_t kPatientPolls = 1000;

// For a session that was given up to end: longer than a lower half waits for a killed process.
constexpr Duration kGiveUpLimit = std::chrono::seconds(5);

}  // namespace

M2mFile::M2mFile(std::shared_ptr<CodecDevice> device, const codec::Capabilities& capabilities)
    : device_(std::move(device)),
      output_(Side::kOutput, 0),
      capture_(Side::kCapture, kCaptureOffsets),
      formats_(capabilities),
      controls_(capabilities) {
  if (device_->priorities().change(V4L2_PRIORITY_UNSET, V4L2_PRIORITY_DEFAULT)) priority_ = V4L2_PRIORITY_DEFAULT;
  controls_.set_min_capture_buffers(formats_.min_capture_buffers());
  published_ = current_levels();
}

M2mFile::~M2mFile() { release(); }

int M2mFile::ioctl(unsigned long request, void* arg, bool nonblocking) {
  return dispatch_ioctl(*this, request, arg, nonblocking);
}

// vicodec and its like: no V4L2_CAP_READWRITE.
long M2mFile::read(void*, size_t, bool) { return -EINVAL; }
long M2mFile::write(const void*, size_t, bool) { return -EINVAL; }

void M2mFile::release() {
  std::vector<std::unique_ptr<codec::Session>> buried;
  {
    const std::lock_guard lock(mutex_);
    if (!released_) {
      released_ = true;
      close_session();
      output_.free_all();
      capture_.free_all();
      if (priority_ != V4L2_PRIORITY_UNSET) (void)device_->priorities().change(priority_, V4L2_PRIORITY_UNSET);
      priority_ = V4L2_PRIORITY_UNSET;
      sink_ = nullptr;
      publish();
    }
    buried = bury();
  }
}

void M2mFile::before_fork() { mutex_.lock(); }

void M2mFile::after_fork(bool in_child) {
  if (in_child && (session_ || !buried_.empty())) {
    // The session's threads and its worker are the parent's: what is left here is a shell that must not be ended.
    (void)session_.release();
    for (auto& session : buried_) (void)session.release();
    buried_.clear();
    released_ = true;
    sink_ = nullptr;
  }
  mutex_.unlock();
}

int M2mFile::sleep(const IoctlCall& call, int64_t timeout_ns) {
  static_assert(sizeof(wake_) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  const uint32_t seen = wake_.load(std::memory_order_relaxed);
  somebody_sleeps_ = true;
  mutex_.unlock();
  Waiter* waiter = device_->config().waiter != nullptr ? device_->config().waiter : &futex_waiter();
  pthread_setcancelstate(call.cancel_state, nullptr);
  const int result = waiter->wait(reinterpret_cast<const uint32_t*>(&wake_), seen, timeout_ns);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  mutex_.lock();
  return result;
}

void M2mFile::await_header(const IoctlCall& call) {
  const TimePoint limit = system_clock().now() + device_->config().header_limit;
  while (!released_ && svpu_decoder_awaits_header(&state_) &&
         output_.with_session() > 0) {  // what is queued and not with the session waits for something else: m2m_session.cc
    const Duration left = limit - system_clock().now();
    if (left <= Duration::zero()) return;
    publish();  // what this ioctl did so far
    (void)sleep(call, left.count());
  }
}

void M2mFile::await_flushed(Side side, const IoctlCall& call) {
  const uint32_t& pending = side == Side::kOutput ? input_flush_pending_ : output_flush_pending_;
  const SessionLink* const link = link_.get();
  if (device_->config().flush_limit <= Duration::zero()) return;
  TimePoint limit = system_clock().now() + device_->config().flush_limit;
  bool given_up = false;
  while (!released_ && link != nullptr && link == link_.get() && !svpu_decoder_has_failed(&state_) && pending != 0) {
    const Duration left = limit - system_clock().now();
    if (left <= Duration::zero()) {
      const Error error{EIO, "it doesn't let go of the buffers that STREAMOFF took back"};
      if (given_up) return session_failed(error);  // a lower half that doesn't even end
      give_up(error);
      given_up = true;
      limit = system_clock().now() + kGiveUpLimit;
      continue;
    }
    publish();  // what this ioctl did so far
    (void)sleep(call, left.count());
  }
}

Levels M2mFile::current_levels() {
  const auto dead = [](const BufferQueue& q, bool holds_epipe) {
    return !q.streaming() || q.failed() || (q.idle() && !holds_epipe);
  };
  Levels levels;
  levels.pri = events_.pending();
  const bool deaf = error_polls_ >= kPatientPolls && (output_.failed() || capture_.failed());
  if (released_ || (!deaf && dead(output_, false) && dead(capture_, capture_.last_dequeued()))) {
    levels.error = true;
    return levels;
  }
  // A failed queue while the other works: a poller of this queue alone must be woken. last_dequeued: DQBUF would return EPIPE.
  levels.out = output_.done() > 0 || output_.failed();
  levels.in = capture_.done() > 0 || capture_.last_dequeued() || capture_.failed();
  return levels;
}

Levels M2mFile::levels() {
  const std::lock_guard lock(mutex_);
  return current_levels();
}

void M2mFile::error_reported() {
  const std::lock_guard lock(mutex_);
  // It stays at the limit: a client may poll until a counter has gone round.
  if ((output_.failed() || capture_.failed()) && error_polls_ < kPatientPolls) ++error_polls_;
}

void M2mFile::set_readiness_sink(ReadinessSink* sink) {
  const std::lock_guard lock(mutex_);
  sink_ = released_ ? nullptr : sink;
}

void M2mFile::publish() {
  wake_.fetch_add(1, std::memory_order_release);
  if (somebody_sleeps_) {
    somebody_sleeps_ = false;
    wake_all(reinterpret_cast<const uint32_t*>(&wake_));
  }
  const Levels now = current_levels();
  if (sink_ != nullptr && (now != published_ || completed_in_ || completed_out_ || completed_pri_))
    sink_->levels_changed(now, completed_in_, completed_out_, completed_pri_);
  published_ = now;
  completed_in_ = completed_out_ = completed_pri_ = false;
}

std::vector<std::unique_ptr<codec::Session>> M2mFile::bury() { return std::move(buried_); }

Result<void*> M2mFile::mmap(void* hint, size_t length, int prot, int flags, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  if (released_) return fail(ENODEV, "the file is closed");
  const int type = flags & MAP_TYPE;
  if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE) return fail(EINVAL, "device memory can only be mapped MAP_SHARED");
  const Side side = offset < kCaptureOffsets ? Side::kOutput : Side::kCapture;
  if ((prot & (side == Side::kOutput ? PROT_WRITE : PROT_READ)) == 0)
    return fail(EINVAL, side == Side::kOutput ? "OUTPUT buffers are mapped PROT_WRITE" : "CAPTURE buffers are mapped PROT_READ");
  const PlaneBuffer* plane = queue(side).plane_at(offset);
  if (plane == nullptr) return fail(EINVAL, "no plane has this offset; it must come from VIDIOC_QUERYBUF");
  if (length > page_align(plane->length())) return fail(EINVAL, "longer than the plane");
  void* at = nullptr;
  const int error = raw::mmap(hint, length, prot, flags, plane->fd(), 0, &at);
  if (error < 0) return fail(-error, "mapping a buffer");
  return at;
}

void M2mFile::mapping_changed(uint64_t offset, int delta) {
  const std::lock_guard lock(mutex_);
  PlaneBuffer* plane = queue(offset < kCaptureOffsets ? Side::kOutput : Side::kCapture).plane_at(offset);
  if (plane != nullptr) plane->mapping_changed(delta);  // otherwise of an orphan
}

}  // namespace softvpu::v4l2
