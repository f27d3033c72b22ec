// SPDX-License-Identifier: LGPL-2.1-or-later
// Buffers without a stream: allocation, mapping, queueing and its errors. Clauses: vidioc-reqbufs.rst, vidioc-create-bufs.rst,
// vidioc-querybuf.rst, vidioc-qbuf.rst, vidioc-prepare-buf.rst, vidioc-expbuf.rst, vidioc-streamon.rst, func-mmap.rst,
// buffer.rst.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(ABufferQueue);

constexpr Side kBoth[] = {Side::kOutput, Side::kCapture};

v4l2_buffer plain(Client& client, Side side, uint32_t index, v4l2_plane* planes) {
  v4l2_buffer buffer{};
  buffer.index = index;
  buffer.type = client.type(side);
  buffer.memory = V4L2_MEMORY_MMAP;
  std::memset(planes, 0, sizeof(v4l2_plane) * VIDEO_MAX_PLANES);
  if (client.multiplanar()) {
    buffer.m.planes = planes;
    buffer.length = VIDEO_MAX_PLANES;
  }
  return buffer;
}

// vidioc-reqbufs.rst: EINVAL for an I/O method that isn't supported; `capabilities` tells what is.
TEST_P(ABufferQueue, HasMmapAndSaysSo) {
  Client client(device());
  for (const Side side : kBoth) {
    uint32_t count = 2;
    uint32_t capabilities = 0;
    ASSERT_EQ(client.reqbufs(side, &count, V4L2_MEMORY_MMAP, &capabilities), 0);
    EXPECT_GE(count, 2u);
    EXPECT_NE(capabilities & V4L2_BUF_CAP_SUPPORTS_MMAP, 0u);
    EXPECT_NE(capabilities & V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, 0u);
    const auto expect_method = [&](uint32_t memory, uint32_t bit) {
      uint32_t none = 0;
      EXPECT_EQ(client.reqbufs(side, &none, memory), (capabilities & bit) != 0 ? 0 : -EINVAL);
    };
    expect_method(V4L2_MEMORY_USERPTR, V4L2_BUF_CAP_SUPPORTS_USERPTR);
    expect_method(V4L2_MEMORY_DMABUF, V4L2_BUF_CAP_SUPPORTS_DMABUF);
    expect_method(V4L2_MEMORY_OVERLAY, 0);
    expect_method(99, 0);
  }
}

// userp.rst; v4l2_pix_format, sizeimage: the application allocates what the format says, and that is enough.
TEST_P(ABufferQueue, TakesMemoryOfTheFormatsSize) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) {
    uint32_t count = 2;
    uint32_t capabilities = 0;
    ASSERT_EQ(client.reqbufs(side, &count, V4L2_MEMORY_MMAP, &capabilities), 0);
    count = 0;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    if ((capabilities & V4L2_BUF_CAP_SUPPORTS_USERPTR) == 0) GTEST_SKIP() << "not a method of this node";
    count = 2;
    ASSERT_EQ(client.reqbufs(side, &count, V4L2_MEMORY_USERPTR), 0);
    std::vector<uint8_t> memory(client.g_fmt(side).planes[0].sizeimage);
    v4l2_plane planes[VIDEO_MAX_PLANES];
    v4l2_buffer buffer = plain(client, side, 0, planes);
    buffer.memory = V4L2_MEMORY_USERPTR;
    const auto at = reinterpret_cast<unsigned long>(memory.data());
    const auto length = static_cast<uint32_t>(memory.size());
    if (client.multiplanar()) {
      planes[0].m.userptr = at;
      planes[0].length = length;
      planes[0].bytesused = 1;
    } else {
      buffer.m.userptr = at;
      buffer.length = length;
      buffer.bytesused = 1;
    }
    EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), 0) << "side " << static_cast<int>(side);
    count = 0;
    ASSERT_EQ(client.reqbufs(side, &count, V4L2_MEMORY_USERPTR), 0);
  }
}

// vidioc-reqbufs.rst: the count is limited, reallocated and freed.
TEST_P(ABufferQueue, AllocatesReallocatesAndFrees) {
  Client client(device());
  for (const Side side : kBoth) {
    uint32_t count = 1000;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    EXPECT_EQ(count, uint32_t{VIDEO_MAX_FRAME});
    count = 4;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    EXPECT_EQ(count, 4u);
    EXPECT_EQ(client.querybuf(side, 3).error, 0);
    EXPECT_EQ(client.querybuf(side, 4).error, -EINVAL);
    count = 0;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    EXPECT_EQ(client.querybuf(side, 0).error, -EINVAL);
  }
}

// vidioc-create-bufs.rst: adds to what is there; count 0 asks only; EINVAL for a format that can't hold the current one.
TEST_P(ABufferQueue, AddsBuffersOfTheWantedSize) {
  Client client(device());
  for (const Side side : kBoth) {
    uint32_t count = 3;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    const uint32_t had = count;
    PixFormat format = client.g_fmt(side);
    uint32_t index = 99;
    count = 0;
    ASSERT_EQ(client.create_bufs(side, &count, format, &index), 0);
    EXPECT_EQ(index, had);
    const uint32_t current = format.planes[0].sizeimage;
    count = 2;
    format.planes[0].sizeimage = current * 2;
    ASSERT_EQ(client.create_bufs(side, &count, format, &index), 0);
    EXPECT_EQ(count, 2u);
    EXPECT_EQ(index, had);
    v4l2_plane planes[VIDEO_MAX_PLANES];
    v4l2_buffer buffer = plain(client, side, had, planes);
    ASSERT_EQ(client.ioctl(VIDIOC_QUERYBUF, &buffer), 0);
    EXPECT_EQ(client.multiplanar() ? planes[0].length : buffer.length, current * 2);
    for (const uint32_t wrong : {0u, current / 2}) {
      format.planes[0].sizeimage = wrong;
      count = 1;
      EXPECT_EQ(client.create_bufs(side, &count, format), -EINVAL);
    }
    format.planes[0].sizeimage = current;
    count = 1000;
    ASSERT_EQ(client.create_bufs(side, &count, format), 0);
    EXPECT_EQ(had + 2 + count, uint32_t{VIDEO_MAX_FRAME});
    count = 1;
    EXPECT_EQ(client.create_bufs(side, &count, format), -ENOBUFS);
  }
}

// vidioc-querybuf.rst, buffer.rst: flags tell where a buffer is.
TEST_P(ABufferQueue, TellsWhereABufferIs) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) {
    uint32_t count = 2;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    constexpr uint32_t kStates =
        V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_PREPARED | V4L2_BUF_FLAG_ERROR;
    EXPECT_EQ(client.querybuf(side, 0).flags & kStates, 0u);
    EXPECT_EQ(client.querybuf(side, 0).flags & V4L2_BUF_FLAG_TIMESTAMP_MASK, uint32_t{V4L2_BUF_FLAG_TIMESTAMP_COPY});
    client.map_from(side, 0);
    EXPECT_EQ(client.querybuf(side, 0).flags & kStates, uint32_t{V4L2_BUF_FLAG_MAPPED});

    v4l2_plane planes[VIDEO_MAX_PLANES];
    v4l2_buffer buffer = plain(client, side, 0, planes);
    ASSERT_EQ(client.ioctl(VIDIOC_PREPARE_BUF, &buffer), 0);
    EXPECT_EQ(buffer.flags & kStates, uint32_t{V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_PREPARED});
    EXPECT_EQ(client.ioctl(VIDIOC_PREPARE_BUF, &buffer), -EINVAL) << "prepared already";
    buffer = plain(client, side, 0, planes);
    ASSERT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), 0);
    EXPECT_EQ(buffer.flags & kStates, uint32_t{V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_QUEUED});
    EXPECT_EQ(client.querybuf(side, 0).flags & kStates, uint32_t{V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_QUEUED});
    buffer = plain(client, side, 0, planes);
    EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), -EINVAL) << "queued already";
    EXPECT_EQ(client.ioctl(VIDIOC_PREPARE_BUF, &buffer), -EINVAL);
    // vidioc-streamon.rst: STREAMOFF without STREAMON gives queued buffers back.
    ASSERT_EQ(client.stream(side, false), 0);
    EXPECT_EQ(client.querybuf(side, 0).flags & kStates, uint32_t{V4L2_BUF_FLAG_MAPPED});
  }
}

// vidioc-qbuf.rst: EINVAL; buffer.rst, bytesused, data_offset, field.
TEST_P(ABufferQueue, ChecksWhatIsQueued) {
  Client client(device());
  client.set_coded({320, 240});
  v4l2_plane planes[VIDEO_MAX_PLANES];
  v4l2_buffer buffer = plain(client, Side::kOutput, 0, planes);
  EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), -EINVAL) << "no buffers have been allocated";
  client.allocate(Side::kOutput, 2);
  const auto refused = [&](auto&& spoil) {
    buffer = plain(client, Side::kOutput, 0, planes);
    spoil();
    EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), -EINVAL);
    EXPECT_EQ(client.querybuf(Side::kOutput, 0).flags & V4L2_BUF_FLAG_QUEUED, 0u);
  };
  refused([&] { buffer.index = 2; });
  refused([&] { buffer.memory = V4L2_MEMORY_USERPTR; });
  refused([&] { buffer.type = V4L2_BUF_TYPE_VBI_OUTPUT; });
  refused([&] { buffer.field = V4L2_FIELD_ALTERNATE; });
  refused([&] { buffer.field = 99; });
  refused([&] { (client.multiplanar() ? planes[0].bytesused : buffer.bytesused) = 0xdeadbeef; });
  if (client.multiplanar()) {
    refused([&] { buffer.length = 0; });
    refused([&] { planes[0].bytesused = planes[0].data_offset = 100; });
    buffer = plain(client, Side::kOutput, 0, planes);
    buffer.m.planes = reinterpret_cast<v4l2_plane*>(8);
    EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), -EFAULT);
  }
  // vidioc-qbuf.rst, EBADR: no requests here.
  buffer = plain(client, Side::kOutput, 0, planes);
  buffer.flags = V4L2_BUF_FLAG_REQUEST_FD;
  EXPECT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), -EBADR);
  // An empty one stays empty (videobuf2, allow_zero_bytesused): it asks for a drain.
  buffer = plain(client, Side::kOutput, 0, planes);
  ASSERT_EQ(client.ioctl(VIDIOC_QBUF, &buffer), 0);
  EXPECT_EQ(client.multiplanar() ? planes[0].bytesused : buffer.bytesused, 0u);
}

// vidioc-qbuf.rst: DQBUF needs streaming, and doesn't wait with O_NONBLOCK.
TEST_P(ABufferQueue, DequeuesOnlyWhileStreaming) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) EXPECT_EQ(client.dqbuf(side).error, -EINVAL);
  for (const Side side : kBoth) {
    EXPECT_EQ(client.stream(side, true), -EINVAL) << "no buffers have been allocated";
    client.allocate(side, 2);
    ASSERT_EQ(client.stream(side, true), 0);
    EXPECT_EQ(client.stream(side, true), 0) << "already in progress: nothing happens";
    EXPECT_EQ(client.dqbuf(side).error, -EAGAIN);
    uint32_t count = 3;
    EXPECT_EQ(client.reqbufs(side, &count), -EBUSY) << "streaming";
    ASSERT_EQ(client.stream(side, false), 0);
    EXPECT_EQ(client.stream(side, false), 0);
    EXPECT_EQ(client.dqbuf(side).error, -EINVAL);
  }
}

// func-mmap.rst: EINVAL; OUTPUT is written, CAPTURE is read, both are shared.
TEST_P(ABufferQueue, MapsOnlyWhatQuerybufNamed) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) {
    uint32_t count = 2;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    v4l2_plane planes[VIDEO_MAX_PLANES];
    v4l2_buffer buffer = plain(client, side, 1, planes);
    ASSERT_EQ(client.ioctl(VIDIOC_QUERYBUF, &buffer), 0);
    const uint64_t offset = client.multiplanar() ? planes[0].m.mem_offset : buffer.m.offset;
    const size_t length = client.multiplanar() ? planes[0].length : buffer.length;
    const auto error_of = [&](uint64_t at, size_t bytes, int prot, int flags) {
      int error = 0;
      void* mapped = client.file().map(at, bytes, prot, flags, &error);
      if (mapped != nullptr) client.file().unmap(mapped, bytes, at);
      return error;
    };
    EXPECT_EQ(error_of(offset, length, PROT_READ | PROT_WRITE, MAP_SHARED), 0);
    EXPECT_EQ(error_of(offset, length / 2, PROT_READ | PROT_WRITE, MAP_SHARED), 0) << "a part from its beginning";
    EXPECT_EQ(error_of(offset, length, PROT_READ | PROT_WRITE, MAP_PRIVATE), EINVAL);
    EXPECT_EQ(error_of(offset, length, side == Side::kOutput ? PROT_READ : PROT_WRITE, MAP_SHARED), EINVAL);
    EXPECT_EQ(error_of(offset + 4096, length, PROT_READ | PROT_WRITE, MAP_SHARED), EINVAL);
    EXPECT_EQ(error_of(offset, length + 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED), EINVAL);
  }
}

// vidioc-reqbufs.rst, ORPHANED_BUFS: freed while mapped, the memory lives until it is unmapped.
TEST_P(ABufferQueue, OrphansMappedBuffers) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : kBoth) {
    client.allocate(side, 2);
    uint8_t* memory = client.memory(side, 0);
    std::memset(memory, 0x5a, 4096);
    uint32_t none = 0;
    ASSERT_EQ(client.reqbufs(side, &none), 0);
    EXPECT_EQ(memory[4095], 0x5a);
    memory[0] = 1;
    uint32_t count = 2;
    ASSERT_EQ(client.reqbufs(side, &count), 0);
    EXPECT_EQ(client.querybuf(side, 0).flags & V4L2_BUF_FLAG_MAPPED, 0u) << "the new buffer isn't the one that is mapped";
    EXPECT_EQ(memory[0], 1);
  }
}

// vidioc-expbuf.rst
TEST_P(ABufferQueue, ExportsItsMemory) {
  Client client(device());
  client.set_coded({320, 240});
  client.allocate(Side::kCapture, 3);
  const auto request = [&](uint32_t index, uint32_t plane, uint32_t flags) {
    v4l2_exportbuffer exported{};
    exported.type = client.type(Side::kCapture);
    exported.index = index;
    exported.plane = plane;
    exported.flags = flags;
    exported.fd = -1;
    const int result = client.ioctl(VIDIOC_EXPBUF, &exported);
    return std::pair{result, exported.fd};
  };
  EXPECT_EQ(request(99, 0, 0).first, -EINVAL);
  EXPECT_EQ(request(0, 5, 0).first, -EINVAL);
  EXPECT_EQ(request(0, 0, O_APPEND).first, -EINVAL);
  for (const uint32_t flags : {uint32_t{O_RDWR}, uint32_t{O_RDWR | O_CLOEXEC}}) {
    const auto [result, fd] = request(1, 0, flags);
    ASSERT_EQ(result, 0);
    EXPECT_EQ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, (flags & O_CLOEXEC) != 0);
    void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ASSERT_NE(at, MAP_FAILED);
    static_cast<uint8_t*>(at)[7] = 0x77;
    EXPECT_EQ(client.memory(Side::kCapture, 1)[7], 0x77);
    ::munmap(at, 4096);
    ::close(fd);
  }
}

}  // namespace
}  // namespace softvpu::conformance
