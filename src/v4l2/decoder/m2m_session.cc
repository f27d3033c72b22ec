// SPDX-License-Identifier: LGPL-2.1-or-later
// M2mFile and its codec session: runs the decoder's transitions, hands buffers over, and takes what the session says.
// Everything here runs under the file's lock; the on_*() functions take it on the lower half's thread.
//
// A failed session is what vb2_queue_error() makes of a queue: from then on DQBUF and QBUF return EIO and poll reports POLLERR,
// also for buffers that were done. STREAMOFF gives the buffers back, and the next STREAMON starts a fresh session
// (dev-decoder.rst, Decoding, last paragraph).
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "v4l2/file/m2m_file.h"
#include "v4l2/file/session_link.h"

namespace softvpu::v4l2 {
namespace {

uint32_t frame_flags(codec::FrameType type) {
  switch (type) {
    case codec::FrameType::kKey:
      return V4L2_BUF_FLAG_KEYFRAME;
    case codec::FrameType::kP:
      return V4L2_BUF_FLAG_PFRAME;
    case codec::FrameType::kB:
      return V4L2_BUF_FLAG_BFRAME;
    case codec::FrameType::kUnknown:
      break;
  }
  return 0;
}

int error_of(svpu_verdict verdict) {
  switch (verdict) {
    case SVPU_ACCEPTED:
      return 0;
    case SVPU_REFUSED_FAILED:
      return EIO;
    case SVPU_REFUSED_BUSY:
      return EBUSY;
    case SVPU_REFUSED_UNFIT:
      break;
  }
  return EINVAL;
}

}  // namespace

int M2mFile::refusal_of(const svpu_decoder_event& event) const {
  svpu_decoder_transition transition;
  svpu_decoder_step(&state_, &event, &transition);
  return error_of(transition.verdict);
}

int M2mFile::happen(const svpu_decoder_event& event) {
  svpu_decoder_transition transition;
  svpu_decoder_step(&state_, &event, &transition);
  if (transition.verdict != SVPU_ACCEPTED) return error_of(transition.verdict);
  const char* const before = svpu_decoder_phase_name(&state_);
  const char* const after = svpu_decoder_phase_name(&transition.next);
  if (after != before) log_line(LogLevel::kInfo, "decoder: %s -> %s", before, after);
  state_ = transition.next;
  for (const svpu_decoder_action action : transition.actions) {
    if (action == SVPU_DO_NOTHING) break;
    log_line(LogLevel::kTrace, "decoder: %s", svpu_decoder_action_name(action));
    act(action);
    if (svpu_decoder_lost_session(&transition.next, &state_)) break;
  }
  return 0;
}

void M2mFile::act(svpu_decoder_action action) {
  Status status;
  switch (action) {
    case SVPU_DO_NOTHING:
      break;
    case SVPU_DO_START_SESSION:
      if (auto started = start_session(); !started) {  // STREAMON itself fails, see streamon()
        log_line(LogLevel::kError, "no codec session: %s", started.error().reason.c_str());
        start_error_ = started.error().code;
        close_session();
      }
      break;
    case SVPU_DO_CLOSE_SESSION:
      close_session();
      break;
    case SVPU_DO_FLUSH_INPUT:
      drain_damaged_ = false;
      stop_covers_ = 0;
      input_flush_pending_ = ++flush_generation_;
      if (session_) status = session_->flush(codec::Direction::kInput, input_flush_pending_);
      break;
    case SVPU_DO_FLUSH_OUTPUT:
      output_flush_pending_ = ++flush_generation_;
      if (session_) status = session_->flush(codec::Direction::kOutput, output_flush_pending_);
      break;
    case SVPU_DO_APPLY_FORMAT:
      apply_stream();
      break;
    case SVPU_DO_EVENT_SOURCE_CHANGE:
      push_event(V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_SRC_CH_RESOLUTION);
      break;
    case SVPU_DO_EVENT_EOS:
      push_event(V4L2_EVENT_EOS, 0);
      break;
    case SVPU_DO_DRAIN:
      while (session_ && status && stop_covers_ > 0) status = push_input(*output_.next_queued());
      if (session_ && status) status = session_->drain();
      break;
    case SVPU_DO_RESUME:
      status = tell_layout();
      if (status) pump_outputs();
      if (status && session_) status = session_->resume();
      break;
    case SVPU_DO_DELIVER_LAST:
      return_asked_ = false;
      deliver_last();
      break;
    case SVPU_DO_CANCEL_LAST:
      break;  // a buffer that comes back for it is queued again, see on_output_done()
    case SVPU_DO_CLEAR_EPIPE:
      capture_.forget_last();
      break;
    case SVPU_DO_FAIL_QUEUES:
      for (BufferQueue* q : {&output_, &capture_})
        if (q->streaming()) q->set_failed();
      error_polls_ = 0;
      completed_in_ = completed_out_ = true;
      break;
  }
  if (!status) give_up(status.error());
}

Status M2mFile::start_session() {
  codec::SessionConfig config;
  config.role = device_->config().role;
  config.coded = formats_.codec().coded;
  config.size_hint = formats_.size_hint();
  config.threads = device_->config().codec_threads;
  auto link = std::make_shared<SessionLink>(weak_from_this());
  auto session = device_->driver().open_session(config, link);
  if (!session) return Unexpected(session.error());
  session_ = std::move(*session);
  link_ = std::move(link);
  told_layout_.reset();
  announced_.reset();
  input_flush_pending_ = output_flush_pending_ = 0;
  drain_damaged_ = false;
  formats_.forget_stream();
  controls_.set_min_capture_buffers(formats_.min_capture_buffers());
  return session_->start();
}

void M2mFile::close_session() {
  link_.reset();  // events that are under way end in the link
  if (session_) buried_.push_back(std::move(session_));
  session_.reset();
  output_.session_closed();
  capture_.session_closed();
  input_flush_pending_ = output_flush_pending_ = 0;
  stop_covers_ = 0;
  return_asked_ = false;
}

void M2mFile::session_failed(const Error& error) {
  if (svpu_decoder_has_failed(&state_) && !session_) return;
  log_line(LogLevel::kError, "the codec session failed: %s", error.reason.c_str());
  happen({.what = SVPU_ON_SESSION_FAILED});
}

// Not session_failed(): buffers may only go back when the codec touches them no more, which failed() says.
void M2mFile::give_up(const Error& error) {
  if (session_) session_->give_up(error.reason);
}

Status M2mFile::make_known(Buffer& buffer, codec::Direction side) {
  if (buffer.known_to_session) return {};
  std::array<codec::PlaneMemory, kMaxPlanes> planes{};
  for (size_t i = 0; i < buffer.planes.size(); ++i) planes[i] = buffer.planes[i].for_session();
  if (auto status = session_->map_buffer(side, buffer.handle, std::span(planes.data(), buffer.planes.size())); !status)
    return status;
  buffer.known_to_session = true;
  return {};
}

void M2mFile::pump() {
  pump_inputs();
  pump_outputs();
}

Status M2mFile::push_input(Buffer& buffer) {
  codec::InputChunk chunk;
  chunk.buffer = buffer.handle;
  chunk.cookie = codec::Cookie{next_cookie_++};
  chunk.tag =
      tags_.add({buffer.timestamp, buffer.timecode, buffer.flags & (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK)});
  chunk.offset = buffer.data_offset[0];
  chunk.bytes = buffer.bytesused[0] - buffer.data_offset[0];  // queue.cc checked the order of the two
  if (auto status = make_known(buffer, codec::Direction::kInput); !status) return status;
  output_.give_to_session(buffer, chunk.cookie);
  if (stop_covers_ > 0) --stop_covers_;
  return session_->queue_input(chunk);
}

void M2mFile::pump_inputs() {
  while (session_ && output_.streaming() && !output_.failed()) {
    Buffer* buffer = output_.next_queued();
    if (buffer == nullptr) return;
    const svpu_queued_input input{
        .empty = buffer->bytesused[0] == 0, .covered = stop_covers_ > 0, .others_with_session = output_.with_session() > 0};
    const svpu_input_turn turn = svpu_decoder_input_turn(&state_, &input);
    if (turn == SVPU_INPUT_WAITS) return;
    if (auto status = push_input(*buffer); !status) return give_up(status.error());
    if (turn == SVPU_INPUT_GOES_AND_STOPS) (void)happen({.what = SVPU_ON_STOP, .fits = any_capture_buffer_fits()});
  }
}

void M2mFile::pump_outputs() {
  if (capture_.failed()) return;
  if (svpu_decoder_owes_last(&state_)) {
    deliver_last();
    return;
  }
  if (!svpu_decoder_lends_outputs(&state_)) return;
  const auto wanted = formats_.plane_sizes(Side::kCapture);
  while (session_) {
    // Buffers from before a change of resolution may be too small: they wait for STREAMOFF.
    Buffer* buffer = capture_.next_queued([&](const Buffer& b) { return b.holds(wanted); });
    if (buffer == nullptr) return;
    Status status = tell_layout();
    if (status) status = make_known(*buffer, codec::Direction::kOutput);
    if (status) {
      const codec::Cookie cookie{next_cookie_++};
      capture_.give_to_session(*buffer, cookie);
      status = session_->queue_output(buffer->handle, cookie);
    }
    if (!status) return give_up(status.error());
  }
}

Status M2mFile::tell_layout() {
  if (!session_ || !svpu_decoder_has_layout(&state_) || told_layout_ == formats_.layout()) return {};
  // A layout counts for outputs queued after it: those of the old one are taken back first, and lent again by pump_outputs().
  if (capture_.with_session() > 0) {
    if (auto status = session_->flush(codec::Direction::kOutput, ++flush_generation_); !status) return status;
    capture_.recall();
  }
  if (auto status = session_->set_frame_layout(formats_.layout()); !status) return status;
  told_layout_ = formats_.layout();
  return {};
}

void M2mFile::deliver_last() {
  if (!svpu_decoder_owes_last(&state_)) return;
  if (Buffer* buffer = capture_.next_queued()) {
    complete_last(*buffer);
  } else if (session_ && capture_.with_session() > 0 && !return_asked_) {
    return_asked_ = true;
    if (auto status = session_->return_output(); !status) give_up(status.error());
  }
  // Otherwise the next one that is queued: pump_outputs().
}

void M2mFile::complete_last(Buffer& buffer) {
  buffer.bytesused.fill(0);
  buffer.field = formats_.field();
  buffer.flags |= V4L2_BUF_FLAG_LAST;
  buffer.arms_epipe = true;
  buffer.timestamp = {};
  buffer.sequence = capture_.next_sequence();
  // Decoding, on errors: "the CAPTURE buffer that contains the results of the failed decode operation", which are none.
  const bool damaged = svpu_decoder_last_ends_drain(&state_) && std::exchange(drain_damaged_, false);
  capture_.complete(buffer, damaged);
  completed_in_ = true;
  happen({.what = SVPU_ON_LAST_COMPLETED});
}

void M2mFile::apply_stream() {
  if (!announced_) return;
  // Checked when it was announced; the client can't have changed what it depends on since.
  if (auto status = formats_.apply_stream(*announced_); !status) return give_up(status.error());
  announced_.reset();
  controls_.set_min_capture_buffers(formats_.min_capture_buffers());
}

void M2mFile::push_event(uint32_t type, uint32_t changes) {
  v4l2_event event{};
  event.type = type;
  if (type == V4L2_EVENT_SOURCE_CHANGE) event.u.src_change.changes = changes;
  if (events_.push(event)) completed_pri_ = true;
}

void M2mFile::on_input_done(const SessionLink* link, codec::Cookie cookie, codec::DoneStatus status) {
  const std::lock_guard lock(mutex_);
  if (link != link_.get()) return;
  Buffer* buffer = output_.with_session(cookie);
  if (buffer == nullptr) return;                  // the client has it back since STREAMOFF
  if (status == codec::DoneStatus::kCancelled) {  // of a session that is about to say that it failed: STREAMOFF gives it back
    output_.take_back(*buffer);
    return;
  }
  buffer->sequence = output_.next_sequence();
  output_.complete(*buffer, status != codec::DoneStatus::kOk);
  completed_out_ = true;
  pump_inputs();  // an empty one may wait for it
  publish();
}

void M2mFile::on_output_done(const SessionLink* link, const codec::OutputDone& done) {
  const std::lock_guard lock(mutex_);
  if (link != link_.get()) return;
  Buffer* buffer = capture_.with_session(done.cookie);
  if (buffer == nullptr) return;
  if (done.status == codec::DoneStatus::kCancelled) {
    if (svpu_decoder_owes_last(&state_))
      complete_last(*buffer);
    else
      capture_.take_back(*buffer);
    pump();
    publish();
    return;
  }
  bool error = done.status == codec::DoneStatus::kError;
  if (error && std::all_of(done.bytes_used.begin(), done.bytes_used.end(), [](uint32_t bytes) { return bytes == 0; })) {
    // Nothing was decoded into it: a session gives its buffers back like that when it is about to fail. Clients take an empty
    // buffer for a damaged frame (ffmpeg) or for the end (GStreamer).
    capture_.take_back(*buffer);
    publish();
    return;
  }
  for (size_t i = 0; i < buffer->planes.size(); ++i) {
    const uint32_t length = buffer->planes[i].length();
    error = error || done.bytes_used[i] > length;  // a lower half that claims more than there is
    buffer->bytesused[i] = std::min(done.bytes_used[i], length);
  }
  buffer->flags |= frame_flags(done.type);
  buffer->field = formats_.field();  // buffer.rst: as the format has it; which field of a frame comes first isn't told
  buffer->sequence = capture_.next_sequence();
  buffer->timestamp = {};
  if (const InputInfo* input = done.has_tag ? tags_.find(done.tag) : nullptr) {
    buffer->timestamp = input->timestamp;
    buffer->flags |= input->flags;
    if ((input->flags & V4L2_BUF_FLAG_TIMECODE) != 0) buffer->timecode = input->timecode;
  }
  capture_.complete(*buffer, error);
  completed_in_ = true;
  publish();
}

void M2mFile::on_format_changed(const SessionLink* link, const codec::StreamFormat& format) {
  const std::lock_guard lock(mutex_);
  if (link != link_.get()) return;
  log_line(LogLevel::kInfo, "stream: %ux%u, visible %ux%u, %u bits, at least %u CAPTURE buffers", format.coded.width,
           format.coded.height, format.visible.width, format.visible.height, format.bit_depth, format.min_output_buffers);
  if (const auto layout = formats_.layout_of(format); !layout) {
    give_up(layout.error());
  } else {
    const bool fits = capture_fits_stream(format);
    announced_ = format;
    happen({.what = SVPU_ON_FORMAT_CHANGED, .fits = fits, .frames_waiting = capture_.done() > 0});
    pump();
  }
  publish();
}

void M2mFile::on_drained(const SessionLink* link, codec::DoneStatus status) {
  const std::lock_guard lock(mutex_);
  if (link != link_.get()) return;
  if (status != codec::DoneStatus::kOk && input_flush_pending_ == 0) drain_damaged_ = true;
  happen({.what = SVPU_ON_DRAINED, .stale = input_flush_pending_ != 0});
  pump();
  publish();
}

void M2mFile::on_flushed(const SessionLink* link, codec::Direction side, uint32_t generation) {
  const std::lock_guard lock(mutex_);
  if (link != link_.get()) return;
  if (side == codec::Direction::kInput && generation == input_flush_pending_) input_flush_pending_ = 0;
  if (side == codec::Direction::kOutput && generation == output_flush_pending_) output_flush_pending_ = 0;
  publish();
}

void M2mFile::on_failed(const SessionLink* link, const Error& error) {
  const std::lock_guard lock(mutex_);
  if (link != link_.get()) return;
  session_failed(error);
  publish();
}

void SessionLink::input_done(codec::Cookie cookie, codec::DoneStatus status) {
  if (const auto file = file_.lock()) file->on_input_done(this, cookie, status);
}
void SessionLink::output_done(const codec::OutputDone& done) {
  if (const auto file = file_.lock()) file->on_output_done(this, done);
}
void SessionLink::format_changed(const codec::StreamFormat& format, bool) {
  if (const auto file = file_.lock()) file->on_format_changed(this, format);
}
void SessionLink::drained(codec::DoneStatus status) {
  if (const auto file = file_.lock()) file->on_drained(this, status);
}
void SessionLink::flushed(codec::Direction side, uint32_t generation) {
  if (const auto file = file_.lock()) file->on_flushed(this, side, generation);
}
void SessionLink::failed(const Error& error) {
  if (const auto file = file_.lock()) file->on_failed(this, error);
}

}  // namespace softvpu::v4l2
