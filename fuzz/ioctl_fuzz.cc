// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequences of ioctls on up to three opens of a decoder node over the null codec, or of an encoder
// node over the copying one. Every byte is a decision; structures are half sensible, half noise, so
// that deep states are reached and each field is tried with anything. One thread: the codec reports
// where the input says so, and while an ioctl sleeps; one that would sleep forever is interrupted by
// a signal.
// Links: softvpu_v4l2 softvpu_v4l2_testing softvpu_codec_testing
// Covers: src/v4l2
#include <linux/videodev2.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <vector>

#include "codec/testing/null_driver.h"
#include "v4l2/decoder/decoder_ioctls.h"
#include "v4l2/encoder/encoder_ioctls.h"
#include "v4l2/encoder/testing/copy_driver.h"
#include "v4l2/video_device.h"

namespace {

using namespace softvpu;

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  uint8_t byte() { return empty() ? uint8_t{0} : data_[at_++]; }
  uint32_t word() { return byte() | uint32_t{byte()} << 8 | uint32_t{byte()} << 16 | uint32_t{byte()} << 24; }
  void fill(void* to, size_t size) {
    for (size_t i = 0; i < size; ++i) static_cast<uint8_t*>(to)[i] = byte();
  }
  bool coin() { return (byte() & 1) != 0; }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

constexpr std::chrono::milliseconds kHeaderLimit{2};  // waiting finds nothing that isn't due at once

// The codec has its turn while an ioctl sleeps.
class Turns final : public v4l2::Waiter {
 public:
  explicit Turns(std::function<bool()> step) : step_(std::move(step)) {}
  int wait(const uint32_t* futex, uint32_t seen, int64_t timeout_ns) override {
    while (__atomic_load_n(futex, __ATOMIC_RELAXED) == seen) {
      if (step_()) continue;
      if (timeout_ns < 0) return EINTR;
      if (std::chrono::nanoseconds(timeout_ns) > kHeaderLimit) complain();
      return ETIMEDOUT;
    }
    return 0;
  }

 private:
  [[noreturn]] static void complain() {
    std::fprintf(stderr, "ioctl_fuzz: STREAMOFF waits, and the codec has given back all that it was asked for\n");
    std::abort();
  }

  const std::function<bool()> step_;
};

struct Open {
  std::shared_ptr<v4l2::FileHandle> file;
  bool multiplanar = true;
};

// Whatever the test allocated for one argument; larger than any.
struct Argument {
  alignas(16) std::array<uint8_t, 1024> bytes{};
  std::array<v4l2_plane, VIDEO_MAX_PLANES> planes{};
  std::array<v4l2_ext_control, 4> controls{};
};

// What a client brings: of USERPTR and DMABUF nothing else is named, since the device writes there.
constexpr size_t kBrought = 8 << 20;
uint8_t* brought_memory() {
  static auto* const at =
      static_cast<uint8_t*>(::mmap(nullptr, kBrought, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  return at;
}
int brought_descriptor() {
  static const int fd = [] {
    const int made = ::memfd_create("a client's", MFD_CLOEXEC);
    return ::ftruncate(made, kBrought) == 0 ? made : -1;
  }();
  return fd;
}
uint64_t some_name(Bytes& in, uint32_t memory) {
  const uint8_t what = in.byte();
  if (what < 8) return what;
  if (memory == V4L2_MEMORY_DMABUF) return what < 16 ? ~uint32_t{0} : static_cast<uint32_t>(brought_descriptor());
  return reinterpret_cast<uint64_t>(brought_memory()) + size_t{what} * (what < 16 ? kBrought / 16 : 16);
}
uint32_t some_length(Bytes& in) { return in.byte() % 8 == 0 ? in.word() : in.byte() * 65536u; }

uint32_t some_memory(Bytes& in) {
  switch (in.byte() % 16) {
    case 0:
      return in.byte();
    case 1:
    case 2:
      return V4L2_MEMORY_USERPTR;
    case 3:
    case 4:
      return V4L2_MEMORY_DMABUF;
    default:
      return V4L2_MEMORY_MMAP;
  }
}

uint32_t some_type(Bytes& in, bool multiplanar) {
  switch (in.byte() % 8) {
    case 0:
      return in.byte() % 16;
    case 1:
    case 2:
    case 3:
      return multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
    default:
      return multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
  }
}

void sensible_buffer(Bytes& in, const Open& open, Argument& arg) {
  auto& buffer = *reinterpret_cast<v4l2_buffer*>(arg.bytes.data());
  buffer.index = in.byte() % 6;
  buffer.type = some_type(in, open.multiplanar);
  buffer.memory = some_memory(in);
  if (in.byte() % 8 != 0) {  // that of the queue
    std::array<v4l2_plane, VIDEO_MAX_PLANES> planes{};
    v4l2_buffer known{.index = buffer.index, .type = buffer.type};
    known.m.planes = planes.data();
    known.length = VIDEO_MAX_PLANES;
    if (open.file->ioctl(VIDIOC_QUERYBUF, &known, true) == 0) buffer.memory = known.memory;
  }
  if (in.byte() % 4 == 0) buffer.flags = in.word();
  if (in.byte() % 8 == 0) buffer.field = in.byte();
  for (auto& plane : arg.planes) {
    plane.bytesused = in.byte() % 4 == 0 ? in.word() : in.byte();
    if (in.byte() % 8 == 0) plane.data_offset = in.word();
    if (buffer.memory == V4L2_MEMORY_MMAP) continue;
    plane.m.userptr = some_name(in, buffer.memory);
    plane.length = some_length(in);
    if (&plane == &arg.planes[1]) break;
  }
  if (open.multiplanar) {
    buffer.m.planes = in.byte() % 16 == 0 ? reinterpret_cast<v4l2_plane*>(uintptr_t{in.word()}) : arg.planes.data();
    buffer.length = in.byte() % 8 == 0 ? in.word() : VIDEO_MAX_PLANES;
  } else {
    buffer.bytesused = arg.planes[0].bytesused;
    buffer.m.userptr = arg.planes[0].m.userptr;
    buffer.length = arg.planes[0].length;
  }
}

uint32_t some_control(Bytes& in) {
  constexpr uint32_t kControls[] = {V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, V4L2_CID_JPEG_COMPRESSION_QUALITY,
                                    V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME};
  const uint8_t which = in.byte() % 8;
  return which < std::size(kControls) ? kControls[which] : in.word();
}

void sensible(Bytes& in, const Open& open, uint32_t request, Argument& arg) {
  void* at = arg.bytes.data();
  switch (request) {
    case VIDIOC_QBUF:
    case VIDIOC_DQBUF:
    case VIDIOC_QUERYBUF:
    case VIDIOC_PREPARE_BUF:
      sensible_buffer(in, open, arg);
      break;
    case VIDIOC_REQBUFS: {
      auto& r = *static_cast<v4l2_requestbuffers*>(at);
      r.count = in.byte() % 6;
      r.type = some_type(in, open.multiplanar);
      r.memory = some_memory(in);
      break;
    }
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
      *static_cast<uint32_t*>(at) = some_type(in, open.multiplanar);
      break;
    case VIDIOC_G_FMT:
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT: {
      auto& f = *static_cast<v4l2_format*>(at);
      if (in.coin()) in.fill(&f, 64);
      f.type = some_type(in, open.multiplanar);
      constexpr uint32_t kFormats[] = {V4L2_PIX_FMT_H264, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_VP8};
      if (in.coin()) f.fmt.pix_mp.pixelformat = kFormats[in.byte() % 4];
      if (in.coin()) f.fmt.pix_mp.width = in.byte() * 8u, f.fmt.pix_mp.height = in.byte() * 8u;
      break;
    }
    case VIDIOC_CREATE_BUFS: {
      auto& c = *static_cast<v4l2_create_buffers*>(at);
      c.count = in.byte() % 4;
      c.memory = some_memory(in);
      c.format.type = some_type(in, open.multiplanar);
      (void)open.file->ioctl(VIDIOC_G_FMT, &c.format, true);
      if (in.coin()) c.format.fmt.pix_mp.plane_fmt[0].sizeimage = in.word() >> 4;
      break;
    }
    case VIDIOC_SUBSCRIBE_EVENT:
    case VIDIOC_UNSUBSCRIBE_EVENT: {
      auto& s = *static_cast<v4l2_event_subscription*>(at);
      constexpr uint32_t kTypes[] = {V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_EOS, V4L2_EVENT_CTRL, V4L2_EVENT_ALL};
      s.type = kTypes[in.byte() % 4];
      if (s.type == V4L2_EVENT_CTRL) s.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, s.flags = in.byte();
      break;
    }
    case VIDIOC_DECODER_CMD:
    case VIDIOC_TRY_DECODER_CMD:
      static_cast<v4l2_decoder_cmd*>(at)->cmd = in.byte() % 3;
      break;
    case VIDIOC_ENCODER_CMD:
    case VIDIOC_TRY_ENCODER_CMD:
      static_cast<v4l2_encoder_cmd*>(at)->cmd = in.byte() % 3;
      break;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
      auto& p = *static_cast<v4l2_streamparm*>(at);
      p.type = some_type(in, open.multiplanar);
      p.parm.output.timeperframe = {in.byte(), in.byte() % 8 == 0 ? in.word() : in.byte()};
      break;
    }
    case VIDIOC_S_CTRL: {
      auto& c = *static_cast<v4l2_control*>(at);
      c.id = some_control(in);
      c.value = static_cast<int32_t>(in.coin() ? in.byte() : in.word());
      break;
    }
    case VIDIOC_G_EXT_CTRLS:
    case VIDIOC_S_EXT_CTRLS:
    case VIDIOC_TRY_EXT_CTRLS: {
      auto& c = *static_cast<v4l2_ext_controls*>(at);
      c.which = in.byte() % 4 == 0 ? in.word() : 0;
      c.count = in.byte() % 8 == 0 ? in.word() : in.byte() % 5;
      if (c.count > arg.controls.size() && c.count <= V4L2_CID_MAX_CTRLS) c.count = arg.controls.size();
      for (auto& control : arg.controls) control.id = some_control(in);
      c.controls = arg.controls.data();
      break;
    }
    case VIDIOC_G_SELECTION:
    case VIDIOC_S_SELECTION: {
      auto& s = *static_cast<v4l2_selection*>(at);
      if (in.coin()) in.fill(&s, sizeof s);
      s.type = in.coin() ? V4L2_BUF_TYPE_VIDEO_CAPTURE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
      s.target = in.byte();
      break;
    }
    case VIDIOC_EXPBUF:
      return;  // it would take descriptors of the fuzzer
    default:
      in.fill(at, _IOC_SIZE(request));
  }
}

// Writes a record of the null codec where an OUTPUT buffer can be found.
void write_stream(Bytes& in, Open& open) {
  v4l2_buffer buffer{};
  std::array<v4l2_plane, VIDEO_MAX_PLANES> planes{};
  buffer.index = in.byte() % 6;
  buffer.type = open.multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
  if (open.multiplanar) {
    buffer.m.planes = planes.data();
    buffer.length = VIDEO_MAX_PLANES;
  }
  if (open.file->ioctl(VIDIOC_QUERYBUF, &buffer, true) != 0) return;
  const uint32_t memory = buffer.memory;
  if (memory == V4L2_MEMORY_DMABUF) return;
  const uint64_t offset = open.multiplanar ? planes[0].m.mem_offset : buffer.m.offset;
  void* at = brought_memory();
  if (memory == V4L2_MEMORY_MMAP) {
    const auto mapped = open.file->mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
    if (!mapped) abort();  // what QUERYBUF names can be mapped
    at = *mapped;
  }
  codec::StreamFormat format;
  format.coded = {16u * (1 + in.byte() % 8), 16u * (1 + in.byte() % 8)};
  format.visible = {0, 0, format.coded.width, format.coded.height};
  format.bit_depth = in.byte() % 16 == 0 ? uint8_t{10} : uint8_t{8};
  format.min_output_buffers = in.byte() % 5;
  std::vector<uint8_t> bytes;
  const auto add = [&](const std::vector<uint8_t>& record) { bytes.insert(bytes.end(), record.begin(), record.end()); };
  const uint8_t what = in.byte();
  if ((what & 1) != 0) add(codec::null_header(format, in.byte() & 3));
  for (int i = 0; i < (what >> 1 & 3); ++i) add(codec::null_frame(static_cast<codec::FrameType>(in.byte() & 3), in.byte()));
  if ((what & 0xf0) == 0xf0) add(codec::null_fatal());
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  if (memory == V4L2_MEMORY_MMAP) ::munmap(at, 4096);
  if (open.multiplanar)
    planes[0].bytesused = static_cast<uint32_t>(bytes.size());
  else
    buffer.bytesused = static_cast<uint32_t>(bytes.size());
  if (memory == V4L2_MEMORY_USERPTR) {
    planes[0].length = kBrought;
    if (!open.multiplanar) buffer.length = kBrought;
    (open.multiplanar ? planes[0].m.userptr : buffer.m.userptr) = reinterpret_cast<uint64_t>(at);
  }
  buffer.flags = 0;
  (void)open.file->ioctl(VIDIOC_QBUF, &buffer, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  codec::NullDriver decoders(codec::NullDriver::Threads::kByHand);
  v4l2::CopyDriver encoders(v4l2::CopyDriver::Threads::kByHand);
  Bytes in(data, size);
  const uint8_t node = in.byte();
  const bool multiplanar = (node & 1) != 0;
  const bool encoder = (node & 2) != 0;
  const auto step = [&] { return encoder ? encoders.step() : decoders.step(); };
  Turns turns(step);
  v4l2::VideoDeviceConfig config;
  config.node = *v4l2::node_of(encoder ? codec::Role::kEncoder : codec::Role::kDecoder);
  config.node.multiplanar = multiplanar;
  config.header_limit = kHeaderLimit;
  config.waiter = &turns;
  codec::Driver& driver = encoder ? static_cast<codec::Driver&>(encoders) : decoders;
  const auto device = v4l2::make_codec_device(config, driver);
  std::array<Open, 3> opens;
  for (auto& open : opens) open = {*device->open(), multiplanar};

  const auto table = (encoder ? v4l2::encoder_ioctls() : v4l2::decoder_ioctls()).all();
  for (int steps = 0; steps < 400 && !in.empty(); ++steps) {
    Open& open = opens[in.byte() % 8 == 0 ? in.byte() % opens.size() : 0];
    const uint8_t what = in.byte();
    if (what < 64) {
      write_stream(in, open);
    } else if (what < 66 && encoder) {
      encoders.kill_sessions();
    } else if (what < 70) {
      while (step()) {
      }
    } else if (what < 74) {
      const uint64_t offset = in.word();
      const size_t length = in.word();
      const int prot = in.byte();
      const auto at =
          open.file->mmap(nullptr, length, prot, in.byte() & MAP_TYPE, offset);  // not MAP_FIXED: it would hit the fuzzer
      if (at) ::munmap(*at, length);
      open.file->mapping_changed(in.word(), in.coin() ? 1 : -1);
    } else if (what < 76) {
      open.file->release();
      open.file = *device->open();
    } else if (what < 80) {
      Argument arg;
      in.fill(arg.bytes.data(), 64);
      (void)open.file->ioctl(in.word(), arg.bytes.data(), true);
    } else {
      Argument arg;
      const uint32_t request = table[in.byte() % table.size()].request;
      sensible(in, open, request, arg);
      if (request == VIDIOC_EXPBUF) continue;
      const uint8_t how = in.byte() % 64;
      const int result = open.file->ioctl(request, how == 0 ? nullptr : arg.bytes.data(), how % 8 != 1);
      if (result > 0 || result < -4095) abort();
    }
    // Two acts of four are followed by one of the codec's.
    if ((what & 2) != 0) (void)step();
    (void)open.file->levels();
  }
  for (auto& open : opens) open.file->release();
  return 0;
}
