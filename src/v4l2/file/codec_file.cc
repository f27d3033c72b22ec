// SPDX-License-Identifier: LGPL-2.1-or-later
// What a mem2mem file adds to an open file: poll() levels, mmap() of its buffers, and opening and
// closing its session. Clauses: func-poll.rst, func-mmap.rst, vidioc-streamon.rst.
#include "v4l2/file/codec_file.h"

#include <sys/mman.h>

#include <cerrno>

#include "base/clock.h"
#include "base/raw_syscall.h"

namespace softvpu::v4l2 {
namespace {

constexpr uint32_t kCaptureOffsets = OffsetAllocator::kSpan;  // as in v4l2-mem2mem, the CAPTURE queue's offsets start here

// How long a session that was given up may take to end: longer than a lower half waits for a killed
// process.
constexpr Duration kGiveUpLimit = std::chrono::seconds(5);

}  // namespace

CodecFile::CodecFile(std::shared_ptr<CodecDevice> device, const codec::Capabilities& capabilities, const RoleKind& kind)
    : FileCore(device->priorities(), device->config().waiter),
      device_(std::move(device)),
      output_queue_(Side::kOutput, 0),
      capture_queue_(Side::kCapture, kCaptureOffsets),
      controls_(kind.controls(capabilities), this),
      role_(kind.make(*this, capabilities)) {
  start_levels();
}

CodecFile::~CodecFile() { release(); }

void CodecFile::end() {
  close_session();
  output_queue_.free_all();
  capture_queue_.free_all();
}

bool CodecFile::abandon_session() {
  if (!session_) return false;
  (void)session_.close().release();
  return true;
}

Status CodecFile::open_session(const codec::SessionConfig& config) {
  return session_.open(device_->driver(), config, std::make_shared<SessionLink>(weak_from_this()));
}

void CodecFile::close_session() {
  bury(session_.close());
  output_queue_.session_closed();
  capture_queue_.session_closed();
}

void CodecFile::fail_queues() {
  for (BufferQueue* queue : {&output_queue_, &capture_queue_})
    if (queue->streaming()) queue->set_failed();
  error_polls_ = 0;
  note_completed(Side::kOutput);
  note_completed(Side::kCapture);
}

bool CodecFile::complete_input(codec::Cookie cookie, codec::DoneStatus status) {
  Buffer* buffer = output_queue_.with_session(cookie);
  if (buffer == nullptr) return false;
  if (status == codec::DoneStatus::kCancelled) {  // of a session that is about to fail: STREAMOFF gives it back
    output_queue_.take_back(*buffer);
    return false;
  }
  buffer->sequence = output_queue_.next_sequence();
  output_queue_.complete(*buffer, status != codec::DoneStatus::kOk);
  note_completed(Side::kOutput);
  return true;
}

void CodecFile::free_buffers(Side side) {
  session_.unmap(queue(side));
  queue(side).free_all();
}

void CodecFile::await_flushed(Side side, const IoctlCall& call) {
  const SessionLink* const link = session_.link();
  if (config().flush_limit <= Duration::zero()) return;
  TimePoint limit = system_clock().now() + config().flush_limit;
  bool given_up = false;
  while (!released() && session_.is_of(link) && !role_->has_failed() && session_.is_flushing(side)) {
    const Duration left = limit - system_clock().now();
    if (left <= Duration::zero()) {
      const Error error{EIO, "it doesn't release the buffers that STREAMOFF took back"};
      if (given_up) return role_->failed(error);  // the lower half doesn't even report the failure
      session_.give_up(error);
      given_up = true;
      limit = system_clock().now() + kGiveUpLimit;
      continue;
    }
    publish();  // make visible what this ioctl has done so far
    (void)sleep(call, left.count());
  }
}

Levels CodecFile::current_levels() const {
  const auto dead = [](const BufferQueue& q, bool holds_epipe) {
    return !q.streaming() || q.failed() || (q.idle() && !holds_epipe);
  };
  Levels levels;
  levels.pri = has_pending_events();
  const bool failed = output_queue_.failed() || capture_queue_.failed();
  const bool deaf = failed && error_polls_ >= node().patient_polls;
  if (!deaf && dead(output_queue_, false) && dead(capture_queue_, capture_queue_.last_dequeued())) {
    levels.error = true;
    return levels;
  }
  // One queue has failed while the other works: a client that polls only the failed queue must be
  // woken. last_dequeued: DQBUF would return EPIPE.
  levels.out = output_queue_.done() > 0 || output_queue_.failed();
  levels.in = capture_queue_.done() > 0 || capture_queue_.last_dequeued() || capture_queue_.failed();
  return levels;
}

void CodecFile::error_reported() {
  const std::lock_guard lock(mutex());
  // The counter stops at the limit: a client may poll long enough to make it wrap around.
  if ((output_queue_.failed() || capture_queue_.failed()) && error_polls_ < node().patient_polls) ++error_polls_;
}

PlaneMemory* CodecFile::plane_at(uint64_t offset) {
  return queue(offset < kCaptureOffsets ? Side::kOutput : Side::kCapture).plane_at(offset);
}

Result<void*> CodecFile::mmap(void* hint, size_t length, int prot, int flags, uint64_t offset) {
  const std::lock_guard lock(mutex());
  if (released()) return fail(ENODEV, "the file is closed");
  const int type = flags & MAP_TYPE;
  if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE) return fail(EINVAL, "device memory can only be mapped MAP_SHARED");
  const bool is_output = offset < kCaptureOffsets;
  if ((prot & (is_output ? PROT_WRITE : PROT_READ)) == 0)
    return fail(EINVAL, is_output ? "OUTPUT buffers are mapped PROT_WRITE" : "CAPTURE buffers are mapped PROT_READ");
  const PlaneMemory* plane = plane_at(offset);
  if (plane == nullptr) return fail(EINVAL, "no plane has this offset; it must come from VIDIOC_QUERYBUF");
  if (length > page_align(plane->length())) return fail(EINVAL, "longer than the plane");
  void* at = nullptr;
  const int error = raw::mmap(hint, length, prot, flags, plane->fd(), 0, &at);
  if (error < 0) return fail(-error, "mapping a buffer");
  return at;
}

void CodecFile::mapping_changed(uint64_t offset, int delta) {
  const std::lock_guard lock(mutex());
  PlaneMemory* plane = plane_at(offset);
  if (plane != nullptr) plane->mapping_changed(delta);  // otherwise the buffer was freed while mapped (orphaned)
}

}  // namespace softvpu::v4l2
