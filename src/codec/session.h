// SPDX-License-Identifier: LGPL-2.1-or-later
// THE SEAM. Above it V4L2, below it codecs. A lower half implements Driver and Session and never sees an ioctl; the upper half
// (src/v4l2) implements SessionEvents and gets frames, format changes and errors.
//
// Words: *input* is what the codec consumes, *output* is what it produces (for a decoder: V4L2's
// OUTPUT and CAPTURE queues). Threads: the upper half calls a Session under its own per-file lock,
// one call at a time; no call blocks on the codec. Events come from a thread of the lower half and
// never from inside a Session call, with no lock of the lower half held.
//
// The contract that every lower half passes is tests/contract/session_contract.h. In short:
//  1. Each queued input is answered by exactly one input_done(), each queued output by exactly one output_done(), also when the
//     session is flushed, fails, or stops; only destroying the Session ends the obligation (after
//     that, no events are delivered).
//  2. Inputs are consumed in order. Outputs come in any order; several or none may come from one input.
//  3. A decoder announces the stream by format_changed() before its first output, and again when a frame with another geometry is
//     due, after every frame of the old geometry was delivered. It then holds its outputs back until resume().
//     A pause, this one or that of drained(), is ended only by resume(), not by a flush; resume()
//     is called once for each pause.
//  4. drain() takes effect after all inputs queued before it; drained() follows the last output_done() of a frame. No input is
//     consumed after that until resume(). A flush of the inputs cancels a drain(): its drained() comes before that flushed(), or
//     never. No second drain() is called while one is neither answered nor cancelled.
//  5. After flush(), every buffer queued before it on that side comes back (cancelled or done), then flushed() with the same
//  number.
//     Frames made from inputs before an input flush may be dropped.
//  6. failed() is called once. All queued buffers are returned before it; by the time the first of
//     them is returned, nothing accesses any of them any more. After failed(), every call returns
//     EIO.
//
// An encoder's inputs are pictures and its outputs coded data (8 and 9 hold for it instead of what 3 and 5 say of frames):
//  7. format_changed() never comes. An input is answered as soon as it is read, and before the output that is made of it is.
//     Unless B-frames are asked for, each input makes exactly one output, which needs no further input to come. Headers are a
//     part of the first frame's output.
//  8. A flush of the inputs gives back inputs that aren't read, and the encoder keeps its state. Pictures inside of an encoder
//  that
//     looks ahead are dropped; then the next frame is a key frame with headers, so that nothing refers to what nobody has.
//  9. A flush of the outputs drops what is coded and not delivered, and resets: the next frame is a key frame with headers.
// 10. An output that has no room for its frame comes back with kError, the tag and no bytes; the frame is lost.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "codec/capabilities.h"
#include "media/colour.h"
#include "media/done.h"
#include "media/frame_layout.h"
#include "media/geometry.h"
#include "media/side.h"
#include "media/stream_format.h"

namespace softvpu::codec {

// media's values.
using Direction = softvpu::Side;  // never kParameters: no session of today has any
using softvpu::Cookie;
using softvpu::DoneStatus;
using softvpu::FrameField;
using softvpu::FrameType;
using softvpu::OutputDone;
using softvpu::StreamFormat;
using softvpu::Tag;

// A buffer's name on both sides: an index that is reused, and a generation that never is.
struct BufferHandle {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const BufferHandle&, const BufferHandle&) = default;
};

// Memory of one plane. The session duplicates `fd` if it needs it longer than the call.
struct PlaneMemory {
  int fd = -1;
  uint64_t offset = 0;         // of the plane in `fd`, page aligned
  uint64_t length = 0;         // bytes the codec may write
  uint64_t mapped_length = 0;  // bytes that may be mapped and read; >= length
};

struct SessionConfig {
  Role role = Role::kDecoder;
  FourCC coded = FourCC::kNone;
  Size size_hint;          // from the client's format; {0,0} when unknown. An encoder: of the picture that it codes
  uint32_t threads = 0;    // codec threads; 0 lets the lower half choose
  FrameInterval interval;  // from the client; 0/0 when unknown
  Colour colour;           // of an encoder's pictures, for its headers; 0: unknown
};

// What of one plane of an input is filled.
struct PlaneChunk {
  uint32_t offset = 0;  // of the first byte in the plane (V4L2's data_offset)
  uint32_t bytes = 0;   // payload, without the offset
  friend bool operator==(const PlaneChunk&, const PlaneChunk&) = default;
};

// Coded data has one plane. A picture has the memory planes of the layout, each of which begins at `offset`: what the layout says
// of a component counts from there.
struct InputChunk {
  BufferHandle buffer;
  Cookie cookie{};
  Tag tag{};
  std::array<PlaneChunk, kMaxPlanes> plane{};
  uint32_t num_planes = 1;
  FrameField field = FrameField::kProgressive;  // of a picture
};

class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  virtual void input_done(Cookie cookie, DoneStatus status) = 0;
  virtual void output_done(const OutputDone& done) = 0;
  // `initial`: the stream's first header. The session is paused until resume().
  virtual void format_changed(const StreamFormat& format, bool initial) = 0;
  // `status`: kError when something of the inputs before it was lost, or they held no stream at
  // all, and no buffer's status has reported it.
  virtual void drained(DoneStatus status) = 0;
  virtual void flushed(Direction side, uint32_t generation) = 0;
  // `error.reason` is human-readable.
  virtual void failed(const Error& error) = 0;
};

class Session {
 public:
  virtual ~Session() = default;

  // Makes memory known under `buffer`. Errors: EINVAL, ENOMEM, EIO.
  virtual Status map_buffer(Direction side, BufferHandle buffer, std::span<const PlaneMemory> planes) = 0;
  // Forgets it; memory that the codec still reads (a reference frame) stays valid until the codec
  // releases it. Errors: EINVAL.
  virtual Status unmap_buffer(Direction side, BufferHandle buffer) = 0;

  // The layout of outputs queued from now on (decoder), or of inputs (encoder): no input is queued before it. An encoder codes a
  // picture of the layout's size, which may be a part of the buffer. Errors: EINVAL, EIO.
  virtual Status set_frame_layout(const FrameLayout& layout) = 0;
  // A V4L2 control id and its value, which counts from the next input that is queued. Errors: EINVAL for one that the codec
  // doesn't have.
  virtual Status set_control(uint32_t id, int64_t value) = 0;

  // The seconds per frame of an encoder's pictures, for its rate control, from the next input that is queued on; until the first
  // call, SessionConfig's. Errors: EINVAL for a number that is 0 and for a session of another role, EIO.
  virtual Status set_frame_interval(FrameInterval interval) = 0;

  // Starts consuming input; may start a process, but doesn't wait for it to become ready. Errors:
  // EIO, EAGAIN, ENOMEM.
  virtual Status start() = 0;
  virtual Status queue_input(const InputChunk& chunk) = 0;
  virtual Status queue_output(BufferHandle buffer, Cookie cookie) = 0;

  // After format_changed(): outputs of the announced geometry are queued or will be. After drained(): go on.
  virtual Status resume() = 0;
  virtual Status drain() = 0;
  // Asks for one queued output back, empty (the upper half marks it V4L2_BUF_FLAG_LAST). Legal always, also while paused; when no
  // output is queued nothing happens.
  virtual Status return_output() = 0;
  virtual Status flush(Direction side, uint32_t generation) = 0;

  // The upper half can't go on (no memory, a stream that no format of the node can hold): the session ends as if the codec had
  // failed, see 6, with `reason` in failed(). Nothing happens when it fails or has failed already.
  virtual void give_up(const std::string& reason) = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;
  // Errors: EIO when the lower half can't be asked (no firmware), with the reason.
  virtual Result<Capabilities> capabilities() = 0;
  // `events` is kept weakly: events for an owner that is gone are dropped. Nothing is started yet.
  // Errors: EINVAL for a codec that isn't in capabilities(), EMFILE, ENOMEM.
  virtual Result<std::unique_ptr<Session>> open_session(const SessionConfig& config, std::weak_ptr<SessionEvents> events) = 0;
};

}  // namespace softvpu::codec
