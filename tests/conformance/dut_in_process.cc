// SPDX-License-Identifier: LGPL-2.1-or-later
// The upper half in this process, on the null codec: deterministic but for its thread. Multi-planar and single-planar.
#include "tests/conformance/dut_in_process.h"

#include <linux/videodev2.h>
#include <poll.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "codec/testing/null_driver.h"
#include "v4l2/video_device.h"

namespace softvpu::conformance {
namespace {

using v4l2::Levels;

class InProcessFile final : public OpenFile, v4l2::ReadinessSink {
 public:
  explicit InProcessFile(std::shared_ptr<v4l2::FileHandle> file) : file_(std::move(file)) {
    levels_ = file_->levels();
    file_->set_readiness_sink(this);
  }
  ~InProcessFile() override { file_->release(); }

  int ioctl(unsigned long request, void* arg) override { return file_->ioctl(request, arg, nonblocking_); }
  void* map(uint64_t offset, size_t length, int prot, int flags, int* error) override {
    const auto at = file_->mmap(nullptr, length, prot, flags, offset);
    *error = at ? 0 : at.error().code;
    if (!at) return nullptr;
    file_->mapping_changed(offset, 1);
    return *at;
  }
  void unmap(void* at, size_t length, uint64_t offset) override {
    ::munmap(at, length);
    file_->mapping_changed(offset, -1);
  }
  // From what the sink was told, never from levels(): a wake-up that is missing is a test that hangs.
  short poll(short events, int timeout_ms) override {
    const short wanted = static_cast<short>(events | POLLERR);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return (revents() & wanted) != 0; });
    return static_cast<short>(revents() & wanted);
  }
  void set_nonblocking(bool nonblocking) override { nonblocking_ = nonblocking; }

 private:
  void levels_changed(const Levels& levels, bool, bool, bool) override {
    const std::lock_guard lock(mutex_);
    levels_ = levels;
    changed_.notify_all();
  }
  short revents() const {
    short bits = 0;
    if (levels_.in) bits |= POLLIN | POLLRDNORM;
    if (levels_.out) bits |= POLLOUT | POLLWRNORM;
    if (levels_.pri) bits |= POLLPRI;
    if (levels_.error) bits |= POLLERR;
    return bits;
  }

  const std::shared_ptr<v4l2::FileHandle> file_;
  std::atomic<bool> nonblocking_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  Levels levels_;
};

class InProcessDevice final : public DeviceUnderTest {
 public:
  explicit InProcessDevice(bool multiplanar) : multiplanar_(multiplanar) {
    v4l2::VideoDeviceConfig config;
    config.node.multiplanar = multiplanar;
    device_ = v4l2::make_codec_device(config, driver_);
  }
  std::string name() const override { return multiplanar_ ? "null codec, multi-planar" : "null codec, single-planar"; }
  std::unique_ptr<OpenFile> open() override { return open_in_process(*device_); }
  bool multiplanar() override { return multiplanar_; }
  uint32_t coded() override { return static_cast<uint32_t>(kH264); }
  Clip clip(Size size, uint32_t frames) override { return clip_of(format_of(size), frames); }
  Clip odd_clip(uint32_t frames) override {
    auto format = format_of({312, 232});
    format.coded = {320, 240};
    format.interlaced = true;
    return clip_of(format, frames);
  }
  std::vector<Clip> field_parts() override {
    auto format = format_of({320, 240});
    format.interlaced = true;
    return {clip_of(format, 6), clip({320, 240}, 6)};
  }
  std::vector<Clip> colour_parts() override {
    auto format = format_of({320, 240});
    format.colour.colorspace = V4L2_COLORSPACE_BT2020;
    return {clip_of(format, 6), clip({320, 240}, 6)};
  }
  std::vector<uint8_t> damaged_chunk() override { return codec::null_damaged_frame(0xff); }
  std::vector<uint8_t> fatal_chunk() override { return codec::null_fatal(); }

 private:
  static codec::StreamFormat format_of(Size size) {
    codec::StreamFormat format;
    format.coded = {align_up(size.width, 16), align_up(size.height, 16)};
    format.visible = {0, 0, size.width, size.height};
    format.min_output_buffers = 3;
    return format;
  }
  static Clip clip_of(const codec::StreamFormat& format, uint32_t frames) {
    const Size size = format.visible.size();
    Clip clip{size, {}, frames};
    for (uint32_t i = 0; i < frames; ++i) {
      auto chunk = i == 0 ? codec::null_header(format, 2) : std::vector<uint8_t>{};
      const auto frame = codec::null_frame(i == 0 ? codec::FrameType::kKey : codec::FrameType::kP, static_cast<uint8_t>(i));
      chunk.insert(chunk.end(), frame.begin(), frame.end());
      clip.chunks.push_back(std::move(chunk));
    }
    return clip;
  }

  const bool multiplanar_;
  codec::NullDriver driver_;
  std::shared_ptr<v4l2::VideoDevice> device_;
};

}  // namespace

std::unique_ptr<OpenFile> open_in_process(v4l2::VideoDevice& device) {
  auto file = device.open();
  return file ? std::make_unique<InProcessFile>(std::move(*file)) : nullptr;
}

std::unique_ptr<DeviceUnderTest> make_in_process_multiplanar() { return std::make_unique<InProcessDevice>(true); }
std::unique_ptr<DeviceUnderTest> make_in_process_singleplanar() { return std::make_unique<InProcessDevice>(false); }

}  // namespace softvpu::conformance
