// SPDX-License-Identifier: GPL-2.0-or-later
// A codec as the worker sees it: buffers in, buffers out, events. It is a decoder or an encoder, and knows nothing of rings and
// messages. The worker's codec thread calls it; libav/decoder.cc implements it. What the events mean is the seam's contract
// (src/codec/session.h); which codecs there are is catalog.h's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "media/codec_info.h"
#include "media/colour.h"
#include "media/control.h"
#include "media/done.h"
#include "media/fourcc.h"
#include "media/frame_layout.h"
#include "media/geometry.h"
#include "media/side.h"
#include "media/stream_format.h"

namespace softvpu::firmware {

// Memory of one buffer as mapped by the worker. It lives until nobody holds it: the client may have forgotten it long before a
// decoder releases the reference picture in it.
struct MappedBuffer {
  struct Plane {
    std::byte* data = nullptr;
    size_t length = 0;         // bytes that may be written, if it is an output
    size_t mapped_length = 0;  // bytes that may be read
  };
  std::array<Plane, kMaxPlanes> plane{};
  uint32_t num_planes = 0;
  std::shared_ptr<void> owner;  // of the mapping

  // Guarded by the lock of the pool that lends it out:
  // The codec reads or writes it. Buffers that lie in the same memory share the flag: a client may bring one dma-buf under two
  // indices, or under another one than before.
  std::shared_ptr<bool> held = std::make_shared<bool>(false);
  bool fresh = true;  // never used before, so its pages aren't in this process's page tables: see populate()
};

// Fetches the pages of a fresh one all at once, for writing: one by one they take twice to ten times as long. Nothing for one
// that isn't fresh.
void populate(MappedBuffer& memory);

// A queued input. The host may change its memory at any time: nothing that was read from it once is still true afterwards.
struct InputBuffer {
  Cookie cookie{};
  Tag tag{};                                    // goes to the frames that come from it
  FrameField field = FrameField::kProgressive;  // of an encoder's picture
  // A decoder: plane 0 is the coded bytes. An encoder: the memory planes of the layout that was set last, each as long as its
  // components reach; what of it the host says is filled doesn't matter.
  std::array<std::span<const std::byte>, kMaxPlanes> plane{};
  uint32_t num_planes = 1;
  std::shared_ptr<const void> owner;  // of the memory: whoever holds it may read

  std::span<const std::byte> bytes() const { return plane[0]; }
};

// A queued output. A decoder writes a picture of the layout that was set last, an encoder coded bytes into plane 0.
struct OutputBuffer {
  Cookie cookie{};
  std::shared_ptr<MappedBuffer> memory;
};

// Called on the thread that calls the codec, from inside its calls.
class CodecEvents {
 public:
  virtual ~CodecEvents() = default;
  // In the order of the inputs. An encoder's input is answered as soon as it is read, before its output.
  virtual void input_done(Cookie cookie, DoneStatus status) = 0;
  virtual void output_done(const OutputDone& done) = 0;
  // Of a decoder only: it pauses until resume().
  virtual void format_changed(const StreamFormat& format, bool initial) = 0;
  // kError: something of the inputs before it was lost, or they held no stream, and no buffer's status said so.
  virtual void drained(DoneStatus status) = 0;
  // Said once, and last: SESSION_ERROR of softvpu/hfi.h. What is queued isn't answered: an empty output ahead of it would look
  // like a damaged frame to the client.
  virtual void failed(const Error& error) = 0;
};

struct CodecConfig {
  Role role = Role::kDecoder;
  FourCC coded = FourCC::kNone;
  uint32_t threads = 0;        // 0: chosen by the codec
  Size size_hint;              // of a decoder: what the client's container says; {0,0} when unknown
  FrameInterval interval;      // of an encoder: what rate control counts with; 0/0 when unknown
  Colour colour;               // of an encoder's pictures: for its headers; 0 where unknown
  std::function<void()> wake;  // step() may have something to do again; called from any thread, may be empty
};

// Thread: the codec thread, one for all calls.
class Codec {
 public:
  virtual ~Codec() = default;

  // The layout of the raw side's buffers queued from now on: outputs of a decoder, inputs of an encoder. An encoder is given no
  // input before its first layout; one of another format or size begins a new stream with the next input.
  virtual void set_layout(const FrameLayout& layout) = 0;
  // A control that its description lists, isn't read-only and takes the value. Takes effect with the next input queued, never
  // with an earlier one that still waits; a flush doesn't take it back. Never called for a codec without such controls.
  virtual void set_control(const ControlValue& /*control*/) {}
  // The seconds per frame of an encoder's pictures, likewise; neither number is 0. Until the first call, CodecConfig's.
  virtual void set_interval(FrameInterval /*interval*/) {}
  virtual void queue_input(InputBuffer input) = 0;
  virtual void queue_output(OutputBuffer output) = 0;
  // Gives one queued output back (kCancelled), if there is one.
  virtual void return_output() = 0;
  // Gives every queued buffer of that side back (kCancelled). Input: frames that weren't delivered are dropped, a drain that
  // wasn't answered is forgotten; a pause goes on until resume(). Output: a decoder drops nothing, its frames wait for new
  // outputs; an encoder drops what it has coded and begins a new stream: its next frame is a key frame with headers.
  virtual void flush(Side side) = 0;
  // drained() after the last frame of all inputs queued before.
  virtual void drain() = 0;
  // After format_changed() or drained(): goes on, with all the state from before.
  virtual void resume() = 0;

  // Does one piece of work, at most one access unit or picture. False: nothing to do until a call above or CodecConfig::wake.
  virtual bool step() = 0;
};

}  // namespace softvpu::firmware
