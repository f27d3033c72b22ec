// SPDX-License-Identifier: LGPL-2.1-or-later
// What the guest tests share: the product's decoder node with its real worker, driven far enough that a buffer goes there and
// back. No stream is needed: the worker also returns what it can't decode.
#pragma once

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

namespace softvpu::guest {

inline constexpr const char* kNode = "/dev/video10";
inline constexpr uint32_t kOutput = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
inline constexpr uint32_t kCapture = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
inline constexpr uint32_t kBytes = 1 << 20;

// Each call returns 0 (or what its comment says) or a negative errno.
class Codec {
 public:
  explicit Codec(int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK) : fd_(::open(kNode, flags)) {}
  ~Codec() { close(); }
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int call(unsigned long request, void* argument) const { return ::ioctl(fd_, request, argument) == 0 ? 0 : -errno; }

  int set_format() const {
    v4l2_format format{};
    format.type = kOutput;
    format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
    format.fmt.pix_mp.num_planes = 1;
    format.fmt.pix_mp.plane_fmt[0].sizeimage = kBytes;
    return call(VIDIOC_S_FMT, &format);
  }
  int request_buffers(uint32_t count) const {
    v4l2_requestbuffers request{};
    request.count = count;
    request.type = kOutput;
    request.memory = V4L2_MEMORY_MMAP;
    return call(VIDIOC_REQBUFS, &request);
  }
  int stream(bool on) const {
    int type = kOutput;
    return call(on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
  }
  int queue(uint32_t index) const {
    v4l2_plane plane{};
    plane.bytesused = 100;
    plane.length = kBytes;
    v4l2_buffer buffer = buffer_of(index, &plane);
    return call(VIDIOC_QBUF, &buffer);
  }
  int dequeue() const {
    v4l2_plane plane{};
    v4l2_buffer buffer = buffer_of(0, &plane);
    return call(VIDIOC_DQBUF, &buffer);
  }
  int start() const {
    if (const int error = set_format()) return error;
    if (const int error = request_buffers(2)) return error;
    return stream(true);
  }
  // A buffer to the worker and back.
  int round_trip() const {
    if (const int error = queue(0)) return error;
    pollfd wanted{fd_, POLLOUT, 0};
    if (::poll(&wanted, 1, 60'000) != 1) return -ETIME;
    return dequeue();
  }
  int export_buffer(uint32_t flags) const {
    v4l2_exportbuffer request{};
    request.type = kOutput;
    request.flags = flags;
    const int error = call(VIDIOC_EXPBUF, &request);
    return error != 0 ? error : request.fd;
  }

  static v4l2_buffer buffer_of(uint32_t index, v4l2_plane* plane) {
    v4l2_buffer buffer{};
    buffer.index = index;
    buffer.type = kOutput;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.m.planes = plane;
    buffer.length = 1;
    return buffer;
  }

 private:
  int fd_;
};

struct Outcome {
  int status = 0;    // what the body returned, or 128 + the signal
  std::string said;  // on standard error
};

// Runs `body` in a forked child.
inline Outcome in_child(const std::function<int()>& body) {
  int ends[2];
  Outcome outcome;
  if (::pipe(ends) != 0) return {126, "pipe"};
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 2);
    ::close(ends[0]);
    ::close(ends[1]);
    ::_exit(body());
  }
  ::close(ends[1]);
  char part[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], part, sizeof part)) > 0;) outcome.said.append(part, static_cast<size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return outcome;
}

}  // namespace softvpu::guest
