// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that the client brings. Clauses: userp.rst, dmabuf.rst, vidioc-qbuf.rst, vidioc-reqbufs.rst, vidioc-create-bufs.rst,
// vidioc-remove-bufs.rst, vidioc-expbuf.rst, buffer.rst; errors as videobuf2 has them.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/conformance/client.h"
#include "v4l2/ioctl/newer_videodev2.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(ClientMemory);

constexpr Side kBoth[] = {Side::kOutput, Side::kCapture};
constexpr uint32_t kTypes[] = {V4L2_MEMORY_MMAP, V4L2_MEMORY_USERPTR, V4L2_MEMORY_DMABUF};

// A buffer as the client says it to QBUF.
struct Said {
  v4l2_buffer buffer{};
  v4l2_plane planes[VIDEO_MAX_PLANES]{};
  Said() = default;
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
};

class Queue {
 public:
  Queue(Client& client, Side side, uint32_t memory) : client_(client), side_(side), memory_(memory) {}

  // REQBUFS; returns its errno.
  int make(uint32_t count) {
    const int error = client_.reqbufs(side_, &count, memory_);
    length_ = client_.g_fmt(side_).planes[0].sizeimage;
    return error;
  }
  uint32_t length() const { return length_; }
  void fill(Said& said, uint32_t index, uint64_t name, uint32_t length, uint32_t used = 1) const {
    said.buffer = {};
    std::memset(said.planes, 0, sizeof said.planes);
    said.buffer.index = index;
    said.buffer.type = client_.type(side_);
    said.buffer.memory = memory_;
    const auto set = [&](auto& m) {
      if (memory_ == V4L2_MEMORY_DMABUF)
        m.fd = static_cast<int>(name);
      else
        m.userptr = name;
    };
    if (side_ == Side::kCapture) used = 0;
    if (client_.multiplanar()) {
      said.buffer.m.planes = said.planes;
      said.buffer.length = VIDEO_MAX_PLANES;
      set(said.planes[0].m);
      said.planes[0].length = length;
      said.planes[0].bytesused = used;
    } else {
      set(said.buffer.m);
      said.buffer.length = length;
      said.buffer.bytesused = used;
    }
  }
  int call(unsigned long request, uint32_t index, uint64_t name, uint32_t length) {
    Said said;
    fill(said, index, name, length);
    return client_.ioctl(request, &said.buffer);
  }
  int queue(uint32_t index, uint64_t name, uint32_t length) { return call(VIDIOC_QBUF, index, name, length); }
  // What QUERYBUF has in the union m, and the length.
  std::pair<uint64_t, uint32_t> query(uint32_t index) {
    Said said;
    fill(said, index, 0, 0);
    EXPECT_EQ(client_.ioctl(VIDIOC_QUERYBUF, &said.buffer), 0);
    const uint64_t name = client_.multiplanar() ? said.planes[0].m.userptr : said.buffer.m.userptr;
    return {name, client_.multiplanar() ? said.planes[0].length : said.buffer.length};
  }
  int free() { return make(0); }

 private:
  Client& client_;
  const Side side_;
  const uint32_t memory_;
  uint32_t length_ = 0;
};

class Memfd {
 public:
  explicit Memfd(size_t size, unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd_(::memfd_create("a client's", flags)) {
    EXPECT_EQ(::ftruncate(fd_, static_cast<off_t>(size)), 0);
  }
  ~Memfd() { ::close(fd_); }
  Memfd(const Memfd&) = delete;
  Memfd& operator=(const Memfd&) = delete;
  int fd() const { return fd_; }
  int read_only() const { return ::open(("/proc/self/fd/" + std::to_string(fd_)).c_str(), O_RDONLY | O_CLOEXEC); }

 private:
  int fd_;
};

// Pictures of the clip, played with those memory types. `spare`: of Client::use_memory(), on CAPTURE.
std::vector<uint64_t> played(DeviceUnderTest& device, const Clip& clip, uint32_t output, uint32_t capture, uint32_t spare = 0) {
  Client client(device);
  client.use_memory(Side::kOutput, output);
  client.use_memory(Side::kCapture, capture, spare);
  Player player(client);
  player.look = true;
  player.start_output();
  player.feed(clip);
  EXPECT_TRUE(player.until_source_change());
  player.start_capture();
  EXPECT_TRUE(player.until_fed());
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  EXPECT_TRUE(player.until_last());
  EXPECT_EQ(player.flagged, 0u);
  EXPECT_EQ(client.stream(Side::kCapture, false), 0);
  EXPECT_EQ(client.stream(Side::kOutput, false), 0);
  return player.pictures;
}

TEST_P(ClientMemory, GivesTheSamePicturesAsTheDriversOwn) {
  const Clip stream = clip(24);
  const auto expected = played(device(), stream, V4L2_MEMORY_MMAP, V4L2_MEMORY_MMAP);
  ASSERT_EQ(expected.size(), stream.frames);
  for (const uint32_t output : kTypes)
    for (const uint32_t capture : kTypes)
      EXPECT_EQ(played(device(), stream, output, capture), expected) << "OUTPUT " << output << ", CAPTURE " << capture;
}

// vidioc-reqbufs.rst, capabilities.
TEST_P(ClientMemory, IsACapability) {
  Client client(device());
  for (const Side side : kBoth) {
    uint32_t none = 0;
    uint32_t capabilities = 0;
    for (const uint32_t memory : kTypes) {
      ASSERT_EQ(client.reqbufs(side, &none, memory, &capabilities), 0) << memory;
      EXPECT_NE(capabilities & V4L2_BUF_CAP_SUPPORTS_USERPTR, 0u);
      EXPECT_NE(capabilities & V4L2_BUF_CAP_SUPPORTS_DMABUF, 0u);
    }
  }
}

// buffer.rst, length and m: until a buffer is queued it has the length that it must have, and no
// memory; after that what the client said. A queue is of one memory type.
TEST_P(ClientMemory, IsWhatTheClientSaid) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) {
    constexpr size_t kAll = 16 << 20;
    const Memfd lent(kAll);
    std::vector<uint8_t> own(kAll);
    for (const uint32_t memory : {uint32_t{V4L2_MEMORY_USERPTR}, uint32_t{V4L2_MEMORY_DMABUF}}) {
      const bool pointers = memory == V4L2_MEMORY_USERPTR;
      if (!pointers && device().behind_v4l2_core()) continue;  // takes no memfd
      Queue queue(client, side, memory);
      ASSERT_EQ(queue.make(2), 0);
      EXPECT_EQ(queue.query(0), (std::pair<uint64_t, uint32_t>(0, queue.length())));
      const uint64_t name = pointers ? reinterpret_cast<uint64_t>(own.data()) : static_cast<uint64_t>(lent.fd());
      const uint32_t length = queue.length() + 1000;
      ASSERT_LE(length, kAll) << "longer than what is brought here";
      Said said;
      queue.fill(said, 0, name, length);
      ASSERT_EQ(client.ioctl(VIDIOC_QBUF, &said.buffer), 0);
      EXPECT_EQ(queue.query(0), (std::pair<uint64_t, uint32_t>(name, length)));
      EXPECT_EQ(queue.query(1), (std::pair<uint64_t, uint32_t>(0, queue.length())));
      ASSERT_EQ(client.stream(side, false), 0);
      queue.fill(said, 1, name, length);
      said.buffer.memory = V4L2_MEMORY_MMAP;
      EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &said.buffer), -EINVAL);
      uint32_t more = 1;
      EXPECT_EQ(client.create_bufs(side, &more, client.g_fmt(side)), -EINVAL) << "of MMAP";
      v4l2_exportbuffer exported{};
      exported.type = client.type(side);
      EXPECT_EQ(client.ioctl(VIDIOC_EXPBUF, &exported), -EINVAL);
      int error = 0;
      EXPECT_EQ(client.file().map(name, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, &error), nullptr);
      EXPECT_EQ(error, EINVAL);
      ASSERT_EQ(queue.free(), 0);
    }
  }
}

// vidioc-qbuf.rst, EINVAL: "the userptr or length are invalid"; vb2 pins the pages: EFAULT.
TEST_P(ClientMemory, MustBeThereWhereAPointerIs) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) {
    Queue queue(client, side, V4L2_MEMORY_USERPTR);
    ASSERT_EQ(queue.make(2), 0);
    const uint32_t length = queue.length();
    const size_t whole = size_t{length} + 2 * 4096;
    auto* at = static_cast<uint8_t*>(::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(at, MAP_FAILED);
    const auto name = reinterpret_cast<uint64_t>(at);
    const auto refused = [&](uint64_t pointer, uint32_t bytes, const char* what) {
      const int error = queue.queue(0, pointer, bytes);
      EXPECT_TRUE(error == -EFAULT || error == -EINVAL) << what << ": " << error;
      EXPECT_EQ(client.querybuf(side, 0).flags & V4L2_BUF_FLAG_QUEUED, 0u) << what;
    };
    refused(0, length, "NULL");
    refused(8, length, "the first page");
    refused(~uint64_t{0} - 4095, length, "the last page");
    refused(uint64_t{1} << 63, length, "not canonical");
    refused(name, length - 1, "too short");
    refused(name, 0, "no length");
    refused(name, 0xfffff000u, "too long");
    ASSERT_EQ(::munmap(at + length / 4096 * 4096, whole - length / 4096 * 4096), 0);
    refused(name, length + 4096, "a hole at its end");
    ASSERT_NE(::mmap(at, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), MAP_FAILED);
    // Linux up to 6.1 at least pins pages that the process itself may not use (FOLL_FORCE).
    const bool uses_force = device().behind_v4l2_core();
    if (!uses_force) {
      ASSERT_EQ(::mprotect(at, whole, PROT_NONE), 0);
      refused(name, length, "no access");
    }
    if (!uses_force && side == Side::kCapture) {
      ASSERT_EQ(::mprotect(at, whole, PROT_READ), 0);
      refused(name, length, "not writable");
    }
    ASSERT_EQ(::mprotect(at, whole, PROT_READ | PROT_WRITE), 0);
    EXPECT_EQ(queue.queue(0, name + 1, length), 0) << "of any alignment";
    EXPECT_EQ(queue.call(VIDIOC_PREPARE_BUF, 1, 8, length), -EFAULT);
    ASSERT_EQ(queue.free(), 0);
    ::munmap(at, whole);
  }
}

// vidioc-qbuf.rst; vb2: EINVAL for what is no dma-buf or too short, EFAULT for a length beyond it.
TEST_P(ClientMemory, MustBeMemoryWhereADescriptorIs) {
  Client client(device());
  client.set_coded({320, 240});
  int pipe[2];
  int sockets[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  const int folder = ::open("/", O_RDONLY | O_DIRECTORY);
  const int null = ::open("/dev/null", O_RDWR);
  const int program = ::open("/proc/self/exe", O_RDONLY);
  for (const Side side : kBoth) {
    Queue queue(client, side, V4L2_MEMORY_DMABUF);
    ASSERT_EQ(queue.make(2), 0);
    const uint32_t length = queue.length();
    const auto refused = [&](int fd, uint32_t bytes, const char* what, int error = -EINVAL) {
      EXPECT_EQ(queue.queue(0, static_cast<uint64_t>(fd), bytes), error)
          << what << ", descriptor " << fd << ", side " << static_cast<int>(side);
      EXPECT_EQ(client.querybuf(side, 0).flags & V4L2_BUF_FLAG_QUEUED, 0u) << what;
    };
    for (const int fd : {-1, 1 << 20, INT32_MIN, pipe[0], sockets[0], folder, null, program}) refused(fd, length, "not memory");
    if (device().behind_v4l2_core()) continue;  // takes no memfd
    const size_t pages = (size_t{length} + 4095) / 4096 * 4096;
    const Memfd memory(pages);
    const Memfd small(length - 1);
    const Memfd sealed(pages);
    refused(small.fd(), length, "less than its length says", -EFAULT);
    refused(small.fd(), 0, "less than the format needs");
    refused(memory.fd(), length - 1, "less than the format needs");
    refused(memory.fd(), 0xffffffffu, "more than any plane has");
    refused(memory.fd(), static_cast<uint32_t>(pages) + 1, "more than there is", -EFAULT);
    const int reading = memory.read_only();
    EXPECT_EQ(queue.queue(1, static_cast<uint64_t>(reading), length), side == Side::kCapture ? -EINVAL : 0);
    EXPECT_EQ(::fcntl(sealed.fd(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    EXPECT_EQ(queue.queue(0, static_cast<uint64_t>(sealed.fd()), length), side == Side::kCapture ? -EINVAL : 0);
    ASSERT_EQ(client.stream(side, false), 0);
    EXPECT_EQ(queue.queue(0, static_cast<uint64_t>(memory.fd()), length), 0);
    ASSERT_EQ(queue.free(), 0);
    ::close(reading);
  }
  for (const int fd : {pipe[0], pipe[1], sockets[0], sockets[1], folder, null, program}) ::close(fd);
}

// vidioc-remove-bufs.rst.
TEST_P(ClientMemory, GoesWithItsBuffer) {
  Client client(device());
  client.set_coded({320, 240});
  const auto remove = [&](Side side, uint32_t first, uint32_t count) {
    v4l2_remove_buffers request{};
    request.index = first;
    request.count = count;
    request.type = client.type(side);
    return client.ioctl(VIDIOC_REMOVE_BUFS, &request);
  };
  if (remove(Side::kOutput, 0, 0) == -ENOTTY) GTEST_SKIP() << "not an ioctl of this kernel";
  for (const Side side : kBoth) {
    client.allocate(side, 6);
    EXPECT_EQ(remove(side, 0, 0), 0);
    EXPECT_EQ(remove(side, 5, 2), -EINVAL) << "6 isn't there";
    EXPECT_EQ(remove(side, 0xffffffff, 2), -EINVAL);
    EXPECT_EQ(remove(side, 2, 0xffffffff), -EINVAL);
    EXPECT_EQ(side == Side::kOutput ? client.qbuf_output(3, {1, 2, 3}) : client.qbuf_capture(3), 0);
    EXPECT_EQ(remove(side, 2, 3), -EBUSY) << "3 is queued";
    EXPECT_EQ(client.querybuf(side, 2).error, 0);
    ASSERT_EQ(remove(side, 1, 2), 0);
    for (const uint32_t gone : {1u, 2u}) EXPECT_EQ(client.querybuf(side, gone).error, -EINVAL);
    for (const uint32_t there : {0u, 3u, 4u, 5u}) EXPECT_EQ(client.querybuf(side, there).error, 0);
    EXPECT_EQ(remove(side, 0, 2), -EINVAL) << "a gap";
    uint32_t count = 2;
    uint32_t index = 99;
    ASSERT_EQ(client.create_bufs(side, &count, client.g_fmt(side), &index), 0);
    EXPECT_EQ(index, 1u) << "the first room for two";
    ASSERT_EQ(client.stream(side, false), 0);
    ASSERT_EQ(remove(side, 0, 6), 0);
    EXPECT_EQ(client.querybuf(side, 0).error, -EINVAL);
    ASSERT_EQ(client.create_bufs(side, &count, client.g_fmt(side), &index), 0);
    EXPECT_EQ(index, 0u);
    client.free(side);
  }
}

// dmabuf.rst: another descriptor with each QBUF. GStreamer's pools bring the same memory under other
// indices, while later frames still refer to the picture that was in it.
TEST_P(ClientMemory, MayChangeFromFrameToFrame) {
  const Clip stream = clip(60);
  const auto expected = played(device(), stream, V4L2_MEMORY_MMAP, V4L2_MEMORY_MMAP);
  for (const uint32_t memory : {uint32_t{V4L2_MEMORY_USERPTR}, uint32_t{V4L2_MEMORY_DMABUF}})
    EXPECT_EQ(played(device(), stream, V4L2_MEMORY_MMAP, memory, 3), expected) << memory;
}

// Memory that is taken away is an error for this client alone, whether the codec has mapped it by
// then or not.
TEST_P(ClientMemory, ThatShrinksEndsItsOwnSessionOnly) {
  if (!device().codec_is_a_process()) GTEST_SKIP() << "the codec isn't in a process of its own";
  const Clip stream = clip(60);
  Client other(device());
  Player witness(other);
  witness.start_output();
  witness.feed(stream);
  ASSERT_TRUE(witness.until_source_change());
  witness.start_capture();
  for (const bool in_use : {false, true}) {
    Client client(device());
    client.use_memory(Side::kCapture, V4L2_MEMORY_DMABUF);
    Player player(client);
    player.requeue = false;
    player.start_output();
    for (size_t i = 0; i < 4; ++i) player.feed(stream.chunks[i]);
    ASSERT_TRUE(player.until_source_change());
    Queue queue(client, Side::kCapture, V4L2_MEMORY_DMABUF);
    constexpr uint32_t kBuffers = 12;
    ASSERT_EQ(queue.make(kBuffers), 0);
    std::vector<std::unique_ptr<Memfd>> memory;
    for (uint32_t i = 0; i < kBuffers; ++i) {
      memory.push_back(std::make_unique<Memfd>(queue.length()));
      ASSERT_EQ(queue.queue(i, static_cast<uint64_t>(memory[i]->fd()), queue.length()), 0);
    }
    if (in_use) {  // some buffers have frames, the others are with the codec
      ASSERT_EQ(client.stream(Side::kCapture, true), 0);
      ASSERT_TRUE(player.until_fed());
      player.until_quiet();
      ASSERT_LE(player.frames.size(), 4u);
    }
    for (const auto& each : memory) ASSERT_EQ(::ftruncate(each->fd(), 0), 0);
    if (!in_use) {
      ASSERT_EQ(client.stream(Side::kCapture, true), 0);
    }
    for (size_t i = 4; i < stream.chunks.size(); ++i) player.feed(stream.chunks[i]);
    int error = 0;
    player.until([&] {
      const Got got = client.dqbuf(Side::kCapture);
      error = got.error != 0 && got.error != -EAGAIN ? got.error : error;
      return error != 0;
    });
    EXPECT_EQ(error, -EIO) << in_use;
    EXPECT_EQ(client.stream(Side::kCapture, false), 0);
    EXPECT_EQ(client.stream(Side::kOutput, false), 0);
    EXPECT_EQ(queue.queue(0, static_cast<uint64_t>(memory[0]->fd()), queue.length()), -EFAULT) << "its size is looked at again";
  }
  ASSERT_TRUE(witness.until_fed());
  ASSERT_EQ(other.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(witness.until_last());
  EXPECT_EQ(witness.frames.size(), stream.frames);
}

// userp.rst: the driver writes to the memory until the buffer is dequeued.
TEST_P(ClientMemory, ThatIsUnmappedWhileItIsQueuedIsAnErrorOfDqbuf) {
  if (device().behind_v4l2_core()) GTEST_SKIP() << "videobuf2 pins the pages";
  const Clip stream = clip(24);
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  Queue queue(client, Side::kCapture, V4L2_MEMORY_USERPTR);
  client.use_memory(Side::kCapture, V4L2_MEMORY_USERPTR);
  constexpr uint32_t kBuffers = 8;
  ASSERT_EQ(queue.make(kBuffers), 0);
  const size_t pages = (size_t{queue.length()} + 4095) / 4096 * 4096;
  void* at = ::mmap(nullptr, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  const auto name = reinterpret_cast<uint64_t>(at);
  for (uint32_t i = 0; i < kBuffers; ++i) ASSERT_EQ(queue.queue(i, name, queue.length()), 0);
  ASSERT_EQ(::mprotect(at, pages, PROT_READ), 0);
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  EXPECT_EQ(client.await(Side::kCapture).error, -EFAULT);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EFAULT) << "it stays the next one";
  ASSERT_EQ(::mprotect(at, pages, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, 0);
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  ::munmap(at, pages);
}

}  // namespace
}  // namespace softvpu::conformance
