// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful encoder of an open file (dev-encoder.rst): runs the transitions of
// core/encoder_state.h, hands buffers over to the session, and takes what it reports. Two source
// files: encoder.cc (what the client does, and the actions of a transition), encoder_session.cc
// (buffers to the session and back). All calls: the file's lock is held.
//
// What clients rely on, beyond the specification: an OUTPUT buffer comes back as soon as it is read,
// before the CAPTURE buffer that is made of it, and one makes exactly one (rpicam-vid, mediamtx and
// ustreamer dequeue OUTPUT blocking, once for each CAPTURE buffer). The session promises that
// (codec/session.h); nothing here waits, collects or reorders.
#pragma once

#include "core/encoder_state.h"
#include "v4l2/encoder/encoder_formats.h"
#include "v4l2/encoder/latched_parameters.h"
#include "v4l2/file/session_books.h"
#include "v4l2/queue/tag_history.h"
#include "v4l2/role.h"

namespace softvpu::v4l2 {

extern const RoleKind kEncoderRole;

class Encoder final : public Role {
 public:
  Encoder(CodecFile& file, const codec::Capabilities& capabilities);

  const IoctlTable& ioctls() const override;
  bool has_event(uint32_t type) const override { return type == V4L2_EVENT_EOS; }
  const EncoderFormats& formats() const override { return formats_; }
  Status set_format(Side side, const PixFormat& adjusted) override;
  void await_stream(const IoctlCall&) override {}  // an encoder learns nothing from a stream
  Status start_streaming(Side side) override;
  void stop_streaming(Side side) override;
  void buffers_freed(Side side) override;
  bool has_failed() const override { return svpu_encoder_has_failed(&state_); }
  Status suits(Side side, const Buffer& buffer) const override;
  void queued(Side side, const Buffer& buffer) override;
  void dequeued(Side) override {}

  // V4L2_ENC_CMD_STOP and _START. Errors: EIO, EBUSY.
  Status command_stop();
  Status command_start();

  // S_SELECTION(OUTPUT, CROP) with a rectangle of formats().adjust_crop(). Errors: EBUSY while a
  // queue streams.
  Status set_crop(Rect adjusted);
  void set_interval(FrameInterval wanted) { formats_.set_interval(wanted); }

  void input_done(codec::Cookie cookie, codec::DoneStatus status) override;
  void output_done(const codec::OutputDone& done) override;
  void format_changed(const codec::StreamFormat& format, bool initial) override;
  void drained(codec::DoneStatus status) override;
  void failed(const Error& error) override;

 private:
  // --- encoder.cc
  // Runs one transition and its actions, unless it is refused.
  svpu_verdict happen(svpu_encoder_trigger what);
  void act(svpu_encoder_action action);
  Status start_session();
  void close_session();

  // --- encoder_session.cc
  // Hands over whatever the session may have now.
  void pump();
  void pump_inputs();
  void pump_outputs();
  Status push_input(Buffer& buffer);
  void deliver_last();
  void complete_last(Buffer& buffer);
  void complete_frame(Buffer& buffer, const codec::OutputDone& done);

  CodecFile& file_;
  BufferQueue& output_queue_;
  BufferQueue& capture_queue_;
  SessionBooks& session_;
  EncoderFormats formats_;
  const codec::Capabilities& capabilities_;
  LatchedParameters parameters_;
  TagHistory tags_;
  svpu_encoder_state state_{};
  bool drain_damaged_ = false;  // what a drain ended had damage that only its LAST buffer can tell
  bool return_asked_ = false;   // return_output() was called for the LAST buffer that is wanted
  Status started_;              // of the last SVPU_ENCODER_DO_START_SESSION
};

}  // namespace softvpu::v4l2
