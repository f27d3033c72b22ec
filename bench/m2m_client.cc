// SPDX-License-Identifier: LGPL-2.1-or-later
#include "m2m_client.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace softvpu::bench {
namespace {

constexpr uint32_t kInput = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
constexpr uint32_t kOutput = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
constexpr uint32_t kInputBuffers = 8;
constexpr uint32_t kExtraOutputBuffers = 8;
constexpr int kStallMs = 20000;

struct Buffer {
  uint8_t* data = nullptr;
  size_t length = 0;
};

class Client {
 public:
  Client(const Clip& clip, uint32_t raw_fourcc, PictureSink& sink, const std::function<void()>& before_end)
      : clip_(clip), raw_fourcc_(raw_fourcc), sink_(sink), before_end_(before_end) {}
  ~Client() {
    for (auto* set : {&inputs_, &outputs_})
      for (Buffer& buffer : *set)
        if (buffer.data) munmap(buffer.data, buffer.length);
    if (fd_ >= 0) close(fd_);
  }

  std::string run(const std::string& node) {
    sink_.begin();
    if (!open_node(node) || !start_inputs() || !pump()) return error_;
    sink_.end();
    if (before_end_) before_end_();
    return {};
  }

 private:
  bool fail(const char* what) {
    error_ = std::string(what) + ": " + std::strerror(errno);
    return false;
  }
  bool call(unsigned long request, void* arg, const char* name) { return ioctl(fd_, request, arg) == 0 || fail(name); }

  bool open_node(const std::string& node) {
    fd_ = open(node.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) return fail(node.c_str());
    v4l2_event_subscription subscription{};
    subscription.type = V4L2_EVENT_SOURCE_CHANGE;
    v4l2_format format{};
    format.type = kInput;
    format.fmt.pix_mp.pixelformat = clip_.fourcc;
    format.fmt.pix_mp.width = clip_.width;
    format.fmt.pix_mp.height = clip_.height;
    format.fmt.pix_mp.num_planes = 1;
    return call(VIDIOC_SUBSCRIBE_EVENT, &subscription, "SUBSCRIBE_EVENT") && call(VIDIOC_S_FMT, &format, "S_FMT(OUTPUT)");
  }

  bool allocate(uint32_t type, uint32_t count, std::vector<Buffer>& buffers) {
    v4l2_requestbuffers request{};
    request.type = type;
    request.memory = V4L2_MEMORY_MMAP;
    request.count = count;
    if (!call(VIDIOC_REQBUFS, &request, "REQBUFS")) return false;
    buffers.resize(request.count);
    for (uint32_t i = 0; i < request.count; ++i) {
      v4l2_plane plane{};
      v4l2_buffer query{};
      query.type = type;
      query.memory = V4L2_MEMORY_MMAP;
      query.index = i;
      query.length = 1;
      query.m.planes = &plane;
      if (!call(VIDIOC_QUERYBUF, &query, "QUERYBUF")) return false;
      void* data = mmap(nullptr, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, plane.m.mem_offset);
      if (data == MAP_FAILED) return fail("mmap");
      buffers[i] = {static_cast<uint8_t*>(data), plane.length};
    }
    return true;
  }

  void release(uint32_t type, std::vector<Buffer>& buffers) {
    for (Buffer& buffer : buffers) munmap(buffer.data, buffer.length);
    buffers.clear();
    v4l2_requestbuffers request{};
    request.type = type;
    request.memory = V4L2_MEMORY_MMAP;
    ioctl(fd_, VIDIOC_REQBUFS, &request);
  }

  bool start_inputs() {
    if (!allocate(kInput, kInputBuffers, inputs_)) return false;
    for (uint32_t i = 0; i < inputs_.size(); ++i)
      if (!feed(i)) return false;
    int type = kInput;
    return call(VIDIOC_STREAMON, &type, "STREAMON(OUTPUT)");
  }

  // Fills input `index` with the next packet; after the last one asks for the drain, once.
  bool feed(uint32_t index) {
    if (next_ == clip_.packets.size()) {
      if (draining_) return true;
      draining_ = true;
      v4l2_decoder_cmd stop{};
      stop.cmd = V4L2_DEC_CMD_STOP;
      return !streaming_output_ || call(VIDIOC_DECODER_CMD, &stop, "DECODER_CMD(STOP)");
    }
    const Packet& packet = clip_.packets[next_];
    if (packet.data.size() > inputs_[index].length) {
      errno = EMSGSIZE;
      return fail("packet larger than the OUTPUT buffer");
    }
    std::memcpy(inputs_[index].data, packet.data.data(), packet.data.size());
    v4l2_plane plane{};
    plane.bytesused = static_cast<uint32_t>(packet.data.size());
    v4l2_buffer buffer{};
    buffer.type = kInput;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.index = index;
    buffer.length = 1;
    buffer.m.planes = &plane;
    buffer.timestamp.tv_sec = packet.pts_us / 1000000;
    buffer.timestamp.tv_usec = packet.pts_us % 1000000;
    if (!call(VIDIOC_QBUF, &buffer, "QBUF(OUTPUT)")) return false;
    ++next_;
    return true;
  }

  bool queue_output(uint32_t index) {
    v4l2_plane plane{};
    v4l2_buffer buffer{};
    buffer.type = kOutput;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.index = index;
    buffer.length = 1;
    buffer.m.planes = &plane;
    return call(VIDIOC_QBUF, &buffer, "QBUF(CAPTURE)");
  }

  // dev-decoder.rst, Capture Setup; also after a resolution change.
  bool set_up_output() {
    int type = kOutput;
    if (streaming_output_) {
      if (!call(VIDIOC_STREAMOFF, &type, "STREAMOFF(CAPTURE)")) return false;
      release(kOutput, outputs_);
    }
    v4l2_format format{};
    format.type = kOutput;
    if (!call(VIDIOC_G_FMT, &format, "G_FMT(CAPTURE)")) return false;
    format.fmt.pix_mp.pixelformat = raw_fourcc_;
    if (!call(VIDIOC_S_FMT, &format, "S_FMT(CAPTURE)")) return false;
    v4l2_selection visible{};
    visible.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    visible.target = V4L2_SEL_TGT_COMPOSE;
    if (!call(VIDIOC_G_SELECTION, &visible, "G_SELECTION(COMPOSE)")) return false;
    if (visible.r.left != 0 || visible.r.top != 0) {
      errno = ENOTSUP;
      return fail("a picture that is cropped at the left or top");
    }
    format_ = format.fmt.pix_mp;
    width_ = visible.r.width;
    height_ = visible.r.height;
    v4l2_control minimum{};
    minimum.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
    if (!call(VIDIOC_G_CTRL, &minimum, "G_CTRL(MIN_BUFFERS_FOR_CAPTURE)")) return false;
    if (!allocate(kOutput, static_cast<uint32_t>(minimum.value) + kExtraOutputBuffers, outputs_)) return false;
    for (uint32_t i = 0; i < outputs_.size(); ++i)
      if (!queue_output(i)) return false;
    if (!call(VIDIOC_STREAMON, &type, "STREAMON(CAPTURE)")) return false;
    if (!streaming_output_ && draining_) {
      streaming_output_ = true;
      draining_ = false;
      return feed(0);
    }
    streaming_output_ = true;
    return true;
  }

  bool pump() {
    while (!done_) {
      pollfd poller{fd_, POLLIN | POLLOUT | POLLPRI, 0};
      const int ready = poll(&poller, 1, kStallMs);
      if (ready == 0) errno = ETIMEDOUT;
      if (ready <= 0) return fail("poll");
      if ((poller.revents & POLLPRI) && !take_event()) return false;
      if ((poller.revents & POLLOUT) && !take_input()) return false;
      if (streaming_output_ && (poller.revents & POLLIN) && !take_output()) return false;
      if ((poller.revents & POLLERR) && !(poller.revents & (POLLIN | POLLOUT | POLLPRI))) {
        errno = EIO;
        return fail("poll says POLLERR");
      }
    }
    return true;
  }

  bool take_event() {
    v4l2_event event{};
    if (ioctl(fd_, VIDIOC_DQEVENT, &event) < 0) return errno == ENOENT || fail("DQEVENT");
    if (event.type != V4L2_EVENT_SOURCE_CHANGE) return true;
    change_pending_ = streaming_output_;
    return streaming_output_ || set_up_output();
  }

  bool take_input() {
    v4l2_plane plane{};
    v4l2_buffer buffer{};
    buffer.type = kInput;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.length = 1;
    buffer.m.planes = &plane;
    if (ioctl(fd_, VIDIOC_DQBUF, &buffer) < 0) return errno == EAGAIN || fail("DQBUF(OUTPUT)");
    return feed(buffer.index);
  }

  bool take_output() {
    v4l2_plane plane{};
    v4l2_buffer buffer{};
    buffer.type = kOutput;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.length = 1;
    buffer.m.planes = &plane;
    if (ioctl(fd_, VIDIOC_DQBUF, &buffer) < 0) {
      if (errno == EPIPE) return finish_sequence();
      return errno == EAGAIN || fail("DQBUF(CAPTURE)");
    }
    if (plane.bytesused > 0) sink_.take(picture_in(outputs_[buffer.index]));
    if (buffer.flags & V4L2_BUF_FLAG_LAST) return finish_sequence();
    return queue_output(buffer.index);
  }

  Picture picture_in(const Buffer& buffer) const {
    const size_t stride = format_.plane_fmt[0].bytesperline;
    const uint8_t* chroma = buffer.data + stride * format_.height;
    if (raw_fourcc_ == V4L2_PIX_FMT_NV12) return {{buffer.data, chroma, nullptr}, {stride, stride, 0}, width_, height_};
    return {{buffer.data, chroma, chroma + stride / 2 * (size_t{format_.height} / 2)},
            {stride, stride / 2, stride / 2},
            width_,
            height_};
  }

  // The LAST buffer ends either the drain or the old resolution (dev-decoder.rst, Decoding).
  bool finish_sequence() {
    if (change_pending_) {
      change_pending_ = false;
      return set_up_output();
    }
    done_ = true;
    return true;
  }

  const Clip& clip_;
  const uint32_t raw_fourcc_;
  PictureSink& sink_;
  const std::function<void()>& before_end_;
  v4l2_pix_format_mplane format_{};
  uint32_t width_ = 0;  // of what is visible, pixels
  uint32_t height_ = 0;
  int fd_ = -1;
  std::vector<Buffer> inputs_;
  std::vector<Buffer> outputs_;
  size_t next_ = 0;
  bool draining_ = false;
  bool streaming_output_ = false;
  bool change_pending_ = false;
  bool done_ = false;
  std::string error_;
};

}  // namespace

std::string decode_through_device(const std::string& node, const Clip& clip, uint32_t raw_fourcc, PictureSink& sink,
                                  const std::function<void()>& before_end) {
  return Client(clip, raw_fourcc, sink, before_end).run(node);
}

}  // namespace softvpu::bench
