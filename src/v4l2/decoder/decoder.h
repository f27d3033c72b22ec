// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful decoder of an open file (dev-decoder.rst): runs the transitions of
// core/decoder_state.h, hands buffers over to the session, and takes what it reports. Two source
// files: decoder.cc (what the client does, and the actions of a transition), decoder_session.cc
// (buffers to the session and back). All calls: the file's lock is held, unless said otherwise.
//
// A failed session is what vb2_queue_error() makes of a queue: from then on DQBUF and QBUF return
// EIO and poll reports POLLERR, also for buffers that were done. STREAMOFF gives the buffers back,
// and the next STREAMON starts a fresh session (dev-decoder.rst, Decoding, last paragraph).
#pragma once

#include <memory>
#include <optional>

#include "core/decoder_state.h"
#include "v4l2/decoder/decoder_formats.h"
#include "v4l2/file/session_books.h"
#include "v4l2/queue/tag_history.h"
#include "v4l2/role.h"

namespace softvpu::v4l2 {

extern const RoleKind kDecoderRole;

class Decoder final : public Role {
 public:
  Decoder(CodecFile& file, const codec::Capabilities& capabilities);

  const IoctlTable& ioctls() const override;
  bool has_event(uint32_t type) const override { return type == V4L2_EVENT_SOURCE_CHANGE || type == V4L2_EVENT_EOS; }
  const DecoderFormats& formats() const override { return formats_; }
  Status set_format(Side side, const PixFormat& adjusted) override;
  // Waits for the header while inputs may still bring it, at most
  // VideoDeviceConfig::header_limit: ffmpeg asks right after its first packet, and gets what real
  // decoders (s5p-mfc) make it wait for.
  void await_stream(const IoctlCall& call) override;
  Status start_streaming(Side side) override;
  void stop_streaming(Side side) override;
  void buffers_freed(Side side) override;
  bool has_failed() const override { return svpu_decoder_has_failed(&state_); }
  Status suits(Side side, const Buffer& buffer) const override;
  void queued(Side side, const Buffer& buffer) override;
  void dequeued(Side side) override;

  // V4L2_DEC_CMD_STOP and _START. Errors: EIO, EBUSY, EINVAL.
  Status command_stop();
  Status command_start();

  void input_done(codec::Cookie cookie, codec::DoneStatus status) override;
  void output_done(const codec::OutputDone& done) override;
  void format_changed(const codec::StreamFormat& format, bool initial) override;
  void drained(codec::DoneStatus status) override;
  void failed(const Error& error) override;

 private:
  // --- decoder.cc
  // Runs one transition and its actions, unless it is refused.
  svpu_verdict happen(const svpu_decoder_event& event);
  // What happen() would return. Not a part of its callers: what they call needs their stack.
  __attribute__((noinline)) svpu_verdict verdict_on(const svpu_decoder_event& event) const;
  void act(svpu_decoder_action action);
  Status start_session();
  void send_controls(const std::vector<ControlValue>& values);
  void close_session();
  void apply_stream();
  void publish_min_buffers();
  void push_event(uint32_t type, uint32_t changes);
  bool any_capture_buffer_fits() const;
  bool capture_fits_stream(const codec::StreamFormat& stream) const;

  // --- decoder_session.cc
  // Hands over whatever the session may have now.
  void pump();
  void pump_inputs();
  void pump_outputs();
  Status push_input(Buffer& buffer);
  Status send_layout();
  void deliver_last();
  void complete_last(Buffer& buffer);
  void complete_frame(Buffer& buffer, const codec::OutputDone& done, bool error);

  CodecFile& file_;
  BufferQueue& output_queue_;
  BufferQueue& capture_queue_;
  SessionBooks& session_;
  DecoderFormats formats_;
  TagHistory tags_;
  svpu_decoder_state state_{};
  std::optional<codec::StreamFormat> announced_;  // by the session, not applied yet
  std::optional<FrameLayout> sent_layout_;        // what the session writes
  bool drain_damaged_ = false;                    // what a drain ended had damage that only its LAST buffer can tell
  size_t stop_covers_ = 0;                        // buffers at the head of OUTPUT that were queued before the accepted STOP
  Status started_;                                // of the last SVPU_DO_START_SESSION
};

}  // namespace softvpu::v4l2
