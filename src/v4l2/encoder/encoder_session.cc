// SPDX-License-Identifier: LGPL-2.1-or-later
// An encoder's buffers on their way to the session and back, and what else the session reports. Here
// the words change: the OUTPUT queue's buffers are the session's inputs. Clauses: dev-encoder.rst,
// Encoding, Drain.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "v4l2/encoder/encoder.h"
#include "v4l2/file/codec_file.h"
#include "v4l2/queue/frame_flags.h"

namespace softvpu::v4l2 {
namespace {

codec::FrameField field_order(uint32_t field) {
  if (field == V4L2_FIELD_INTERLACED_TB) return codec::FrameField::kInterlacedTopFirst;
  return field == V4L2_FIELD_INTERLACED_BT ? codec::FrameField::kInterlacedBottomFirst : codec::FrameField::kProgressive;
}

}  // namespace

// ---- down

void Encoder::pump() {
  pump_inputs();
  pump_outputs();
}

Status Encoder::push_input(Buffer& buffer) {
  if (auto status = parameters_.apply(*session_, formats_.codec(), buffer.handle.index); !status) return status;
  codec::InputChunk chunk;
  chunk.buffer = buffer.handle;
  chunk.cookie = session_.next_cookie();
  chunk.tag = tags_.add(info_of(buffer));
  chunk.num_planes = static_cast<uint32_t>(buffer.planes.size());
  for (uint32_t i = 0; i < chunk.num_planes; ++i)  // they fit: suits()
    chunk.plane[i] = {buffer.data_offset[i], formats_.whole().plane_size[i]};
  chunk.field = field_order(buffer.field);
  if (auto status = session_.map(Side::kOutput, buffer); !status) return status;
  output_queue_.give_to_session(buffer, chunk.cookie);
  return session_->queue_input(chunk);
}

void Encoder::pump_inputs() {
  while (session_ && !output_queue_.failed() && svpu_encoder_passes_inputs(&state_)) {
    Buffer* buffer = output_queue_.next_queued();
    if (buffer == nullptr) return;
    if (auto status = push_input(*buffer); !status) return session_.give_up(status.error());
  }
}

void Encoder::pump_outputs() {
  if (capture_queue_.failed()) return;
  if (svpu_encoder_owes_last(&state_)) {
    deliver_last();
    return;
  }
  while (session_ && svpu_encoder_lends_outputs(&state_)) {
    Buffer* buffer = capture_queue_.next_queued();
    if (buffer == nullptr) return;
    Status status = session_.map(Side::kCapture, *buffer);
    if (status) {
      const codec::Cookie cookie = session_.next_cookie();
      capture_queue_.give_to_session(*buffer, cookie);
      status = session_->queue_output(buffer->handle, cookie);
    }
    if (!status) return session_.give_up(status.error());
  }
}

void Encoder::deliver_last() {
  if (!svpu_encoder_owes_last(&state_)) return;
  if (Buffer* buffer = capture_queue_.next_queued()) {
    complete_last(*buffer);
  } else if (session_ && capture_queue_.with_session() > 0 && !return_asked_) {
    return_asked_ = true;
    if (auto status = session_->return_output(); !status) session_.give_up(status.error());
  }
  // Otherwise the next one that is queued: pump_outputs().
}

// ---- up

void Encoder::complete_last(Buffer& buffer) {
  buffer.bytesused.fill(0);
  buffer.field = V4L2_FIELD_NONE;
  buffer.flags |= V4L2_BUF_FLAG_LAST;
  buffer.arms_epipe = true;
  buffer.timestamp = {};
  buffer.sequence = capture_queue_.next_sequence();
  capture_queue_.complete(buffer, std::exchange(drain_damaged_, false));
  file_.note_completed(Side::kCapture);
  (void)happen(SVPU_ENCODER_ON_LAST_COMPLETED);
}

void Encoder::input_done(codec::Cookie cookie, codec::DoneStatus status) {
  Buffer* buffer = output_queue_.with_session(cookie);
  if (buffer == nullptr) return;                  // the client has it back since STREAMOFF
  if (status == codec::DoneStatus::kCancelled) {  // of a session that is about to fail: STREAMOFF gives it back
    output_queue_.take_back(*buffer);
    return;
  }
  buffer->sequence = output_queue_.next_sequence();
  output_queue_.complete(*buffer, status != codec::DoneStatus::kOk);
  file_.note_completed(Side::kOutput);
}

void Encoder::output_done(const codec::OutputDone& done) {
  Buffer* buffer = capture_queue_.with_session(done.cookie);
  if (buffer == nullptr) return;
  if (done.status == codec::DoneStatus::kCancelled) {
    if (svpu_encoder_owes_last(&state_))
      complete_last(*buffer);
    else
      capture_queue_.take_back(*buffer);
    pump();
    return;
  }
  if (is_error(done.status) && !done.has_tag) {
    // Of no picture: a session gives its buffers back like that when it is about to fail.
    capture_queue_.take_back(*buffer);
    return;
  }
  complete_frame(*buffer, done);
}

// An empty one is a picture that is lost, be it for want of room (Encoding, last note): with the
// error flag, clients don't take it for the end.
void Encoder::complete_frame(Buffer& buffer, const codec::OutputDone& done) {
  const uint32_t length = buffer.planes[0]->length();
  const uint32_t bytes = done.bytes_used[0];
  const bool error = is_error(done.status) || bytes == 0 || bytes > length;
  buffer.bytesused.fill(0);
  buffer.bytesused[0] = std::min(bytes, length);
  buffer.flags |= frame_flags(done.type);
  buffer.sequence = capture_queue_.next_sequence();
  const InputInfo* input = done.has_tag ? tags_.find(done.tag) : nullptr;
  copy_info(input, buffer);
  buffer.field = input != nullptr ? input->field : uint32_t{V4L2_FIELD_NONE};
  capture_queue_.complete(buffer, error);
  file_.note_completed(Side::kCapture);
}

void Encoder::format_changed(const codec::StreamFormat&, bool) {
  session_.give_up({EIO, "an encoder announced a format"});  // against codec/session.h, 7
}

void Encoder::drained(codec::DoneStatus status) {
  const bool stale = session_.is_flushing(Side::kOutput);
  if (status != codec::DoneStatus::kOk && !stale) drain_damaged_ = true;
  (void)happen(stale ? SVPU_ENCODER_ON_STALE_DRAINED : SVPU_ENCODER_ON_DRAINED);
  pump();
}

void Encoder::failed(const Error& error) {
  if (has_failed() && !session_) return;
  log_line(LogLevel::kError, "the codec session failed: %s", error.reason.c_str());
  (void)happen(SVPU_ENCODER_ON_SESSION_FAILED);
}

}  // namespace softvpu::v4l2
