// SPDX-License-Identifier: GPL-2.0-or-later
// A decoder as the worker sees it: bytes in, pictures into the client's memory, events out. Knows nothing of rings and messages.
// The worker's decode thread calls it; libav/decoder.cc implements it. What the events mean is the seam's contract
// (src/codec/session.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "media/fourcc.h"
#include "media/frame_layout.h"
#include "media/geometry.h"
#include "media/stream_format.h"

namespace softvpu::firmware {

enum class Side : uint8_t { kInput = 0, kOutput = 1 };

// Coded: what the decoder writes, a multiple of its block size. Visible: at (0,0), because pictures are delivered there.
using StreamInfo = StreamFormat;

// False: a client must be asked to set its buffers up anew (dev-decoder.rst, Dynamic Resolution Change: a change of the coded or
// the visible size, the number of buffers needed or the bit depth); and where v4l2_format.field changes.
bool same_setup(const StreamInfo& a, const StreamInfo& b);

// Memory of one output buffer as mapped by the worker. It lives until nobody holds it: the client may have forgotten it long
// before the decoder lets go of the reference picture in it.
struct OutputMemory {
  struct Plane {
    std::byte* data = nullptr;
    size_t length = 0;         // bytes that may be written
    size_t mapped_length = 0;  // bytes that may be read
  };
  std::array<Plane, kMaxPlanes> plane{};
  uint32_t num_planes = 0;
  std::shared_ptr<void> owner;  // of the mapping

  // The decoder reads or writes it; the flag is guarded by the lock of the pool that lent it out. Buffers that lie in the same
  // memory share the flag: a client may bring one dma-buf under two indices, or under another one than before.
  std::shared_ptr<bool> held = std::make_shared<bool>(false);
};

struct InputChunk {
  uint64_t id = 0;   // names this queueing in input_done()
  uint64_t tag = 0;  // goes to the frames whose access unit begins in here
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // of the bytes
};

struct OutputBuffer {
  uint64_t id = 0;  // names this queueing in output_done(); never reused
  std::shared_ptr<OutputMemory> memory;
};

enum class DoneStatus : uint8_t {
  kOk,
  kDamaged,    // input: nothing usable was in it; output: the picture is concealed, or empty if bytes_used is 0
  kCancelled,  // given back unused
  kTooSmall,   // output: the memory doesn't hold the layout
};

struct OutputDone {
  uint64_t id = 0;
  DoneStatus status = DoneStatus::kOk;
  bool has_tag = false;
  bool in_place = false;  // decoded into the memory, not copied there
  uint64_t tag = 0;
  FrameType type = FrameType::kUnknown;
  FrameField field = FrameField::kProgressive;
  std::array<uint32_t, kMaxPlanes> bytes_used{};
};

// Called on the thread that calls the decoder, from inside its calls.
class DecoderEvents {
 public:
  virtual ~DecoderEvents() = default;
  virtual void input_done(uint64_t id, DoneStatus status) = 0;
  virtual void output_done(const OutputDone& done) = 0;
  virtual void format_changed(const StreamInfo& info, bool initial) = 0;
  // kDamaged: something of the inputs before it was lost, or they held no stream, and no buffer's status said so.
  virtual void drained(DoneStatus status) = 0;
  // Said once, and last: SESSION_ERROR of softvpu/hfi.h. What is queued isn't answered: an empty output ahead of it would look
  // like a damaged frame to the client.
  virtual void failed(const Error& error) = 0;
};

struct DecoderConfig {
  FourCC coded = FourCC::kNone;
  uint32_t threads = 0;        // 0: chosen by the decoder
  Size size_hint;              // what the client's container says; {0,0} when unknown
  std::function<void()> wake;  // step() may have something to do again; called from any thread, may be empty
};

// Thread: the decode thread, one for all calls.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // The layout of outputs queued from now on.
  virtual void set_layout(const FrameLayout& layout) = 0;
  virtual void queue_input(InputChunk chunk) = 0;
  virtual void queue_output(OutputBuffer buffer) = 0;
  // Gives one queued output back (kCancelled), if there is one.
  virtual void return_output() = 0;
  // Gives every queued buffer of that side back (kCancelled). Input: pictures that weren't delivered are dropped, a drain that
  // wasn't answered is forgotten; a pause goes on until resume().
  virtual void flush(Side side) = 0;
  // drained() after the last picture of all inputs queued before.
  virtual void drain() = 0;
  // After format_changed() or drained(): goes on, with all the state from before.
  virtual void resume() = 0;

  // Does one piece of work, at most one access unit. False: nothing to do until a call above or DecoderConfig::wake.
  virtual bool step() = 0;
};

}  // namespace softvpu::firmware
