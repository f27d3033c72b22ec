// SPDX-License-Identifier: LGPL-2.1-or-later
// The buffer and streaming ioctls of an open codec node: handlers, and their rows at the end. They
// run under the file's lock. Clauses: vidioc-reqbufs.rst, vidioc-create-bufs.rst,
// vidioc-querybuf.rst, vidioc-qbuf.rst, vidioc-prepare-buf.rst, vidioc-expbuf.rst,
// vidioc-streamon.rst, vidioc-remove-bufs.rst; order of checks as videobuf2.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/shared_memory.h"
#include "v4l2/file/codec_file.h"
#include "v4l2/file/codec_ioctls.h"
#include "v4l2/ioctl/newer_videodev2.h"
#include "v4l2/queue/client_memory.h"

namespace softvpu::v4l2 {
namespace {

// No requests, no cache hints.
constexpr uint32_t kBufferCapabilities =
    V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS | V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS;
// Memory that the client brings, named by its pointers and descriptors. From a message, they would
// be taken for this process's.
constexpr uint32_t kClientMemory = V4L2_BUF_CAP_SUPPORTS_USERPTR | V4L2_BUF_CAP_SUPPORTS_DMABUF;

uint32_t buffer_capabilities(const IoctlCall& call) { return kBufferCapabilities | (call.from_message ? 0 : kClientMemory); }

bool offers(uint32_t memory, const IoctlCall& call) {
  if (memory == V4L2_MEMORY_MMAP) return true;
  return !call.from_message && (memory == V4L2_MEMORY_USERPTR || memory == V4L2_MEMORY_DMABUF);
}

constexpr const char* kNoMemoryType = "not a memory type of this node";
constexpr const char* kOtherMemory = "the queue's buffers have another memory type";
constexpr const char* kFailedSession = "the codec session failed; STREAMOFF, then start again";

// Limits of the process and its seccomp filter are the program's doing: whoever asks
// for errors sees which.
Unexpected refuse_memory(const Error& error) {
  log_line(LogLevel::kError, "no memory for buffers: %s (errno %d)", error.reason.c_str(), error.code);
  return Unexpected(error);
}

Status reqbufs(CodecFile& file, v4l2_requestbuffers& request, IoctlCall& call) {
  const auto side = side_of(request.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  BufferQueue& queue = file.queue(*side);
  request.capabilities = buffer_capabilities(call);
  request.flags = 0;
  std::fill(std::begin(request.reserved), std::end(request.reserved), 0);
  if (!offers(request.memory, call)) return fail(EINVAL, kNoMemoryType);
  if (queue.streaming()) return fail(EBUSY, "the queue streams");
  if (request.count == 0 || queue.count() != 0) file.free_buffers(*side);
  if (request.count == 0) {
    file.role().buffers_freed(*side);
    return {};
  }
  // "A larger number is also possible when the driver requires more buffers to function correctly."
  const Formats& formats = file.role().formats();
  const uint32_t count = std::clamp<uint32_t>(request.count, formats.min_buffers(*side), VIDEO_MAX_FRAME);
  const auto added = queue.add(count, formats.plane_sizes(*side), request.memory);
  if (!added) return refuse_memory(added.error());
  request.count = *added;
  return {};
}

Status create_bufs(CodecFile& file, v4l2_create_buffers& create, IoctlCall& call) {
  const auto side = side_of(create.format.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  BufferQueue& queue = file.queue(*side);
  create.capabilities = buffer_capabilities(call);
  create.flags = 0;
  create.index = queue.count();
  std::fill(std::begin(create.reserved), std::end(create.reserved), 0);
  if (!offers(create.memory, call)) return fail(EINVAL, kNoMemoryType);
  if (create.count == 0) return {};  // only asks for the index and the capabilities
  if (queue.count() != 0 && create.memory != queue.memory()) return fail(EINVAL, kOtherMemory);

  const PixFormat format = format_in(create.format, file.multiplanar());
  auto sizes = file.role().formats().plane_sizes(*side);
  if (format.num_planes != sizes.size()) return fail(EINVAL, "the current format has another number of planes");
  for (size_t i = 0; i < sizes.size(); ++i) {
    const uint32_t wanted = format.planes[i].sizeimage;
    if (wanted == 0 || wanted < sizes[i].length) return fail(EINVAL, "sizeimage is too small for the current format");
    if (wanted > kMaxPlaneBytes) return fail(ENOMEM, "sizeimage is larger than any plane may be");
    sizes[i].length = wanted;
    sizes[i].slack = 0;  // vidioc-create-bufs.rst: the size of the buffers is the client's to say
  }
  if (queue.count() == VIDEO_MAX_FRAME) return fail(ENOBUFS, "the queue has as many buffers as there may be");
  const uint32_t count = std::min<uint32_t>(create.count, VIDEO_MAX_FRAME);
  create.index = queue.room_for(count).first;
  const auto added = queue.add(count, sizes, create.memory);
  if (!added) return refuse_memory(added.error());
  create.count = *added;
  return {};
}

Status remove_bufs(CodecFile& file, v4l2_remove_buffers& remove, IoctlCall&) {
  const auto side = side_of(remove.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  BufferQueue& queue = file.queue(*side);
  if (remove.count == 0) return {};
  if (remove.count > queue.count() || remove.index > VIDEO_MAX_FRAME - remove.count)
    return fail(EINVAL, "the queue doesn't have these buffers");
  for (uint32_t i = 0; i < remove.count; ++i) {
    const Buffer* buffer = queue.find(remove.index + i);
    if (buffer == nullptr) return fail(EINVAL, "one of the buffers doesn't exist");
    if (!buffer->is<Dequeued>()) return fail(EBUSY, "one of the buffers isn't dequeued");
  }
  for (uint32_t i = 0; i < remove.count; ++i) file.session().unmap(*side, *queue.find(remove.index + i));
  queue.free_some(remove.index, remove.count);
  return {};
}

// A v4l2_buffer of the client with the buffer that it names.
struct NamedBuffer {
  Side side{};
  BufferQueue* queue = nullptr;
  Buffer* known = nullptr;
  BufferView view;
};

Status find_buffer(CodecFile& file, const v4l2_buffer& buffer, const IoctlCall& call, NamedBuffer& named) {
  const auto side = side_of(buffer.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  named.side = *side;
  named.queue = &file.queue(*side);
  named.view = buffer_in(buffer, call.planes, file.multiplanar());
  named.known = named.queue->find(buffer.index);
  if (named.known == nullptr) return fail(EINVAL, "no buffer of this index");
  if (!named.view.has_planes || named.view.num_planes < named.known->planes.size())
    return fail(EINVAL, "too few entries in the planes array");
  return {};
}

void answer(const CodecFile& file, const NamedBuffer& named, v4l2_buffer& buffer, IoctlCall& call) {
  buffer_out(named.queue->view(*named.known), named.side, file.multiplanar(), &buffer, call.planes);
}

// The buffer has the memory that the client names, which it checks as videobuf2's buf_prepare does.
// Not a part of its callers, for their stack.
__attribute__((noinline)) Status take_memory_and_view(CodecFile& file, NamedBuffer& named, const IoctlCall& call) {
  if (!offers(named.queue->memory(), call)) return fail(EINVAL, kNoMemoryType);
  auto brought = bring_memory(*named.queue, *named.known, named.view);
  if (!brought) return Unexpected(brought.error());
  if (brought->has_value()) {
    file.session().unmap(named.side, *named.known);
    named.queue->attach(*named.known, std::move(**brought));
  }
  return named.queue->take(*named.known, named.view);
}

Status querybuf(CodecFile& file, v4l2_buffer& buffer, IoctlCall& call) {
  NamedBuffer named;
  if (auto status = find_buffer(file, buffer, call, named); !status) return status;
  answer(file, named, buffer, call);
  return {};
}

Status prepare_buf(CodecFile& file, v4l2_buffer& buffer, IoctlCall& call) {
  NamedBuffer named;
  if (auto status = find_buffer(file, buffer, call, named); !status) return status;
  if (named.view.memory != named.queue->memory()) return fail(EINVAL, kOtherMemory);
  if ((named.view.flags & V4L2_BUF_FLAG_REQUEST_FD) != 0) return fail(EINVAL, "this node has no requests");
  if (named.queue->failed() || (named.side == Side::kCapture && file.role().has_failed())) return fail(EIO, kFailedSession);
  auto* place = std::get_if<Dequeued>(&named.known->place);
  if (place == nullptr || place->prepared) return fail(EINVAL, "the buffer is queued or prepared");
  if (auto status = take_memory_and_view(file, named, call); !status) return status;
  place->prepared = true;
  answer(file, named, buffer, call);
  return {};
}

// Not a part of qbuf(): its frame is gone when the codec gets the buffer, and both need some
// of the caller's stack.
__attribute__((noinline)) Status enqueue(CodecFile& file, v4l2_buffer& buffer, IoctlCall& call) {
  NamedBuffer named;
  if (auto status = find_buffer(file, buffer, call, named); !status) return status;
  if (named.view.memory != named.queue->memory()) return fail(EINVAL, kOtherMemory);
  auto* place = std::get_if<Dequeued>(&named.known->place);
  if ((named.view.flags & V4L2_BUF_FLAG_REQUEST_FD) != 0)
    return fail(place == nullptr ? EINVAL : EBADR, "this node has no requests");
  if (named.queue->failed() || (named.side == Side::kCapture && file.role().has_failed())) return fail(EIO, kFailedSession);
  if (place == nullptr) return fail(EINVAL, "the buffer is queued already");
  if (!place->prepared)
    if (auto status = take_memory_and_view(file, named, call); !status) return status;
  if (auto status = file.role().suits(named.side, *named.known); !status) return status;
  if (auto status = pass_to_codec(*named.known); !status) return status;
  named.queue->enqueue(*named.known, named.view);
  answer(file, named, buffer, call);
  return {};
}

Status qbuf(CodecFile& file, v4l2_buffer& buffer, IoctlCall& call) {
  if (auto status = enqueue(file, buffer, call); !status) return status;
  const Side side = V4L2_TYPE_IS_OUTPUT(buffer.type) ? Side::kOutput : Side::kCapture;
  file.role().queued(side, *file.queue(side).find(buffer.index));
  return {};
}

// Not a part of dqbuf(), for the same reason.
__attribute__((noinline)) Status try_dequeue(CodecFile& file, v4l2_buffer& buffer, Side side, IoctlCall& call) {
  if (file.released()) return fail(ENODEV, "the file is closed");
  BufferQueue& queue = file.queue(side);
  if (!queue.streaming()) return fail(EINVAL, "the queue doesn't stream");
  if (queue.failed()) return fail(EIO, kFailedSession);                           // vb2_queue_error(): whatever is done
  if (queue.last_dequeued()) return fail(EPIPE, "the last buffer was dequeued");  // vidioc-qbuf.rst, EPIPE
  Buffer* next = queue.next_done();
  if (next == nullptr) return fail(EAGAIN);
  if (file.multiplanar() && (call.planes == nullptr || buffer.length < next->planes.size()))
    return fail(EINVAL, "too few entries in the planes array");
  if (auto status = pass_to_client(*next); !status) return status;  // it stays the next one
  BufferView view = queue.view(*next);
  view.flags &= ~uint32_t{V4L2_BUF_FLAG_DONE};
  if (next->arms_epipe) queue.set_last_dequeued(true);
  next->arms_epipe = false;
  queue.dequeue(*next);
  buffer_out(view, side, file.multiplanar(), &buffer, call.planes);
  return {};
}

Status dqbuf(CodecFile& file, v4l2_buffer& buffer, IoctlCall& call) {
  const auto found = side_of(buffer.type, file.multiplanar());
  if (!found) return Unexpected(found.error());
  const Side side = *found;
  for (;;) {
    if (Status status = try_dequeue(file, buffer, side, call); status || status.error().code != EAGAIN || call.nonblocking) {
      if (status) file.role().dequeued(side);
      return status;
    }
    if (file.sleep(call, -1) == EINTR) return fail(EINTR);
  }
}

Status expbuf(CodecFile& file, v4l2_exportbuffer& request, IoctlCall&) {
  const auto side = side_of(request.type, file.multiplanar());
  if (!side) return Unexpected(side.error());
  if ((request.flags & ~uint32_t{O_CLOEXEC | O_ACCMODE}) != 0)
    return fail(EINVAL, "flags other than O_CLOEXEC and an access mode");
  Buffer* buffer = file.queue(*side).find(request.index);
  if (buffer == nullptr || request.plane >= buffer->planes.size()) return fail(EINVAL, "no buffer or plane of this index");
  const PlaneMemory& plane = *buffer->planes[request.plane];
  if (plane.fd() < 0) return fail(EINVAL, "only MMAP buffers can be exported");
  const int fd = file.exporter().export_memory(plane.fd(), page_align(plane.for_session().mapped_length), request.flags);
  if (fd < 0) return fail(-fd, "no descriptor for the buffer");
  request.fd = fd;
  std::fill(std::begin(request.reserved), std::end(request.reserved), 0);
  return {};
}

Status streamon(CodecFile& file, int& type, IoctlCall&) {
  const auto side = side_of(static_cast<uint32_t>(type), file.multiplanar());
  if (!side) return Unexpected(side.error());
  const BufferQueue& queue = file.queue(*side);
  if (queue.streaming()) return {};
  if (queue.count() == 0) return fail(EINVAL, "the queue has no buffers");
  return file.role().start_streaming(*side);
}

Status streamoff(CodecFile& file, int& type, IoctlCall& call) {
  const auto side = side_of(static_cast<uint32_t>(type), file.multiplanar());
  if (!side) return Unexpected(side.error());
  BufferQueue& queue = file.queue(*side);
  const bool was_streaming = queue.streaming();
  queue.cancel();  // also what was queued or prepared without STREAMON
  if (!was_streaming) return {};
  file.role().stop_streaming(*side);
  // From here on the memory is the client's: a codec that still read or wrote it would see, or
  // spoil, what the client puts there.
  file.await_flushed(*side, call);
  return {};
}

constexpr std::array kRows = {
    SOFTVPU_IOCTL(VIDIOC_REQBUFS, reqbufs, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_QUERYBUF, querybuf, 0, SOFTVPU_UP_TO(v4l2_buffer, length)),
    SOFTVPU_IOCTL(VIDIOC_QBUF, qbuf),
    SOFTVPU_IOCTL(VIDIOC_EXPBUF, expbuf, 0, SOFTVPU_UP_TO(v4l2_exportbuffer, flags)),
    SOFTVPU_IOCTL(VIDIOC_DQBUF, dqbuf),
    SOFTVPU_IOCTL(VIDIOC_STREAMON, streamon, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_STREAMOFF, streamoff, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_CREATE_BUFS, create_bufs, kPriorityChecked),
    SOFTVPU_IOCTL(VIDIOC_PREPARE_BUF, prepare_buf),
    SOFTVPU_IOCTL(VIDIOC_REMOVE_BUFS, remove_bufs, kPriorityChecked, SOFTVPU_UP_TO(v4l2_remove_buffers, type)),
};
static_assert(is_sorted_by_number(kRows));

}  // namespace

IoctlRows buffer_ioctls() { return kRows; }

}  // namespace softvpu::v4l2
