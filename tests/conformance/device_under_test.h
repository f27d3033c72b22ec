// SPDX-License-Identifier: LGPL-2.1-or-later
// What the conformance tests need of a stateful decoder node: one open of it, and streams for it. Two implementations: a
// VideoDevice in this process (dut_in_process.cc), and a path opened by plain libc calls (dut_node.cc), which may be the kernel's
// node or, under the preload library, ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "media/geometry.h"

namespace softvpu {

// What a comparison that fails prints.
inline void PrintTo(const Size& size, std::ostream* out) { *out << size.width << 'x' << size.height; }
inline void PrintTo(const Rect& rect, std::ostream* out) {
  *out << rect.width << 'x' << rect.height << " at " << rect.left << ',' << rect.top;
}

}  // namespace softvpu

namespace softvpu::conformance {

// One open file. All calls: any thread.
class OpenFile {
 public:
  virtual ~OpenFile() = default;  // closes
  // 0 or a negative errno.
  virtual int ioctl(unsigned long request, void* arg) = 0;
  // nullptr when refused; the errno in `*error`.
  virtual void* map(uint64_t offset, size_t length, int prot, int flags, int* error) = 0;
  virtual void unmap(void* at, size_t length, uint64_t offset) = 0;
  // revents of poll(2); 0 after `timeout_ms`.
  virtual short poll(short events, int timeout_ms) = 0;
  virtual void set_nonblocking(bool nonblocking) = 0;
};

// More chunks than any decoder keeps to itself (reordering, threads) before it outputs a frame: what comes of input alone,
// without a drain, is waited for with that many. The specification sets no limit to that delay.
inline constexpr uint32_t kPlenty = 24;

// A stream cut into chunks, one access unit each, and what a decoder makes of it.
struct Clip {
  Size size;
  std::vector<std::vector<uint8_t>> chunks;
  uint32_t frames = 0;
};

// FNV-1a, over as many pieces as there are.
inline uint64_t hash_of(const uint8_t* data, size_t size, uint64_t before = 0xcbf29ce484222325u) {
  for (size_t i = 0; i < size; ++i) before = (before ^ data[i]) * 0x100000001b3u;
  return before;
}

class DeviceUnderTest {
 public:
  virtual ~DeviceUnderTest() = default;
  virtual std::string name() const = 0;
  virtual std::unique_ptr<OpenFile> open() = 0;  // nullptr when it can't be
  virtual bool multiplanar() = 0;
  // The kernel's V4L2 core stands between the client and the device, and answers some of the calls by itself.
  virtual bool behind_v4l2_core() { return false; }
  // The codec works in a process of its own, which shares memory with the client.
  virtual bool codec_is_a_process() { return false; }
  // Whose exported buffers the device imports.
  virtual DeviceUnderTest& lender() { return *this; }
  virtual uint32_t coded() = 0;  // V4L2_PIX_FMT_* of the clips
  // Widths and heights are multiples of 16, between 64 and 640; the first chunk holds the headers.
  virtual Clip clip(Size size, uint32_t frames) = 0;
  // What another decoder makes of clip(size, frames): of each picture in output order hash_of() its planes Y, U, V without
  // padding. Empty: nobody else decodes it.
  virtual std::vector<uint64_t> pictures(Size, uint32_t) { return {}; }
  // A stream of 312x232 visible pixels that are 4:3 wide, interlaced, the top field first; empty: there is none.
  virtual Clip odd_clip(uint32_t) { return {}; }
  // Two pieces of one size, which play as one stream: the first is interlaced, or says BT.2020 of its colour, the second is
  // progressive and says nothing; empty: there are none.
  virtual std::vector<Clip> field_parts() { return {}; }
  virtual std::vector<Clip> colour_parts() { return {}; }
  // A chunk in the middle of a stream that decodes to an error, or one that ends the session; empty: there is none.
  virtual std::vector<uint8_t> damaged_chunk() { return {}; }
  virtual std::vector<uint8_t> fatal_chunk() { return {}; }
};

// A parameter of the tests. Its name is a part of the tests' names: letters and digits only.
struct MakeDevice {
  const char* name;
  std::unique_ptr<DeviceUnderTest> (*make)();
};
inline void PrintTo(const MakeDevice& device, std::ostream* out) { *out << device.name; }

// The ones that this run tests: the in-process ones, or the node named by SOFTVPU_DUT (e.g. /dev/video10), which imports buffers
// of that named by SOFTVPU_LENDER, if any.
std::vector<MakeDevice> devices_under_test();

}  // namespace softvpu::conformance
