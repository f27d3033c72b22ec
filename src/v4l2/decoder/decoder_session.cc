// SPDX-License-Identifier: LGPL-2.1-or-later
// A decoder's buffers on their way to the session and back, and what else the session reports. Here
// the words change: the OUTPUT queue's buffers are the session's inputs. Clauses: dev-decoder.rst,
// Decoding, Drain, Dynamic Resolution Change.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "v4l2/decoder/decoder.h"
#include "v4l2/file/codec_file.h"
#include "v4l2/queue/frame_flags.h"

namespace softvpu::v4l2 {

// ---- down

void Decoder::pump() {
  pump_inputs();
  pump_outputs();
}

Status Decoder::push_input(Buffer& buffer) {
  codec::InputChunk chunk;
  chunk.buffer = buffer.handle;
  chunk.cookie = session_.next_cookie();
  chunk.tag = tags_.add(info_of(buffer));
  chunk.plane[0] = {buffer.data_offset[0], buffer.bytesused[0] - buffer.data_offset[0]};  // queue.cc checked the order of the two
  if (auto status = session_.map(Side::kOutput, buffer); !status) return status;
  output_queue_.give_to_session(buffer, chunk.cookie);
  if (stop_covers_ > 0) --stop_covers_;
  send_controls(file_.controls().latch());
  return session_->queue_input(chunk);
}

void Decoder::pump_inputs() {
  while (session_ && output_queue_.streaming() && !output_queue_.failed()) {
    Buffer* buffer = output_queue_.next_queued();
    if (buffer == nullptr) return;
    const svpu_queued_input input{
        .empty = buffer->bytesused[0] == 0, .covered = stop_covers_ > 0, .others_with_session = output_queue_.with_session() > 0};
    const svpu_input_turn turn = svpu_decoder_input_turn(&state_, &input);
    if (turn == SVPU_INPUT_WAITS) return;
    if (auto status = push_input(*buffer); !status) return session_.give_up(status.error());
    if (turn == SVPU_INPUT_GOES_AND_STOPS) (void)happen({.what = SVPU_ON_STOP, .fits = any_capture_buffer_fits()});
  }
}

void Decoder::pump_outputs() {
  if (capture_queue_.failed()) return;
  if (svpu_decoder_owes_last(&state_)) {
    deliver_last();
    return;
  }
  if (!svpu_decoder_lends_outputs(&state_)) return;
  const auto wanted = formats_.plane_sizes(Side::kCapture);
  while (session_) {
    // Buffers from before a change of resolution may be too small: they wait for STREAMOFF.
    Buffer* buffer = capture_queue_.next_queued([&](const Buffer& b) { return b.holds(wanted); });
    if (buffer == nullptr) return;
    Status status = send_layout();
    if (status) status = session_.map(Side::kCapture, *buffer);
    if (status) {
      const codec::Cookie cookie = session_.next_cookie();
      capture_queue_.give_to_session(*buffer, cookie);
      status = session_->queue_output(buffer->handle, cookie);
    }
    if (!status) return session_.give_up(status.error());
  }
}

Status Decoder::send_layout() {
  if (!session_ || !svpu_decoder_has_layout(&state_) || sent_layout_ == formats_.layout()) return {};
  // A layout counts for outputs queued after it: those of the old one are taken back first, and
  // lent again by pump_outputs().
  if (capture_queue_.with_session() > 0) {
    if (auto status = session_.recall(Side::kCapture); !status) return status;
    capture_queue_.recall();
  }
  if (auto status = session_->set_frame_layout(formats_.layout()); !status) return status;
  sent_layout_ = formats_.layout();
  return {};
}

void Decoder::deliver_last() {
  if (!svpu_decoder_owes_last(&state_)) return;
  if (Buffer* buffer = session_.find_last(capture_queue_)) complete_last(*buffer);
  // Otherwise one that the session returns, or the next one that is queued: pump_outputs().
}

// ---- up

void Decoder::complete_last(Buffer& buffer) {
  // Decoding, on errors: "the CAPTURE buffer that contains the results of the failed decode
  // operation", which are none.
  const bool damaged = svpu_decoder_last_ends_drain(&state_) && std::exchange(drain_damaged_, false);
  capture_queue_.complete_last(buffer, formats_.field(), damaged);
  file_.note_completed(Side::kCapture);
  (void)happen({.what = SVPU_ON_LAST_COMPLETED});
}

void Decoder::input_done(codec::Cookie cookie, codec::DoneStatus status) {
  if (file_.complete_input(cookie, status)) pump_inputs();  // an empty one may wait for it
}

void Decoder::output_done(const codec::OutputDone& done) {
  Buffer* buffer = capture_queue_.with_session(done.cookie);
  if (buffer == nullptr) return;
  if (done.status == codec::DoneStatus::kCancelled) {
    if (svpu_decoder_owes_last(&state_))
      complete_last(*buffer);
    else
      capture_queue_.take_back(*buffer);
    pump();
    return;
  }
  const bool error = is_error(done.status);
  if (error && std::all_of(done.bytes_used.begin(), done.bytes_used.end(), [](uint32_t bytes) { return bytes == 0; })) {
    // Nothing was decoded into it: a session gives its buffers back like that when it is about to
    // fail. Clients take an empty buffer for a damaged frame (ffmpeg) or for the end (GStreamer).
    capture_queue_.take_back(*buffer);
    return;
  }
  complete_frame(*buffer, done, error);
}

void Decoder::complete_frame(Buffer& buffer, const codec::OutputDone& done, bool error) {
  for (size_t i = 0; i < buffer.planes.size(); ++i) {
    const uint32_t length = buffer.planes[i]->length();
    error = error || done.bytes_used[i] > length;  // a lower half that claims more than there is
    buffer.bytesused[i] = std::min(done.bytes_used[i], length);
  }
  buffer.flags |= frame_flags(done.type);
  buffer.field = formats_.field();  // buffer.rst: as the format has it; which field of a frame comes first isn't told
  buffer.sequence = capture_queue_.next_sequence();
  copy_info(done.has_tag ? tags_.find(done.tag) : nullptr, buffer);
  capture_queue_.complete(buffer, error);
  file_.note_completed(Side::kCapture);
}

void Decoder::format_changed(const codec::StreamFormat& format, bool) {
  log_line(LogLevel::kInfo, "stream: %ux%u, visible %ux%u, %u bits, at least %u CAPTURE buffers", format.coded.width,
           format.coded.height, format.visible.width, format.visible.height, format.bit_depth, format.min_output_buffers);
  if (const auto layout = formats_.layout_of(format); !layout) return session_.give_up(layout.error());
  const bool fits = capture_fits_stream(format);
  const bool waits = file_.node().source_change == SourceChange::kAfterFinishedFrames && capture_queue_.done() > 0;
  announced_ = format;
  (void)happen({.what = SVPU_ON_FORMAT_CHANGED, .fits = fits, .frames_waiting = waits});
  pump();
}

void Decoder::drained(codec::DoneStatus status) {
  const bool stale = session_.is_flushing(Side::kOutput);
  if (status != codec::DoneStatus::kOk && !stale) drain_damaged_ = true;
  (void)happen({.what = SVPU_ON_DRAINED, .stale = stale});
  pump();
}

void Decoder::failed(const Error& error) {
  if (has_failed() && !session_) return;
  log_line(LogLevel::kError, "the codec session failed: %s", error.reason.c_str());
  (void)happen({.what = SVPU_ON_SESSION_FAILED});
}

}  // namespace softvpu::v4l2
