// SPDX-License-Identifier: LGPL-2.1-or-later
// The buffer and streaming ioctls of an open codec node. Handlers run under the file's lock (ioctl_dispatch.cc).
// Clauses: vidioc-reqbufs.rst, vidioc-create-bufs.rst, vidioc-querybuf.rst, vidioc-qbuf.rst, vidioc-prepare-buf.rst,
// vidioc-expbuf.rst, vidioc-streamon.rst; order of checks as videobuf2.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/raw_syscall.h"
#include "base/reopen.h"
#include "v4l2/file/m2m_file.h"

namespace softvpu::v4l2 {
namespace {

// No USERPTR, no DMABUF, no requests, no cache hints.
constexpr uint32_t kBufferCapabilities = V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
// What one plane may be asked to have: beyond it is ENOMEM, before the memory of the machine is.
constexpr uint32_t kMaxPlaneBytes = 1u << 30;

// A descriptor for the application, so a low number and not one of the library's (UniqueFd::duplicate() goes high), whose access
// mode is that of `flags` (vidioc-expbuf.rst): the memory is opened again, by the name that /proc has for it. Without /proc, and
// where a seccomp filter refuses open(), it is a read-write copy; that is also what O_RDWR asks for, and needs no open(). Returns
// the number or a negative errno.
int export_descriptor(int memory, uint32_t flags) {
  if ((flags & O_ACCMODE) != O_RDWR) {
    const int opened = reopen(memory, static_cast<int>(flags));
    if (opened >= 0 || opened == -EMFILE || opened == -ENFILE || opened == -ENOMEM) return opened;
  }
  return raw::fcntl(memory, (flags & O_CLOEXEC) == 0 ? F_DUPFD : F_DUPFD_CLOEXEC, 0);
}

// Limits of the process and its seccomp filter are the program's doing: whoever asks for errors sees which.
int refuse_memory(const Error& error) {
  log_line(LogLevel::kError, "no memory for buffers: %s (errno %d)", error.reason.c_str(), error.code);
  return -error.code;
}

}  // namespace

void M2mFile::free_buffers(Side side) {
  BufferQueue& q = queue(side);
  const auto direction = side == Side::kOutput ? codec::Direction::kInput : codec::Direction::kOutput;
  for (const auto& buffer : q.buffers())
    if (session_ && buffer->known_to_session) (void)session_->unmap_buffer(direction, buffer->handle);
  q.free_all();
}

int M2mFile::reqbufs(v4l2_requestbuffers& request, IoctlCall&) {
  const auto side = side_of(request.type, multiplanar());
  if (!side) return -side.error().code;
  request.capabilities = kBufferCapabilities;
  request.flags = 0;
  std::fill(std::begin(request.reserved), std::end(request.reserved), 0);
  if (request.memory != V4L2_MEMORY_MMAP) return -EINVAL;
  BufferQueue& q = queue(*side);
  if (q.streaming()) return -EBUSY;
  if (request.count == 0 || q.count() != 0) free_buffers(*side);
  if (request.count == 0) {
    // State machine: Seek -> Initialization by REQBUFS(OUTPUT, 0). Another number of buffers for the same stream is no such step.
    if (*side == Side::kOutput) happen({.what = SVPU_ON_OUTPUT_FREED});
    return 0;
  }
  uint32_t count = std::min<uint32_t>(request.count, VIDEO_MAX_FRAME);
  // "A larger number is also possible when the driver requires more buffers to function correctly."
  if (*side == Side::kCapture) count = std::max(count, std::min<uint32_t>(formats_.min_capture_buffers(), VIDEO_MAX_FRAME));
  const auto added = q.add(count, formats_.plane_sizes(*side));
  if (!added) return refuse_memory(added.error());
  request.count = *added;
  return 0;
}

int M2mFile::create_bufs(v4l2_create_buffers& create, IoctlCall&) {
  const auto side = side_of(create.format.type, multiplanar());
  if (!side) return -side.error().code;
  BufferQueue& q = queue(*side);
  create.capabilities = kBufferCapabilities;
  create.flags = 0;
  create.index = q.count();
  std::fill(std::begin(create.reserved), std::end(create.reserved), 0);
  if (create.memory != V4L2_MEMORY_MMAP) return -EINVAL;
  if (create.count == 0) return 0;  // only asks for the index and the capabilities

  const PixFormat format = format_in(create.format, multiplanar());
  auto sizes = formats_.plane_sizes(*side);
  if (format.num_planes != sizes.size()) return -EINVAL;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const uint32_t wanted = format.planes[i].sizeimage;
    if (wanted == 0 || wanted < sizes[i].length) return -EINVAL;  // too small for the current format
    if (wanted > kMaxPlaneBytes) return -ENOMEM;
    sizes[i].length = wanted;
  }
  if (q.count() == VIDEO_MAX_FRAME) return -ENOBUFS;
  const auto added = q.add(std::min<uint32_t>(create.count, VIDEO_MAX_FRAME), sizes);
  if (!added) return refuse_memory(added.error());
  create.count = *added;
  return 0;
}

Result<Buffer*> M2mFile::buffer_for(const v4l2_buffer& buffer, const IoctlCall& call, Side* side, BufferView* view) {
  const auto found = side_of(buffer.type, multiplanar());
  if (!found) return Unexpected(found.error());
  *side = *found;
  *view = buffer_in(buffer, call.planes, multiplanar());
  Buffer* known = queue(*side).find(buffer.index);
  if (known == nullptr) return fail(EINVAL, "no buffer of this index");
  if (!view->has_planes || view->num_planes < known->planes.size()) return fail(EINVAL, "too few entries in the planes array");
  return known;
}

int M2mFile::querybuf(v4l2_buffer& buffer, IoctlCall& call) {
  Side side{};
  BufferView view;
  const auto known = buffer_for(buffer, call, &side, &view);
  if (!known) return -known.error().code;
  buffer_out(queue(side).view(**known), side, multiplanar(), &buffer, call.planes);
  return 0;
}

int M2mFile::prepare_buf(v4l2_buffer& buffer, IoctlCall& call) {
  Side side{};
  BufferView view;
  const auto known = buffer_for(buffer, call, &side, &view);
  if (!known) return -known.error().code;
  if (view.memory != V4L2_MEMORY_MMAP || (view.flags & V4L2_BUF_FLAG_REQUEST_FD) != 0) return -EINVAL;
  BufferQueue& q = queue(side);
  if (q.failed() || (side == Side::kCapture && svpu_decoder_has_failed(&state_))) return -EIO;  // whether CAPTURE streams or not
  auto* place = std::get_if<Dequeued>(&(*known)->place);
  if (place == nullptr || place->prepared) return -EINVAL;
  if (auto status = q.take(**known, view); !status) return -status.error().code;
  place->prepared = true;
  buffer_out(q.view(**known), side, multiplanar(), &buffer, call.planes);
  return 0;
}

int M2mFile::enqueue(v4l2_buffer& buffer, IoctlCall& call) {
  Side side{};
  BufferView view;
  const auto known = buffer_for(buffer, call, &side, &view);
  if (!known) return -known.error().code;
  if (view.memory != V4L2_MEMORY_MMAP) return -EINVAL;
  BufferQueue& q = queue(side);
  auto* place = std::get_if<Dequeued>(&(*known)->place);
  if ((view.flags & V4L2_BUF_FLAG_REQUEST_FD) != 0) return place == nullptr ? -EINVAL : -EBADR;  // no requests here
  if (q.failed() || (side == Side::kCapture && svpu_decoder_has_failed(&state_))) return -EIO;   // whether CAPTURE streams or not
  if (place == nullptr) return -EINVAL;
  // buffer.rst, "Interactions": EINVAL for a buffer too small for the current format. Except until the client has answered a
  // change of resolution: then it is about to be given back empty, as the LAST one.
  if (side == Side::kCapture && !svpu_decoder_takes_old_buffers(&state_) && !(*known)->holds(formats_.plane_sizes(side)))
    return -EINVAL;
  if (!place->prepared)
    if (auto status = q.take(**known, view); !status) return -status.error().code;
  q.enqueue(**known, view);
  buffer_out(q.view(**known), side, multiplanar(), &buffer, call.planes);
  if (side == Side::kOutput) happen({.what = SVPU_ON_INPUT_QUEUED});
  return 0;
}

int M2mFile::qbuf(v4l2_buffer& buffer, IoctlCall& call) {
  if (const int error = enqueue(buffer, call)) return error;
  pump();
  return 0;
}

int M2mFile::try_dequeue(v4l2_buffer& buffer, Side side, IoctlCall& call) {
  if (released_) return -ENODEV;
  BufferQueue& q = queue(side);
  if (!q.streaming()) return -EINVAL;
  if (q.failed()) return -EIO;           // vb2_queue_error(): whatever is done
  if (q.last_dequeued()) return -EPIPE;  // vidioc-qbuf.rst, EPIPE
  Buffer* next = q.next_done();
  if (next == nullptr) return -EAGAIN;
  if (multiplanar() && (call.planes == nullptr || buffer.length < next->planes.size())) return -EINVAL;
  BufferView view = q.view(*next);
  view.flags &= ~uint32_t{V4L2_BUF_FLAG_DONE};
  if (next->arms_epipe) q.set_last_dequeued(true);
  next->arms_epipe = false;
  q.dequeue(*next);
  buffer_out(view, side, multiplanar(), &buffer, call.planes);
  if (side == Side::kCapture && q.done() == 0) {
    happen({.what = SVPU_ON_CAPTURE_DONE_EMPTY});
    pump();
  }
  return 0;
}

int M2mFile::dqbuf(v4l2_buffer& buffer, IoctlCall& call) {
  const auto side = side_of(buffer.type, multiplanar());
  if (!side) return -side.error().code;
  for (;;) {
    const int result = try_dequeue(buffer, *side, call);
    if (result != -EAGAIN || call.nonblocking) return result;
    if (sleep(call, -1) == EINTR) return -EINTR;
  }
}

int M2mFile::expbuf(v4l2_exportbuffer& request, IoctlCall&) {
  const auto side = side_of(request.type, multiplanar());
  if (!side) return -side.error().code;
  if ((request.flags & ~uint32_t{O_CLOEXEC | O_ACCMODE}) != 0) return -EINVAL;
  Buffer* buffer = queue(*side).find(request.index);
  if (buffer == nullptr || request.plane >= buffer->planes.size()) return -EINVAL;
  const int fd = export_descriptor(buffer->planes[request.plane].fd(), request.flags);
  if (fd < 0) return fd;
  request.fd = fd;
  std::fill(std::begin(request.reserved), std::end(request.reserved), 0);
  return 0;
}

bool M2mFile::any_capture_buffer_fits() const {
  const auto wanted = formats_.plane_sizes(Side::kCapture);
  return std::any_of(capture_.buffers().begin(), capture_.buffers().end(),
                     [&](const auto& buffer) { return buffer->holds(wanted); });
}

bool M2mFile::capture_fits_stream(const codec::StreamFormat& stream) {
  return formats_.describes(stream) && capture_.streaming() && !capture_.failed() &&
         capture_.count() >= stream.min_output_buffers && any_capture_buffer_fits();
}

int M2mFile::streamon(int& type, IoctlCall&) {
  const auto side = side_of(static_cast<uint32_t>(type), multiplanar());
  if (!side) return -side.error().code;
  BufferQueue& q = queue(*side);
  if (q.streaming()) return 0;
  if (q.count() == 0) return -EINVAL;
  if (*side == Side::kOutput) {
    start_error_ = 0;
    happen({.what = SVPU_ON_OUTPUT_STREAMON});
    if (start_error_ != 0) {  // vidioc-streamon.rst: queued buffers stay queued
      happen({.what = SVPU_ON_OUTPUT_STREAMOFF});
      happen({.what = SVPU_ON_OUTPUT_FREED});
      return -start_error_;
    }
    q.start_streaming();
  } else {
    const svpu_decoder_event starts{.what = SVPU_ON_CAPTURE_STREAMON, .fits = any_capture_buffer_fits()};
    if (const int error = refusal_of(starts)) return -error;
    q.start_streaming();
    happen(starts);
  }
  pump();
  return 0;
}

int M2mFile::streamoff(int& type, IoctlCall& call) {
  const auto side = side_of(static_cast<uint32_t>(type), multiplanar());
  if (!side) return -side.error().code;
  BufferQueue& q = queue(*side);
  const bool was_streaming = q.streaming();
  q.cancel();  // also what was queued or prepared without STREAMON
  if (was_streaming) {
    happen({.what = *side == Side::kOutput ? SVPU_ON_OUTPUT_STREAMOFF : SVPU_ON_CAPTURE_STREAMOFF});
    pump();
    // From here on the memory is the client's: a codec that still read or wrote it would see, or spoil, what the client puts
    // there.
    await_flushed(*side, call);
  }
  return 0;
}

}  // namespace softvpu::v4l2
