// SPDX-License-Identifier: LGPL-2.1-or-later
// A client of an encoder node for tests: calls with their structs filled in, for either kind of node. Every call returns 0 or a
// negative errno. Included by *_test.cc of this folder.
#pragma once

#include <linux/videodev2.h>
#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <vector>

#include "media/source_layout.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/video_device.h"

namespace softvpu {

// What a comparison that fails prints.
inline void PrintTo(const Size& size, std::ostream* out) { *out << size.width << 'x' << size.height; }
inline void PrintTo(const Rect& rect, std::ostream* out) {
  *out << rect.width << 'x' << rect.height << " at " << rect.left << ',' << rect.top;
}

namespace v4l2 {

struct Got {
  int error = 0;  // of DQBUF; then nothing else counts
  uint32_t index = 0;
  uint32_t flags = 0;
  uint32_t bytesused = 0;
  uint32_t field = 0;
  uint32_t sequence = 0;
  timeval timestamp{};
  bool has(uint32_t flag) const { return (flags & flag) != 0; }
};

class EncoderClient {
 public:
  EncoderClient(const std::shared_ptr<VideoDevice>& device, bool multiplanar) : multiplanar_(multiplanar) {
    auto file = device->open();
    if (file) file_ = *file;
  }
  ~EncoderClient() {
    for (auto& maps : maps_) unmap(maps);
    if (file_) file_->release();
  }
  EncoderClient(const EncoderClient&) = delete;
  EncoderClient& operator=(const EncoderClient&) = delete;

  bool is_open() const { return file_ != nullptr; }
  FileHandle& file() { return *file_; }
  bool blocking = false;  // of DQBUF and DQEVENT
  uint32_t type(Side side) const { return buffer_type(side, multiplanar_); }
  int ioctl(unsigned long request, void* argument) { return file_->ioctl(request, argument, !blocking); }

  // --- formats
  int format(unsigned long request, Side side, PixFormat* pix) {
    v4l2_format format{};
    format.type = type(side);
    format_out(*pix, multiplanar_, &format);
    const int result = ioctl(request, &format);
    if (result == 0) *pix = format_in(format, multiplanar_);
    return result;
  }
  PixFormat g_fmt(Side side) {
    PixFormat pix;
    return format(VIDIOC_G_FMT, side, &pix) == 0 ? pix : PixFormat{};
  }
  int set_raw(FourCC raw, Size size, uint32_t stride = 0, PixFormat* answer = nullptr) {
    PixFormat pix;
    pix.pixelformat = raw;
    pix.size = size;
    pix.planes[0].bytesperline = stride;
    const int result = format(VIDIOC_S_FMT, Side::kOutput, &pix);
    if (answer != nullptr) *answer = pix;
    return result;
  }
  int set_coded(FourCC coded, Size size = {}, uint32_t sizeimage = 0, PixFormat* answer = nullptr) {
    PixFormat pix;
    pix.pixelformat = coded;
    pix.size = size;
    pix.planes[0].sizeimage = sizeimage;
    const int result = format(VIDIOC_S_FMT, Side::kCapture, &pix);
    if (answer != nullptr) *answer = pix;
    return result;
  }
  int selection(unsigned long request, uint32_t target, Rect* rect, uint32_t flags = 0,
                uint32_t on = V4L2_BUF_TYPE_VIDEO_OUTPUT) {
    v4l2_selection selection{.type = on, .target = target, .flags = flags};
    selection.r = {rect->left, rect->top, rect->width, rect->height};
    const int result = ioctl(request, &selection);
    *rect = {selection.r.left, selection.r.top, selection.r.width, selection.r.height};
    return result;
  }
  int parm(unsigned long request, Side side, v4l2_fract* interval) {
    v4l2_streamparm parm{};
    parm.type = type(side);
    parm.parm.output.timeperframe = *interval;
    const int result = ioctl(request, &parm);
    *interval = parm.parm.output.timeperframe;
    return result;
  }
  int set_control(uint32_t id, int32_t value) {
    v4l2_control control{id, value};
    return ioctl(VIDIOC_S_CTRL, &control);
  }

  // --- buffers
  int reqbufs(Side side, uint32_t count) {
    v4l2_requestbuffers request{.count = count, .type = type(side), .memory = V4L2_MEMORY_MMAP};
    auto& maps = maps_[index(side)];
    unmap(maps);
    const int result = ioctl(VIDIOC_REQBUFS, &request);
    for (uint32_t i = 0; result == 0 && count > 0 && i < request.count; ++i) {
      v4l2_buffer queried = named(side, i);
      if (ioctl(VIDIOC_QUERYBUF, &queried) != 0) return -EPROTO;
      const uint32_t length = multiplanar_ ? planes_[0].length : queried.length;
      const uint64_t offset = multiplanar_ ? planes_[0].m.mem_offset : queried.m.offset;
      const auto at = file_->mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
      if (!at) return -at.error().code;
      maps.push_back({static_cast<uint8_t*>(*at), length});
    }
    return result;
  }
  uint32_t count(Side side) const { return static_cast<uint32_t>(maps_[index(side)].size()); }
  uint8_t* memory(Side side, uint32_t buffer) { return maps_[index(side)].at(buffer).at; }
  uint32_t length(Side side, uint32_t buffer) const { return maps_[index(side)].at(buffer).length; }

  struct Queueing {
    timeval timestamp{};
    uint32_t bytesused = 0;
    uint32_t data_offset = 0;
    uint32_t flags = 0;
    uint32_t field = V4L2_FIELD_NONE;
  };
  int qbuf(Side side, uint32_t buffer, const Queueing& how) {
    v4l2_buffer queued = named(side, buffer);
    queued.timestamp = how.timestamp;
    queued.flags = how.flags;
    queued.field = how.field;
    if (multiplanar_) {
      planes_[0].bytesused = how.bytesused;
      planes_[0].data_offset = how.data_offset;
    } else {
      queued.bytesused = how.bytesused;
    }
    return ioctl(VIDIOC_QBUF, &queued);
  }
  int qbuf(Side side, uint32_t buffer, uint64_t microseconds = 0) {
    return qbuf(side, buffer,
                Queueing{.timestamp = {static_cast<time_t>(microseconds / 1'000'000),
                                       static_cast<suseconds_t>(microseconds % 1'000'000)}});
  }
  int queue_all(Side side) {
    for (uint32_t i = 0; i < count(side); ++i)
      if (const int result = qbuf(side, i)) return result;
    return 0;
  }
  Got dqbuf(Side side) {
    v4l2_buffer dequeued = named(side, 0);
    Got got;
    got.error = ioctl(VIDIOC_DQBUF, &dequeued);
    if (got.error != 0) return got;
    got.index = dequeued.index;
    got.flags = dequeued.flags;
    got.bytesused = multiplanar_ ? planes_[0].bytesused : dequeued.bytesused;
    got.field = dequeued.field;
    got.sequence = dequeued.sequence;
    got.timestamp = dequeued.timestamp;
    return got;
  }
  // DQBUF that waits, whatever `blocking` says.
  Got await(Side side) {
    const bool before = std::exchange(blocking, true);
    const Got got = dqbuf(side);
    blocking = before;
    return got;
  }
  int stream(Side side, bool on) {
    int value = static_cast<int>(type(side));
    return ioctl(on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &value);
  }
  int command(uint32_t cmd) {
    v4l2_encoder_cmd command{.cmd = cmd};
    return ioctl(VIDIOC_ENCODER_CMD, &command);
  }
  int subscribe(uint32_t event) {
    v4l2_event_subscription subscription{.type = event};
    return ioctl(VIDIOC_SUBSCRIBE_EVENT, &subscription);
  }
  // The type, or a negative errno.
  int dqevent() {
    v4l2_event event{};
    const int result = ioctl(VIDIOC_DQEVENT, &event);
    return result == 0 ? static_cast<int>(event.type) : result;
  }

  // Formats, buffers, everything queued but OUTPUT, both queues started.
  int begin(FourCC coded, FourCC raw, Size size, uint32_t buffers = 4) {
    int result = set_coded(coded);
    if (result == 0) result = set_raw(raw, size);
    if (result == 0) result = reqbufs(Side::kOutput, buffers);
    if (result == 0) result = reqbufs(Side::kCapture, buffers);
    if (result == 0) result = queue_all(Side::kCapture);
    if (result == 0) result = stream(Side::kOutput, true);
    return result == 0 ? stream(Side::kCapture, true) : result;
  }

 private:
  struct Map {
    uint8_t* at = nullptr;
    uint32_t length = 0;
  };
  static size_t index(Side side) { return static_cast<size_t>(side); }
  static void unmap(std::vector<Map>& maps) {
    for (const Map& map : maps) munmap(map.at, map.length);
    maps.clear();
  }
  v4l2_buffer named(Side side, uint32_t number) {
    v4l2_buffer buffer{};
    buffer.index = number;
    buffer.type = type(side);
    buffer.memory = V4L2_MEMORY_MMAP;
    std::memset(planes_, 0, sizeof planes_);
    if (multiplanar_) {
      buffer.m.planes = planes_;
      buffer.length = VIDEO_MAX_PLANES;
    }
    return buffer;
  }

  const bool multiplanar_;
  std::shared_ptr<FileHandle> file_;
  std::vector<Map> maps_[2];
  v4l2_plane planes_[VIDEO_MAX_PLANES];
};

}  // namespace v4l2
}  // namespace softvpu
