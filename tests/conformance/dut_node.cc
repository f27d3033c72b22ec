// SPDX-License-Identifier: LGPL-2.1-or-later
// open, ioctl, mmap, poll and close of a node, and H.264 clips that ffmpeg makes (x264, with access unit delimiters to cut at,
// and B frames, so that output is reordered). Clips are kept in a folder of their own for the run.
#include "tests/conformance/dut_node.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/raw_syscall.h"

namespace softvpu::conformance {
namespace {

class NodeFile final : public OpenFile {
 public:
  explicit NodeFile(int fd) : fd_(fd) {}
  ~NodeFile() override { ::close(fd_); }
  int ioctl(unsigned long request, void* arg) override { return ::ioctl(fd_, request, arg) == 0 ? 0 : -errno; }
  void* map(uint64_t offset, size_t length, int prot, int flags, int* error) override {
    void* at = ::mmap(nullptr, length, prot, flags, fd_, static_cast<off_t>(offset));
    *error = at == MAP_FAILED ? errno : 0;
    return at == MAP_FAILED ? nullptr : at;
  }
  void unmap(void* at, size_t length, uint64_t) override { ::munmap(at, length); }
  short poll(short events, int timeout_ms) override {
    pollfd waiting{.fd = fd_, .events = events, .revents = 0};
    return ::poll(&waiting, 1, timeout_ms) > 0 ? waiting.revents : short{0};
  }
  void set_nonblocking(bool nonblocking) override {
    const int flags = ::fcntl(fd_, F_GETFL);
    ::fcntl(fd_, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
  }

 private:
  const int fd_;
};

std::vector<uint8_t> output_of(const std::string& command) {
  std::vector<uint8_t> bytes;
  // The node's library isn't for ffmpeg: it only makes the clip.
  FILE* pipe = ::popen(("unset LD_PRELOAD; " + command).c_str(), "r");
  if (pipe == nullptr) return bytes;
  uint8_t buffer[65536];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) bytes.insert(bytes.end(), buffer, buffer + got);
  ::pclose(pipe);
  return bytes;
}

// Cuts before every access unit delimiter (NAL unit type 9).
std::vector<std::vector<uint8_t>> access_units(const std::vector<uint8_t>& stream) {
  std::vector<size_t> starts;
  for (size_t i = 0; i + 4 < stream.size(); ++i)
    if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1 && (stream[i + 3] & 31) == 9)
      starts.push_back(i > 0 && stream[i - 1] == 0 ? i - 1 : i);
  std::vector<std::vector<uint8_t>> units;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t end = i + 1 < starts.size() ? starts[i + 1] : stream.size();
    units.emplace_back(stream.begin() + static_cast<ptrdiff_t>(starts[i]), stream.begin() + static_cast<ptrdiff_t>(end));
  }
  return units;
}

class Node final : public DeviceUnderTest {
 public:
  explicit Node(const char* path) : path_(path) {
    if (const char* const lender = std::getenv("SOFTVPU_LENDER"); lender != nullptr && path_ != lender)
      lender_ = std::make_unique<Node>(lender);
  }
  DeviceUnderTest& lender() override { return lender_ ? *lender_ : *this; }
  std::string name() const override { return path_; }
  std::unique_ptr<OpenFile> open() override {
    const int fd = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? nullptr : std::make_unique<NodeFile>(fd);
  }
  bool multiplanar() override {
    v4l2_capability cap{};
    const auto file = open();
    return file && file->ioctl(VIDIOC_QUERYCAP, &cap) == 0 && (cap.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE) != 0;
  }
  // The preload library's node exists for libc alone.
  bool behind_v4l2_core() override { return raw::call(SYS_faccessat, AT_FDCWD, raw::address(path_.c_str()), F_OK) == 0; }
  bool codec_is_a_process() override { return !behind_v4l2_core(); }
  uint32_t coded() override { return V4L2_PIX_FMT_H264; }
  Clip clip(Size size, uint32_t frames) override { return clip_of(size, frames, encode(size, frames)); }
  Clip odd_clip(uint32_t frames) override {
    return clip_of({312, 232}, frames,
                   "ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=312x232:rate=25 -vf setsar=4/3,setfield=tff -frames:v " +
                       std::to_string(frames) +
                       " -pix_fmt yuv420p -c:v libx264 -preset ultrafast -flags +ildct "
                       "-x264-params aud=1:repeat-headers=1 -f h264 -");
  }
  std::vector<Clip> colour_parts() override {
    return {part("-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc"), part("")};
  }
  std::vector<uint64_t> pictures(Size size, uint32_t frames) override {
    const auto raw = output_of(encode(size, frames) + " | ffmpeg -v error -f h264 -i - -fps_mode passthrough -f rawvideo -");
    const size_t picture = size_t{size.width} * size.height * 3 / 2;
    std::vector<uint64_t> hashes;
    for (size_t at = 0; at + picture <= raw.size(); at += picture) hashes.push_back(hash_of(raw.data() + at, picture));
    EXPECT_EQ(hashes.size(), frames) << "ffmpeg's own decoder";
    return hashes;
  }
  // 4:4:4 has no raw format on a node that offers 4:2:0. Enough of it that the decoder looks at it.
  std::vector<uint8_t> fatal_chunk() override {
    static const auto& chunk = *new auto(
        output_of("ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x240:rate=25 -frames:v " + std::to_string(kPlenty) +
                  " -pix_fmt yuv444p -c:v libx264 -preset ultrafast -x264-params aud=1 -f h264 -"));
    EXPECT_FALSE(chunk.empty());
    return chunk;
  }

 private:
  static Clip part(const std::string& options) {
    return clip_of({320, 240}, 6,
                   "ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x240:rate=25 -frames:v 6 -pix_fmt yuv420p -c:v libx264 "
                   "-preset ultrafast " +
                       options + " -x264-params aud=1:repeat-headers=1 -f h264 -");
  }
  static Clip clip_of(Size size, uint32_t frames, const std::string& key) {
    static auto& made = *new std::map<std::string, Clip>;
    const auto known = made.find(key);
    if (known != made.end()) return known->second;
    Clip clip{size, access_units(output_of(key)), frames};
    EXPECT_EQ(clip.chunks.size(), frames) << "ffmpeg with libx264 makes the clips: " << key;
    clip.chunks.resize(frames);  // tests look at the first
    made.emplace(key, clip);
    return clip;
  }
  static std::string encode(Size size, uint32_t frames) {
    char command[512];
    std::snprintf(command, sizeof command,
                  "ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=%ux%u:rate=25 -frames:v %u -pix_fmt yuv420p -c:v libx264 "
                  "-preset ultrafast -bf 2 -g 12 -x264-params aud=1:repeat-headers=1 -f h264 -",
                  size.width, size.height, frames);
    return command;
  }

  const std::string path_;
  std::unique_ptr<Node> lender_;
};

}  // namespace

std::unique_ptr<DeviceUnderTest> make_node() { return std::make_unique<Node>(std::getenv("SOFTVPU_DUT")); }

}  // namespace softvpu::conformance
