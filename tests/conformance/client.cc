// SPDX-License-Identifier: LGPL-2.1-or-later
// The client's calls and its player. No assertions about the device here but that what must work for a test to go on does.
#include "tests/conformance/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "tests/conformance/dut_in_process.h"
#include "tests/conformance/dut_node.h"

namespace softvpu::conformance {
namespace {

int patience_ms() { return 10'000 * patience(); }

uint64_t to_number(timeval time) { return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec); }
timeval to_time(uint64_t number) {
  return {static_cast<time_t>(number / 1'000'000), static_cast<suseconds_t>(number % 1'000'000)};
}

}  // namespace

int patience() {
  const char* const times = std::getenv("SOFTVPU_PATIENCE");
  return times != nullptr ? std::max(std::atoi(times), 1) : 1;
}

std::vector<MakeDevice> devices_under_test() {
  if (std::getenv("SOFTVPU_DUT") != nullptr) return {{"Node", &make_node}};
  return {{"Multiplanar", &make_in_process_multiplanar}, {"SinglePlanar", &make_in_process_singleplanar}};
}

Client::Client(DeviceUnderTest& device)
    : device_(device), file_(device.open()), multiplanar_(device.multiplanar()), coded_(device.coded()) {
  if (file_ == nullptr) {
    ADD_FAILURE() << device.name() << " can't be opened";
    std::abort();
  }
}

Client::~Client() { close(); }

void Client::close() {
  unmap_all(Side::kOutput);
  unmap_all(Side::kCapture);
  file_.reset();
}

void Client::unmap_all(Side side) {
  unmap(side, maps_[index(side)]);
  if (side == Side::kCapture) unmap(side, spares_);
}

void Client::unmap(Side side, std::vector<Map>& maps) {
  for (const Map& map : maps) {
    if (map.at == nullptr || !file_) continue;
    if (memory_[index(side)] == V4L2_MEMORY_MMAP)
      file_->unmap(map.at, map.length, map.offset);
    else
      ::munmap(map.at, map.length);
    if (map.fd >= 0) ::close(map.fd);
  }
  maps.clear();
}

Size Client::size_of_stream(Size before) {
  Size size = g_fmt(Side::kCapture).size;
  for (int times = 1; times < patience() && size == before; ++times) size = g_fmt(Side::kCapture).size;
  return size;
}

PixFormat Client::g_fmt(Side side) {
  v4l2_format format{};
  format.type = type(side);
  EXPECT_EQ(ioctl(VIDIOC_G_FMT, &format), 0);
  return v4l2::format_in(format, multiplanar_);
}

int Client::s_fmt(Side side, PixFormat* pix) {
  v4l2_format format{};
  format.type = type(side);
  v4l2::format_out(*pix, multiplanar_, &format);
  const int result = ioctl(VIDIOC_S_FMT, &format);
  if (result == 0) *pix = v4l2::format_in(format, multiplanar_);
  return result;
}

int Client::try_fmt(Side side, PixFormat* pix) {
  v4l2_format format{};
  format.type = type(side);
  v4l2::format_out(*pix, multiplanar_, &format);
  const int result = ioctl(VIDIOC_TRY_FMT, &format);
  if (result == 0) *pix = v4l2::format_in(format, multiplanar_);
  return result;
}

void Client::set_coded(Size size) {
  PixFormat format;
  format.pixelformat = static_cast<FourCC>(coded_);
  format.size = size;
  ASSERT_EQ(s_fmt(Side::kOutput, &format), 0);
  ASSERT_EQ(static_cast<uint32_t>(format.pixelformat), coded_);
}

Rect Client::selection(uint32_t target, int* error) {
  v4l2_selection selection{};
  selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  selection.target = target;
  const int result = ioctl(VIDIOC_G_SELECTION, &selection);
  if (error != nullptr) *error = result;
  return {selection.r.left, selection.r.top, selection.r.width, selection.r.height};
}

int Client::control(uint32_t id, int32_t* value) {
  v4l2_control control{id, 0};
  const int result = ioctl(VIDIOC_G_CTRL, &control);
  *value = control.value;
  return result;
}

int Client::reqbufs(Side side, uint32_t* count, uint32_t memory, uint32_t* capabilities) {
  v4l2_requestbuffers request{};
  request.count = *count;
  request.type = type(side);
  request.memory = memory;
  const int result = ioctl(VIDIOC_REQBUFS, &request);
  if (result == 0) *count = request.count;
  if (capabilities != nullptr) *capabilities = request.capabilities;
  return result;
}

int Client::create_bufs(Side side, uint32_t* count, const PixFormat& format, uint32_t* index) {
  v4l2_create_buffers create{};
  create.count = *count;
  create.memory = V4L2_MEMORY_MMAP;
  create.format.type = type(side);
  v4l2::format_out(format, multiplanar_, &create.format);
  const int result = ioctl(VIDIOC_CREATE_BUFS, &create);
  if (result == 0) *count = create.count;
  if (index != nullptr) *index = create.index;
  return result;
}

v4l2_buffer Client::buffer(Side side, uint32_t number) {
  v4l2_buffer buffer{};
  buffer.index = number;
  buffer.type = type(side);
  buffer.memory = memory_[index(side)];
  std::memset(planes_, 0, sizeof planes_);
  if (multiplanar_) {
    buffer.m.planes = planes_;
    buffer.length = VIDEO_MAX_PLANES;
  }
  return buffer;
}

void Client::map_from(Side side, uint32_t first) {
  auto& maps = maps_[index(side)];
  for (uint32_t i = first;; ++i) {
    v4l2_buffer queried = buffer(side, i);
    if (ioctl(VIDIOC_QUERYBUF, &queried) != 0) return;
    const uint64_t offset = multiplanar_ ? planes_[0].m.mem_offset : queried.m.offset;
    const size_t length = multiplanar_ ? planes_[0].length : queried.length;
    int error = 0;
    void* at = file_->map(offset, length, PROT_READ | PROT_WRITE, MAP_SHARED, &error);
    ASSERT_NE(at, nullptr) << std::strerror(error);
    maps.resize(i + 1);
    maps[i] = {at, length, offset};
  }
}

void Client::allocate(Side side, uint32_t count) {
  unmap_all(side);  // a mapping keeps the open file, and the buffer that it is of
  ASSERT_EQ(reqbufs(side, &count, memory_[index(side)]), 0);
  if (memory_[index(side)] == V4L2_MEMORY_MMAP)
    map_from(side, 0);
  else
    bring_memory(side, count);
  ASSERT_EQ(this->count(side), count);
}

void Client::bring_memory(Side side, uint32_t count) {
  v4l2_buffer queried = buffer(side, 0);
  ASSERT_EQ(ioctl(VIDIOC_QUERYBUF, &queried), 0);
  const size_t length = multiplanar_ ? planes_[0].length : queried.length;
  const uint32_t all = count + (side == Side::kCapture ? spare_ : 0);
  Client lender(device_.lender());
  if (memory_[index(side)] == V4L2_MEMORY_DMABUF) {
    PixFormat format;
    format.pixelformat = static_cast<FourCC>(lender.coded_);
    format.planes[0].sizeimage =
        static_cast<uint32_t>(length) + (1u << 16);  // a decoder may work in memory that has room to spare
    ASSERT_EQ(lender.s_fmt(Side::kOutput, &format), 0);
    ASSERT_GE(format.planes[0].sizeimage, length);
    uint32_t lent = all;
    ASSERT_EQ(lender.reqbufs(Side::kOutput, &lent), 0);
    ASSERT_GE(lent, all);
  }
  for (uint32_t i = 0; i < all; ++i) {
    Map map{.length = length};
    if (memory_[index(side)] == V4L2_MEMORY_DMABUF) {
      v4l2_exportbuffer exported{};
      exported.type = lender.type(Side::kOutput);
      exported.index = i;
      exported.flags = O_RDWR | O_CLOEXEC;
      ASSERT_EQ(lender.ioctl(VIDIOC_EXPBUF, &exported), 0);
      map.fd = exported.fd;
    }
    map.at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, map.fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, map.fd, 0);
    ASSERT_NE(map.at, MAP_FAILED) << std::strerror(errno);
    (i < count ? maps_[index(side)] : spares_).push_back(map);
  }
}

v4l2_buffer Client::brought(Side side, uint32_t number) {
  v4l2_buffer queued = buffer(side, number);
  if (queued.memory == V4L2_MEMORY_MMAP) return queued;
  const Map& map = maps_[index(side)].at(number);
  const auto name = [&](auto& m) {
    if (queued.memory == V4L2_MEMORY_DMABUF)
      m.fd = map.fd;
    else
      m.userptr = reinterpret_cast<unsigned long>(map.at);
  };
  if (multiplanar_) {
    name(planes_[0].m);
    planes_[0].length = static_cast<uint32_t>(map.length);
  } else {
    name(queued.m);
    queued.length = static_cast<uint32_t>(map.length);
  }
  return queued;
}

void Client::free(Side side) {
  unmap_all(side);
  uint32_t none = 0;
  ASSERT_EQ(reqbufs(side, &none, memory_[index(side)]), 0);
}

Got Client::querybuf(Side side, uint32_t number) {
  v4l2_buffer queried = buffer(side, number);
  Got got;
  got.error = ioctl(VIDIOC_QUERYBUF, &queried);
  got.index = queried.index;
  got.flags = queried.flags;
  got.bytesused = multiplanar_ ? planes_[0].bytesused : queried.bytesused;
  got.sequence = queried.sequence;
  return got;
}

int Client::stream(Side side, bool on) {
  int value = static_cast<int>(type(side));
  return ioctl(on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &value);
}

int Client::qbuf_output(uint32_t number, const std::vector<uint8_t>& chunk, uint64_t timestamp, uint32_t flags) {
  v4l2_buffer queued = brought(Side::kOutput, number);
  const Map& map = maps_[index(Side::kOutput)].at(number);
  if (chunk.size() > map.length) return -EMSGSIZE;
  if (!chunk.empty()) std::memcpy(map.at, chunk.data(), chunk.size());
  queued.timestamp = to_time(timestamp);
  queued.flags = flags;
  queued.field = V4L2_FIELD_NONE;
  if ((flags & V4L2_BUF_FLAG_TIMECODE) != 0)
    queued.timecode = {.type = V4L2_TC_TYPE_25FPS, .frames = static_cast<uint8_t>(timestamp)};
  (multiplanar_ ? planes_[0].bytesused : queued.bytesused) = static_cast<uint32_t>(chunk.size());
  return ioctl(VIDIOC_QBUF, &queued);
}

int Client::qbuf_capture(uint32_t number, uint32_t* flags) {
  if (!spares_.empty()) {
    std::swap(maps_[index(Side::kCapture)].at(number), spares_.front());
    std::rotate(spares_.begin(), spares_.begin() + 1, spares_.end());
  }
  v4l2_buffer queued = brought(Side::kCapture, number);
  const int result = ioctl(VIDIOC_QBUF, &queued);
  if (flags != nullptr) *flags = queued.flags;
  return result;
}

Got Client::dqbuf(Side side) {
  v4l2_buffer dequeued = buffer(side, 0);
  Got got;
  got.error = ioctl(VIDIOC_DQBUF, &dequeued);
  if (got.error != 0) return got;
  got.index = dequeued.index;
  got.flags = dequeued.flags;
  got.field = dequeued.field;
  got.sequence = dequeued.sequence;
  got.timestamp = to_number(dequeued.timestamp);
  got.timecode = dequeued.timecode;
  got.bytesused = multiplanar_ ? planes_[0].bytesused : dequeued.bytesused;
  return got;
}

Got Client::await(Side side) {
  const short wanted = side == Side::kOutput ? POLLOUT : POLLIN;
  for (;;) {
    const Got got = dqbuf(side);
    if (got.error != -EAGAIN) return got;
    if (file_->poll(wanted, patience_ms()) == 0) return got;
  }
}

uint64_t Client::picture(uint32_t buffer) {
  const PixFormat format = g_fmt(Side::kCapture);
  const Rect shown = selection(V4L2_SEL_TGT_COMPOSE);
  const bool planar = static_cast<uint32_t>(format.pixelformat) == V4L2_PIX_FMT_YUV420;
  if (!planar && static_cast<uint32_t>(format.pixelformat) != V4L2_PIX_FMT_NV12) return 0;
  const uint8_t* luma = memory(Side::kCapture, buffer);
  const size_t stride = format.planes[0].bytesperline;
  uint64_t hash = hash_of(nullptr, 0);
  for (uint32_t y = 0; y < shown.height; ++y) hash = hash_of(luma + y * stride, shown.width, hash);
  // "Planar YUV formats": chroma follows, lines half as long; NV12: as long, U and V in turn.
  const uint8_t* chroma = luma + stride * format.size.height;
  const size_t chroma_stride = planar ? stride / 2 : stride;
  const size_t step = planar ? 1 : 2;
  for (const size_t second : {size_t{0}, size_t{1}}) {
    const uint8_t* from = chroma + second * (planar ? chroma_stride * (format.size.height / 2) : 1);
    for (uint32_t y = 0; y < shown.height / 2; ++y)
      for (uint32_t x = 0; x < shown.width / 2; ++x) hash = hash_of(from + y * chroma_stride + x * step, 1, hash);
  }
  return hash;
}

int Client::command(uint32_t cmd) {
  v4l2_decoder_cmd command{};
  command.cmd = cmd;
  return ioctl(VIDIOC_DECODER_CMD, &command);
}

int Client::subscribe(uint32_t event, uint32_t id, uint32_t flags) {
  v4l2_event_subscription subscription{};
  subscription.type = event;
  subscription.id = id;
  subscription.flags = flags;
  return ioctl(VIDIOC_SUBSCRIBE_EVENT, &subscription);
}

int Client::dqevent(v4l2_event* event) { return ioctl(VIDIOC_DQEVENT, event); }

// ---

void Player::start_output(uint32_t buffers, Size size_hint) {
  client_.set_coded(size_hint);
  ASSERT_EQ(client_.subscribe(V4L2_EVENT_SOURCE_CHANGE), 0);
  ASSERT_EQ(client_.subscribe(V4L2_EVENT_EOS), 0);
  client_.allocate(Side::kOutput, buffers);
  forget_input();
  ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
}

void Player::forget_input() {
  chunks_.clear();
  free_outputs_.clear();
  for (uint32_t i = 0; i < client_.count(Side::kOutput); ++i) free_outputs_.push_back(i);
}

void Player::feed(const Clip& clip) { chunks_.insert(chunks_.end(), clip.chunks.begin(), clip.chunks.end()); }
void Player::feed(const std::vector<uint8_t>& chunk) { chunks_.push_back(chunk); }

void Player::queue_all_capture() {
  for (uint32_t i = 0; i < client_.count(Side::kCapture); ++i) ASSERT_EQ(client_.qbuf_capture(i), 0) << i;
}

void Player::start_capture(uint32_t extra) {
  int32_t minimum = 1;
  ASSERT_EQ(client_.control(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &minimum), 0);
  client_.allocate(Side::kCapture, static_cast<uint32_t>(minimum) + extra);
  queue_all_capture();
  ASSERT_EQ(client_.stream(Side::kCapture, true), 0);
  epipe = false;
}

void Player::try_start_capture() {
  client_.allocate(Side::kCapture, 6);
  for (uint32_t i = 0; i < client_.count(Side::kCapture); ++i) (void)client_.qbuf_capture(i);
  ASSERT_EQ(client_.stream(Side::kCapture, true), 0);
  epipe = false;
}

void Player::restart_capture(uint32_t extra) {
  ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
  client_.free(Side::kCapture);
  start_capture(extra);
}

void Player::step() {
  v4l2_event event{};
  while (client_.dqevent(&event) == 0) {
    source_changes += event.type == V4L2_EVENT_SOURCE_CHANGE ? 1 : 0;
    ends += event.type == V4L2_EVENT_EOS ? 1 : 0;
  }
  for (;;) {
    const Got got = client_.dqbuf(Side::kOutput);
    if (got.error != 0) break;
    inputs.push_back(got);
    free_outputs_.push_back(got.index);
  }
  while (!chunks_.empty() && !free_outputs_.empty()) {
    if (client_.qbuf_output(free_outputs_.front(), chunks_.front(), next_timestamp_) != 0) break;
    ++next_timestamp_;
    free_outputs_.erase(free_outputs_.begin());
    chunks_.erase(chunks_.begin());
  }
  for (;;) {
    const Got got = client_.dqbuf(Side::kCapture);
    epipe = epipe || got.error == -EPIPE;
    if (got.error != 0) break;
    flagged += (got.flags & V4L2_BUF_FLAG_ERROR) != 0 ? 1 : 0;
    if (got.bytesused > 0) {
      frames.push_back(got);
      if (look) pictures.push_back(client_.picture(got.index));
    }
    if (got.last()) {
      ++lasts;
      last = got;
      break;
    }
    if (requeue) (void)client_.qbuf_capture(got.index);
  }
}

void Player::until_quiet() {
  size_t seen = frames.size();
  auto since = std::chrono::steady_clock::now();
  (void)until([&] {
    const auto now = std::chrono::steady_clock::now();
    if (frames.size() != seen) since = now;
    seen = frames.size();
    return now - since > std::chrono::milliseconds(300);
  });
}

bool Player::until(const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms());
  for (;;) {
    step();
    if (done()) return true;
    if (std::chrono::steady_clock::now() > limit) return false;
    short wanted = POLLPRI;
    if (!epipe) wanted |= POLLIN;
    wanted |= POLLOUT;
    const short ready = client_.file().poll(wanted, 100);
    if ((ready & POLLERR) != 0) ::poll(nullptr, 0, 1);  // nothing queued anywhere: don't spin
  }
}

}  // namespace softvpu::conformance
