// SPDX-License-Identifier: LGPL-2.1-or-later
// The client of the fault tests: sessions of a few frames, every call checked, and at the end what the process still holds.
// Usage: fault-client CLIP [SESSIONS]. CLIP is "<bytes of a chunk> <chunk>…", the numbers 32 bits wide.
//
// Faults are meant for the first session; the following ones show that the library still works. It
// prints, one per line:
//   session <n> ok <frames> <hash>   or   session <n> failed <step> <errno>
//   holds <descriptors> <mapped memfds> <threads>
#include <dirent.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/faults/marks.h"

// Of failing_malloc.cc, where that is loaded.
extern "C" __attribute__((weak)) void softvpu_fault_arm(int on);
extern "C" __attribute__((weak)) unsigned long softvpu_fault_count();

namespace {

constexpr uint32_t kOutput = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
constexpr uint32_t kCapture = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
constexpr uint32_t kOutputs = 3;
constexpr uint32_t kInputBytes = 1 << 16;
constexpr int kPatienceMs = 10'000;

using Chunks = std::vector<std::vector<uint8_t>>;

struct Failure {
  const char* step = nullptr;
  int error = 0;
};

struct Mapped {
  void* at = MAP_FAILED;
  size_t size = 0;
};

// A program that does what it should: goes on after EINTR, gives up at any other error, and takes everything down.
class Session {
 public:
  ~Session() { end(); }

  bool run(const Chunks& chunks) { return open_node() && start_input() && feed(chunks) && finish(); }
  const Failure& failure() const { return failure_; }
  uint32_t frames() const { return frames_; }
  uint32_t hash() const { return hash_; }
  void end() {
    if (fd_ < 0) return;
    if (failure_.step == nullptr) {
      stream(kCapture, false);
      stream(kOutput, false);
    }
    for (auto* buffers : {&outputs_, &captures_}) {
      for (const Mapped& buffer : *buffers) {
        if (buffer.at != MAP_FAILED) ::munmap(buffer.at, buffer.size);
      }
      buffers->clear();
    }
    ::close(fd_);
    fd_ = -1;
  }

 private:
  bool fail(const char* step, int error) {
    if (failure_.step == nullptr) failure_ = {step, error};
    return false;
  }
  bool call(const char* step, unsigned long request, void* argument) {
    int answer = 0;
    do answer = ::ioctl(fd_, request, argument);
    while (answer != 0 && errno == EINTR);
    return answer == 0 || fail(step, errno);
  }
  bool open_node() {
    do fd_ = ::open("/dev/video10", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    while (fd_ < 0 && errno == EINTR);
    return fd_ >= 0 || fail("open", errno);
  }
  bool stream(uint32_t type, bool on) {
    return call(on ? (type == kOutput ? "STREAMON OUTPUT" : "STREAMON CAPTURE") : "STREAMOFF",
                on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
  }
  bool make_buffers(uint32_t type, uint32_t count, std::vector<Mapped>& buffers) {
    v4l2_requestbuffers request{};
    request.count = count;
    request.type = type;
    request.memory = V4L2_MEMORY_MMAP;
    if (!call(type == kOutput ? "REQBUFS OUTPUT" : "REQBUFS CAPTURE", VIDIOC_REQBUFS, &request)) return false;
    for (uint32_t i = 0; i < request.count; ++i) {
      v4l2_plane plane{};
      v4l2_buffer buffer = buffer_of(type, i, &plane);
      if (!call("QUERYBUF", VIDIOC_QUERYBUF, &buffer)) return false;
      void* at = ::mmap(nullptr, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, plane.m.mem_offset);
      if (at == MAP_FAILED) return fail("mmap", errno);
      buffers.push_back({at, plane.length});
    }
    return true;
  }
  bool start_input() {
    v4l2_format format{};
    format.type = kOutput;
    format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_MPEG2;
    format.fmt.pix_mp.num_planes = 1;
    format.fmt.pix_mp.plane_fmt[0].sizeimage = kInputBytes;
    v4l2_event_subscription subscription{};
    subscription.type = V4L2_EVENT_SOURCE_CHANGE;
    return call("S_FMT", VIDIOC_S_FMT, &format) && call("SUBSCRIBE_EVENT", VIDIOC_SUBSCRIBE_EVENT, &subscription) &&
           make_buffers(kOutput, kOutputs, outputs_) && stream(kOutput, true);
  }
  bool start_capture() {
    v4l2_format format{};
    format.type = kCapture;
    v4l2_control minimum{};
    minimum.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
    if (!call("G_FMT", VIDIOC_G_FMT, &format) || !call("G_CTRL", VIDIOC_G_CTRL, &minimum)) return false;
    row_ = format.fmt.pix_mp.plane_fmt[0].bytesperline;
    width_ = format.fmt.pix_mp.width;
    height_ = format.fmt.pix_mp.height;
    if (!make_buffers(kCapture, static_cast<uint32_t>(minimum.value) + 4, captures_)) return false;
    for (uint32_t i = 0; i < captures_.size(); ++i) {
      if (!queue(kCapture, i, 0)) return false;
    }
    capturing_ = true;
    return stream(kCapture, true);
  }
  bool queue(uint32_t type, uint32_t index, uint32_t bytes) {
    v4l2_plane plane{};
    plane.bytesused = bytes;
    v4l2_buffer buffer = buffer_of(type, index, &plane);
    return call(type == kOutput ? "QBUF OUTPUT" : "QBUF CAPTURE", VIDIOC_QBUF, &buffer);
  }
  // Waits for something to do, and does all of it.
  bool attend() {
    pollfd wanted{fd_, static_cast<short>(POLLPRI | (free_.size() < kOutputs ? POLLOUT : 0) | (capturing_ ? POLLIN : 0)), 0};
    int ready = 0;
    do ready = ::poll(&wanted, 1, kPatienceMs);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return fail("poll", errno);
    if (ready == 0) return fail("poll", ETIME);
    if ((wanted.revents & POLLPRI) != 0) {
      v4l2_event event{};
      if (!call("DQEVENT", VIDIOC_DQEVENT, &event)) return false;
      if (!capturing_ && !start_capture()) return false;
    }
    if ((wanted.revents & (POLLIN | POLLERR)) != 0 && capturing_ && !take_frame()) return false;
    if ((wanted.revents & (POLLOUT | POLLERR)) != 0 && free_.size() < kOutputs) {
      v4l2_plane plane{};
      v4l2_buffer buffer = buffer_of(kOutput, 0, &plane);
      if (!call("DQBUF OUTPUT", VIDIOC_DQBUF, &buffer)) return errno == EAGAIN ? forgive() : false;
      free_.push_back(buffer.index);
    }
    return true;
  }
  bool forgive() {
    failure_ = {};
    return true;
  }
  bool take_frame() {
    v4l2_plane plane{};
    v4l2_buffer buffer = buffer_of(kCapture, 0, &plane);
    if (!call("DQBUF CAPTURE", VIDIOC_DQBUF, &buffer)) return errno == EAGAIN ? forgive() : false;
    if ((buffer.flags & V4L2_BUF_FLAG_ERROR) != 0) return fail("frame with the flag ERROR", EILSEQ);
    last_ = (buffer.flags & V4L2_BUF_FLAG_LAST) != 0;
    if (plane.bytesused > 0) {
      ++frames_;
      const auto* at = static_cast<const uint8_t*>(captures_[buffer.index].at);
      for (uint32_t y = 0; y < height_; ++y) {
        for (uint32_t x = 0; x < width_; ++x) hash_ = (hash_ ^ at[size_t{y} * row_ + x]) * 16777619u;
      }
    }
    return last_ || queue(kCapture, buffer.index, 0);
  }
  bool feed(const Chunks& chunks) {
    free_.clear();
    for (uint32_t i = 0; i < outputs_.size(); ++i) free_.push_back(i);
    for (const std::vector<uint8_t>& chunk : chunks) {
      while (free_.empty()) {
        if (!attend()) return false;
      }
      const uint32_t index = free_.back();
      free_.pop_back();
      std::memcpy(outputs_[index].at, chunk.data(), chunk.size());
      if (!queue(kOutput, index, static_cast<uint32_t>(chunk.size()))) return false;
    }
    return true;
  }
  bool finish() {
    while (!capturing_) {
      if (!attend()) return false;
    }
    v4l2_decoder_cmd command{};
    command.cmd = V4L2_DEC_CMD_STOP;
    if (!call("DECODER_CMD", VIDIOC_DECODER_CMD, &command)) return false;
    while (!last_) {
      if (!attend()) return false;
    }
    if (!stream(kCapture, false) || !stream(kOutput, false)) return false;
    return true;
  }
  static v4l2_buffer buffer_of(uint32_t type, uint32_t index, v4l2_plane* plane) {
    v4l2_buffer buffer{};
    buffer.index = index;
    buffer.type = type;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.m.planes = plane;
    buffer.length = 1;
    return buffer;
  }

  int fd_ = -1;
  Failure failure_;
  std::vector<Mapped> outputs_;
  std::vector<Mapped> captures_;
  std::vector<uint32_t> free_;
  uint32_t row_ = 0;
  uint32_t width_ = 0;
  uint32_t height_ = 0;
  bool capturing_ = false;
  bool last_ = false;
  uint32_t frames_ = 0;
  uint32_t hash_ = 2166136261u;
};

Chunks read_clip(const char* path) {
  Chunks chunks;
  FILE* file = std::fopen(path, "rbe");
  uint32_t size = 0;
  while (file != nullptr && std::fread(&size, sizeof size, 1, file) == 1) {
    chunks.emplace_back(std::min(size, kInputBytes));
    if (std::fread(chunks.back().data(), 1, chunks.back().size(), file) != chunks.back().size()) chunks.clear();
  }
  if (file != nullptr) std::fclose(file);
  return chunks;
}

int entries_of(const char* path) {
  int count = -3;  // ., .. and the directory's own descriptor, or thread
  DIR* directory = ::opendir(path);
  if (directory == nullptr) return -1;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

int mapped_memfds() {
  int count = 0;
  char line[512];
  FILE* file = std::fopen("/proc/self/maps", "re");
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
    count += std::strstr(line, "/memfd:softvpu") != nullptr;
  if (file != nullptr) std::fclose(file);
  return count;
}

// The library takes a closed session down on its own thread: the numbers are read until they are `quiet` ones, or for a while.
void report_what_is_held() {
  int descriptors = 0;
  int maps = 0;
  int last = -1;
  for (int i = 0, same = 0; i < 400 && same < 10; ++i) {
    descriptors = entries_of("/proc/self/fd");
    maps = mapped_memfds();
    same = descriptors == last && maps == 0 ? same + 1 : 0;
    last = descriptors;
    ::usleep(2000);
  }
  std::printf("holds %d %d %d\n", descriptors, maps, entries_of("/proc/self/task"));
}

void faults_may_come(bool on) {
  softvpu::faults::mark(on ? softvpu::faults::Mark::kBegin : softvpu::faults::Mark::kEnd);
  if (softvpu_fault_arm == nullptr) return;
  softvpu_fault_arm(on ? 1 : 0);
  if (!on) std::printf("allocations %lu\n", softvpu_fault_count());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const Chunks chunks = read_clip(argv[1]);
  if (chunks.empty()) return 2;
  const int sessions = argc > 2 ? std::atoi(argv[2]) : 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (int i = 1; i <= sessions; ++i) {
    Session session;
    if (i == 1) faults_may_come(true);
    const bool done = session.run(chunks);
    session.end();
    if (i == 1) faults_may_come(false);
    if (done)
      std::printf("session %d ok %u %08x\n", i, session.frames(), session.hash());
    else
      std::printf("session %d failed \"%s\" %d\n", i, session.failure().step, session.failure().error);
  }
  report_what_is_held();
  return 0;
}
