// SPDX-License-Identifier: LGPL-2.1-or-later
// A V4L2 client for the conformance tests: the calls with their structures filled in for either kind of node, and a player that
// feeds chunks and collects what comes.
#pragma once

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <functional>
#include <map>

#include "tests/conformance/device_under_test.h"
#include "v4l2/ioctl/border.h"

namespace softvpu::conformance {

using v4l2::PixFormat;
using v4l2::Side;

// How often a limit is repeated that only ends what hangs: SOFTVPU_PATIENCE, of a machine that is emulated or busy; else 1.
int patience();

struct Got {
  int error = 0;  // of DQBUF; then nothing else counts
  uint32_t index = 0;
  uint32_t flags = 0;
  uint32_t bytesused = 0;
  uint32_t field = 0;
  uint32_t sequence = 0;
  uint64_t timestamp = 0;  // what qbuf_output() was told
  v4l2_timecode timecode{};
  bool last() const { return (flags & V4L2_BUF_FLAG_LAST) != 0; }
  bool frame() const { return error == 0 && bytesused > 0; }
};

class Client {
 public:
  explicit Client(DeviceUnderTest& device);
  ~Client();

  OpenFile& file() { return *file_; }
  bool multiplanar() const { return multiplanar_; }
  uint32_t type(Side side) const { return v4l2::buffer_type(side, multiplanar_); }
  int ioctl(unsigned long request, void* arg) { return file_->ioctl(request, arg); }
  // Closes without any other call.
  void close();

  // --- Formats
  PixFormat g_fmt(Side side);
  // G_FMT(CAPTURE)'s size right after the first data: the device waits a second for the header. Where a worker takes longer to
  // start (patience()), it is asked again, until the answer isn't `before`.
  Size size_of_stream(Size before);
  int s_fmt(Side side, PixFormat* format);
  int try_fmt(Side side, PixFormat* format);
  // Sets the coded format of the clips, with the size when it isn't empty.
  void set_coded(Size size = {});
  // From now on set_coded() takes this one; for streams that aren't clips.
  void choose_coded(uint32_t coded) { coded_ = coded; }
  Rect selection(uint32_t target, int* error = nullptr);
  int control(uint32_t id, int32_t* value);

  // --- Buffers
  // Returns 0 or -errno; the count in and out.
  int reqbufs(Side side, uint32_t* count, uint32_t memory = V4L2_MEMORY_MMAP, uint32_t* capabilities = nullptr);
  int create_bufs(Side side, uint32_t* count, const PixFormat& format, uint32_t* index = nullptr);
  // What allocate() and those after it use from now on, V4L2_MEMORY_MMAP at first. `spare`: memory for so many more buffers, all
  // of which takes turns when CAPTURE buffers are queued.
  void use_memory(Side side, uint32_t memory, uint32_t spare = 0) {
    memory_[index(side)] = memory;
    spare_ = spare;
  }
  // REQBUFS, QUERYBUF and mmap. USERPTR: of memory of ours; DMABUF: of what another open of the device exports.
  void allocate(Side side, uint32_t count);
  void map_from(Side side, uint32_t first);  // maps buffers from that index on
  void free(Side side);                      // munmap and REQBUFS(0)
  uint32_t count(Side side) const { return static_cast<uint32_t>(maps_[index(side)].size()); }
  uint8_t* memory(Side side, uint32_t buffer) { return static_cast<uint8_t*>(maps_[index(side)].at(buffer).at); }
  Got querybuf(Side side, uint32_t buffer);
  // hash_of() the picture in that CAPTURE buffer: the visible part, Y, U, V. The format is YU12 or NV12; 0: it is neither.
  uint64_t picture(uint32_t buffer);
  int stream(Side side, bool on);
  // Copies the chunk into that OUTPUT buffer and queues it. `bytesused` < 0: of the chunk.
  int qbuf_output(uint32_t buffer, const std::vector<uint8_t>& chunk, uint64_t timestamp = 0, uint32_t flags = 0);
  int qbuf_capture(uint32_t buffer, uint32_t* flags = nullptr);
  Got dqbuf(Side side);
  // As dqbuf(), but waits by poll up to ten seconds.
  Got await(Side side);

  int command(uint32_t cmd);
  int subscribe(uint32_t type, uint32_t id = 0, uint32_t flags = 0);
  int dqevent(v4l2_event* event);

 private:
  struct Map {
    void* at = nullptr;
    size_t length = 0;
    uint64_t offset = 0;
    int fd = -1;  // of a DMABUF buffer
  };
  static size_t index(Side side) { return static_cast<size_t>(side); }
  v4l2_buffer buffer(Side side, uint32_t number);
  void unmap(Side side, std::vector<Map>& maps);
  void unmap_all(Side side);
  void bring_memory(Side side, uint32_t count);
  // The buffer with its memory, as QBUF wants it.
  v4l2_buffer brought(Side side, uint32_t number);

  DeviceUnderTest& device_;
  std::unique_ptr<OpenFile> file_;
  const bool multiplanar_;
  uint32_t coded_;
  std::vector<Map> maps_[2];
  uint32_t spare_ = 0;
  std::vector<Map> spares_;
  uint32_t memory_[2] = {V4L2_MEMORY_MMAP, V4L2_MEMORY_MMAP};
  v4l2_plane planes_[VIDEO_MAX_PLANES];
};

// Plays chunks: keeps OUTPUT fed, requeues CAPTURE, notes frames and events.
class Player {
 public:
  explicit Player(Client& client) : client_(client) {}

  std::vector<Got> frames;         // with data
  std::vector<uint64_t> pictures;  // of `frames`, if `look`
  std::vector<Got> inputs;         // dequeued from OUTPUT
  size_t flagged = 0;              // CAPTURE buffers with V4L2_BUF_FLAG_ERROR
  size_t lasts = 0;
  size_t source_changes = 0;
  size_t ends = 0;  // V4L2_EVENT_EOS
  bool epipe = false;
  Got last;  // the newest with V4L2_BUF_FLAG_LAST

  // Subscribes, allocates and starts OUTPUT with this stream.
  void start_output(uint32_t buffers = 6, Size size_hint = {});
  void feed(const Clip& clip);
  void feed(const std::vector<uint8_t>& chunk);
  size_t fed() const { return next_timestamp_ - 1; }
  uint64_t next_timestamp() const { return next_timestamp_; }
  size_t unfed() const { return chunks_.size(); }
  // Forgets what was not queued, and that any OUTPUT buffer was queued (after STREAMOFF).
  void forget_input();
  // Allocates and starts CAPTURE for the present format; `extra` buffers beyond the minimum.
  void start_capture(uint32_t extra = 3);
  // The same for a test that doesn't know whether the stream changes meanwhile: too small buffers are refused, and so be it.
  void try_start_capture();
  void restart_capture(uint32_t extra = 3);
  void queue_all_capture();
  // Goes on until `done`, ten seconds at most; returns whether it was.
  bool until(const std::function<bool()>& done);
  bool until_source_change() {
    const bool came = until([this] { return source_changes > seen_changes_; });
    seen_changes_ = source_changes;
    return came;
  }
  bool until_last() {
    const size_t before = lasts;
    const bool came = until([this, before] { return lasts > before; });
    step();  // events that came with it
    return came;
  }
  // Until no frame has come for a while.
  void until_quiet();
  bool until_fed() {
    return until([this] { return chunks_.empty(); });
  }
  // One turn without waiting: everything that is ready now.
  void step();
  bool requeue = true;  // CAPTURE buffers go back at once
  bool look = false;    // hashes every picture

 private:
  Client& client_;
  std::vector<std::vector<uint8_t>> chunks_;
  std::vector<uint32_t> free_outputs_;
  uint64_t next_timestamp_ = 1;
  size_t seen_changes_ = 0;
};

// --- The fixture: one device of the run.
class Conformance : public testing::TestWithParam<MakeDevice> {
 protected:
  void SetUp() override {
    device_ = GetParam().make();
    ASSERT_NE(device_, nullptr);
    SCOPED_TRACE(device_->name());
  }
  DeviceUnderTest& device() { return *device_; }
  Clip clip(uint32_t frames = 8, Size size = {320, 240}) { return device_->clip(size, frames); }

 private:
  std::unique_ptr<DeviceUnderTest> device_;
};

inline std::string device_name(const testing::TestParamInfo<MakeDevice>& test) { return test.param.name; }

#define SOFTVPU_CONFORMANCE(suite)     \
  class suite : public Conformance {}; \
  INSTANTIATE_TEST_SUITE_P(Devices, suite, testing::ValuesIn(devices_under_test()), device_name)

}  // namespace softvpu::conformance
