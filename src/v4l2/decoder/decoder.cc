// SPDX-License-Identifier: LGPL-2.1-or-later
// What a client's calls mean to a decoder: each is an event of core/decoder_state.h, whose
// answer is a list of actions.
#include "v4l2/decoder/decoder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "v4l2/decoder/decoder_controls.h"
#include "v4l2/file/codec_file.h"
#include "v4l2/file/verdict.h"

namespace softvpu::v4l2 {

constinit const RoleKind kDecoderRole{.name = "stateful decoder",
                                      .usable = &decoders_of,
                                      .controls = &decoder_controls,
                                      .make = [](CodecFile& file, const codec::Capabilities& usable) -> std::unique_ptr<Role> {
                                        return std::make_unique<Decoder>(file, usable);
                                      }};

Decoder::Decoder(CodecFile& file, const codec::Capabilities& capabilities)
    : file_(file),
      output_queue_(file.queue(Side::kOutput)),
      capture_queue_(file.queue(Side::kCapture)),
      session_(file.session()),
      formats_(capabilities) {
  publish_min_buffers();
}

// ---- transitions

svpu_verdict Decoder::verdict_on(const svpu_decoder_event& event) const {
  svpu_decoder_transition transition;
  svpu_decoder_step(&state_, &event, &transition);
  return transition.verdict;
}

svpu_verdict Decoder::happen(const svpu_decoder_event& event) {
  svpu_decoder_transition transition;
  svpu_decoder_step(&state_, &event, &transition);
  if (transition.verdict != SVPU_ACCEPTED) return transition.verdict;
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
  return SVPU_ACCEPTED;
}

void Decoder::act(svpu_decoder_action action) {
  Status status;
  switch (action) {
    case SVPU_DO_NOTHING:
      break;
    case SVPU_DO_START_SESSION:
      if (started_ = start_session(); !started_) {  // STREAMON itself fails, see start_output()
        log_line(LogLevel::kError, "no codec session: %s", started_.error().reason.c_str());
        close_session();
      }
      break;
    case SVPU_DO_CLOSE_SESSION:
      close_session();
      break;
    case SVPU_DO_FLUSH_INPUT:
      drain_damaged_ = false;
      stop_covers_ = 0;
      status = session_.flush(Side::kOutput);
      break;
    case SVPU_DO_FLUSH_OUTPUT:
      status = session_.flush(Side::kCapture);
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
      while (session_ && status && stop_covers_ > 0) status = push_input(*output_queue_.next_queued());
      if (session_ && status) status = session_->drain();
      break;
    case SVPU_DO_RESUME:
      status = send_layout();
      if (status) pump_outputs();
      if (status && session_) status = session_->resume();
      break;
    case SVPU_DO_DELIVER_LAST:
      session_.want_last();
      deliver_last();
      break;
    case SVPU_DO_CANCEL_LAST:
      break;  // a buffer that comes back for it is queued again, see output_done()
    case SVPU_DO_CLEAR_EPIPE:
      capture_queue_.forget_last();
      break;
    case SVPU_DO_FAIL_QUEUES:
      file_.fail_queues();
      break;
  }
  if (!status) session_.give_up(status.error());
}

Status Decoder::start_session() {
  codec::SessionConfig config;
  config.role = codec::Role::kDecoder;
  config.coded = formats_.codec().coded;
  config.size_hint = formats_.size_hint();
  config.threads = file_.node().codec_threads;
  if (auto status = file_.open_session(config); !status) return status;
  sent_layout_.reset();
  announced_.reset();
  drain_damaged_ = false;
  formats_.forget_stream();
  publish_min_buffers();
  send_controls(file_.controls().snapshot());
  return session_->start();
}

// Controls of other codecs are in the set as well: the session has none of these.
void Decoder::send_controls(const std::vector<ControlValue>& values) {
  for (const ControlValue& control : values) (void)session_->set_control(control.id, control.value);
}

void Decoder::close_session() {
  file_.close_session();
  stop_covers_ = 0;
}

void Decoder::apply_stream() {
  if (!announced_) return;
  // Checked when it was announced; the client can't have changed what it depends on since.
  if (auto status = formats_.apply_stream(*announced_); !status) return session_.give_up(status.error());
  announced_.reset();
  publish_min_buffers();
}

void Decoder::publish_min_buffers() {
  file_.controls().set_value(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, formats_.min_buffers(Side::kCapture));
}

void Decoder::push_event(uint32_t type, uint32_t changes) {
  v4l2_event event{};
  event.type = type;
  if (type == V4L2_EVENT_SOURCE_CHANGE) event.u.src_change.changes = changes;
  file_.push_event(event);
}

// ---- what the client does

Status Decoder::set_format(Side side, const PixFormat& adjusted) {
  if (adjusted == formats_.current(side)) {
    formats_.choose(side, adjusted);
    return {};
  }
  // Commit Points, 5: buffers on any queue hold the OUTPUT format. CAPTURE's is held
  // by its own buffers only.
  if (capture_queue_.count() > 0 || (side == Side::kOutput && output_queue_.count() > 0))
    return fail(EBUSY, "buffers hold the format; free them by REQBUFS(0)");
  formats_.set(side, adjusted);
  if (side == Side::kOutput) {
    (void)happen({.what = SVPU_ON_OUTPUT_FREED});  // another stream: Initialization
    publish_min_buffers();
  }
  return {};
}

void Decoder::await_stream(const IoctlCall& call) {
  const TimePoint limit = system_clock().now() + file_.config().header_limit;
  while (!file_.released() && svpu_decoder_awaits_header(&state_) &&
         output_queue_.with_session() > 0) {  // what is queued and not with the session waits for something else: pump_inputs()
    const Duration left = limit - system_clock().now();
    if (left <= Duration::zero()) return;
    file_.publish();  // what this ioctl did so far
    (void)file_.sleep(call, left.count());
  }
}

Status Decoder::start_streaming(Side side) {
  if (side == Side::kOutput) {
    started_ = Status{};
    (void)happen({.what = SVPU_ON_OUTPUT_STREAMON});
    if (!started_) {  // vidioc-streamon.rst: queued buffers stay queued
      (void)happen({.what = SVPU_ON_OUTPUT_STREAMOFF});
      (void)happen({.what = SVPU_ON_OUTPUT_FREED});
      return std::exchange(started_, Status{});
    }
    output_queue_.start_streaming();
  } else {
    const svpu_decoder_event starts{.what = SVPU_ON_CAPTURE_STREAMON, .fits = any_capture_buffer_fits()};
    if (const svpu_verdict verdict = verdict_on(starts); verdict != SVPU_ACCEPTED) return status_of(verdict);
    capture_queue_.start_streaming();
    (void)happen(starts);
  }
  pump();
  return {};
}

void Decoder::stop_streaming(Side side) {
  (void)happen({.what = side == Side::kOutput ? SVPU_ON_OUTPUT_STREAMOFF : SVPU_ON_CAPTURE_STREAMOFF});
  pump();
}

// State machine: Seek -> Initialization by REQBUFS(OUTPUT, 0). Another number of buffers for the
// same stream is no such step.
void Decoder::buffers_freed(Side side) {
  if (side == Side::kOutput) (void)happen({.what = SVPU_ON_OUTPUT_FREED});
}

// buffer.rst, "Interactions": EINVAL for a buffer too small for the current format. Except
// until the client has answered a change of resolution: then it is about to be given back
// empty, as the LAST one.
Status Decoder::suits(Side side, const Buffer& buffer) const {
  if (side == Side::kOutput || svpu_decoder_takes_old_buffers(&state_) || buffer.holds(formats_.plane_sizes(side))) return {};
  return fail(EINVAL, "the buffer is too small for the current format");
}

void Decoder::queued(Side side, const Buffer&) {
  if (side == Side::kOutput) (void)happen({.what = SVPU_ON_INPUT_QUEUED});
  pump();
}

void Decoder::dequeued(Side side) {
  if (side == Side::kOutput || capture_queue_.done() > 0) return;
  (void)happen({.what = SVPU_ON_CAPTURE_DONE_EMPTY});
  pump();
}

Status Decoder::command_stop() {
  if (!svpu_decoder_stop_is_pending(&state_)) stop_covers_ = output_queue_.queued();
  const svpu_verdict verdict = happen({.what = SVPU_ON_STOP, .fits = any_capture_buffer_fits()});
  if (!svpu_decoder_stop_is_pending(&state_)) stop_covers_ = 0;
  pump();
  return status_of(verdict);
}

Status Decoder::command_start() {
  const svpu_verdict verdict = happen({.what = SVPU_ON_START, .fits = any_capture_buffer_fits()});
  if (!svpu_decoder_stop_is_pending(&state_)) stop_covers_ = 0;
  pump();
  return status_of(verdict);
}

bool Decoder::any_capture_buffer_fits() const {
  const auto wanted = formats_.plane_sizes(Side::kCapture);
  return std::any_of(capture_queue_.buffers().begin(), capture_queue_.buffers().end(),
                     [&](const auto& buffer) { return buffer->holds(wanted); });
}

bool Decoder::capture_fits_stream(const codec::StreamFormat& stream) const {
  return formats_.describes(stream) && capture_queue_.streaming() && !capture_queue_.failed() &&
         capture_queue_.count() >= stream.min_output_buffers && any_capture_buffer_fits();
}

}  // namespace softvpu::v4l2
