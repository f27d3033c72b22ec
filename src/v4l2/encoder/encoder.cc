// SPDX-License-Identifier: LGPL-2.1-or-later
// What a client's calls mean to an encoder: each is an event of core/encoder_state.h, whose answer
// is a list of actions.
#include "v4l2/encoder/encoder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "v4l2/encoder/encoder_controls.h"
#include "v4l2/file/codec_file.h"

namespace softvpu::v4l2 {
namespace {

Status status_of(svpu_verdict verdict) {
  switch (verdict) {
    case SVPU_ACCEPTED:
      return {};
    case SVPU_REFUSED_BUSY:
      return fail(EBUSY, "a drain is under way");
    case SVPU_REFUSED_FAILED:
    case SVPU_REFUSED_UNFIT:
      break;
  }
  return fail(EIO, "the codec session failed; STREAMOFF both queues, then start again");
}

}  // namespace

constinit const RoleKind kEncoderRole{.name = "stateful encoder",
                                      .usable = &encoders_of,
                                      .controls = &encoder_controls,
                                      .make = [](CodecFile& file, const codec::Capabilities& usable) -> std::unique_ptr<Role> {
                                        return std::make_unique<Encoder>(file, usable);
                                      }};

Encoder::Encoder(CodecFile& file, const codec::Capabilities& capabilities)
    : file_(file),
      output_queue_(file.queue(Side::kOutput)),
      capture_queue_(file.queue(Side::kCapture)),
      session_(file.session()),
      formats_(capabilities),
      capabilities_(capabilities),
      parameters_(file.controls()) {
  parameters_.choose(formats_.codec(), capabilities_);
  output_queue_.take_empty_for_full();
}

// ---- transitions

svpu_verdict Encoder::happen(svpu_encoder_trigger what) {
  svpu_encoder_transition transition;
  svpu_encoder_step(&state_, what, &transition);
  if (transition.verdict != SVPU_ACCEPTED) return transition.verdict;
  const char* const before = svpu_encoder_phase_name(&state_);
  const char* const after = svpu_encoder_phase_name(&transition.next);
  if (after != before) log_line(LogLevel::kInfo, "encoder: %s -> %s", before, after);
  state_ = transition.next;
  for (const svpu_encoder_action action : transition.actions) {
    if (action == SVPU_ENCODER_DO_NOTHING) break;
    log_line(LogLevel::kTrace, "encoder: %s", svpu_encoder_action_name(action));
    act(action);
    if (svpu_encoder_lost_session(&transition.next, &state_)) break;
  }
  return SVPU_ACCEPTED;
}

void Encoder::act(svpu_encoder_action action) {
  Status status;
  switch (action) {
    case SVPU_ENCODER_DO_NOTHING:
      break;
    case SVPU_ENCODER_DO_START_SESSION:
      started_ = start_session();  // STREAMON itself fails, see start_streaming()
      break;
    case SVPU_ENCODER_DO_CLOSE_SESSION:
      close_session();
      break;
    case SVPU_ENCODER_DO_FLUSH_INPUT:
      drain_damaged_ = false;
      status = session_.flush(Side::kOutput);
      break;
    case SVPU_ENCODER_DO_FLUSH_OUTPUT:
      status = session_.flush(Side::kCapture);
      break;
    case SVPU_ENCODER_DO_EVENT_EOS: {
      v4l2_event event{};
      event.type = V4L2_EVENT_EOS;
      file_.push_event(event);
      break;
    }
    case SVPU_ENCODER_DO_DRAIN:
      if (session_) status = session_->drain();
      break;
    case SVPU_ENCODER_DO_RESUME:
      pump_outputs();
      if (session_) status = session_->resume();
      break;
    case SVPU_ENCODER_DO_DELIVER_LAST:
      return_asked_ = false;
      deliver_last();
      break;
    case SVPU_ENCODER_DO_CANCEL_LAST:
      break;  // a buffer that comes back for it is queued again, see output_done()
    case SVPU_ENCODER_DO_CLEAR_EPIPE:
      capture_queue_.forget_last();
      break;
    case SVPU_ENCODER_DO_FAIL_QUEUES:
      file_.fail_queues();
      break;
  }
  if (!status) session_.give_up(status.error());
}

Status Encoder::start_session() {
  codec::SessionConfig config;
  config.role = codec::Role::kEncoder;
  config.coded = formats_.codec().coded;
  config.size_hint = formats_.crop().size();
  config.threads = file_.node().codec_threads;
  config.interval = parameters_.begin(formats_.interval());
  config.colour = formats_.colour();
  if (auto status = file_.open_session(config); !status) return status;
  drain_damaged_ = false;
  if (auto status = session_->set_frame_layout(formats_.coded_part()); !status) return status;
  if (auto status = parameters_.apply_all(*session_, formats_.codec()); !status) return status;
  return session_->start();
}

void Encoder::close_session() {
  file_.close_session();
  return_asked_ = false;
}

// ---- what the client does

Status Encoder::set_format(Side side, const PixFormat& adjusted) {
  const PixFormat current = formats_.current(side);
  const bool changes = adjusted != current;
  if (side == Side::kCapture) {
    if (output_queue_.count() > 0 || capture_queue_.count() > 0) {  // Commit Points, 5
      const bool fits = adjusted.planes[0].sizeimage <= current.planes[0].sizeimage;
      if (adjusted.pixelformat == current.pixelformat && fits) return {};
      return fail(EBUSY, "buffers on either queue hold the coded format; free them by REQBUFS(0)");
    }
    formats_.set(side, adjusted);
    parameters_.choose(formats_.codec(), capabilities_);
    return {};
  }
  if (output_queue_.count() > 0)  // the same again changes nothing, the rectangle neither
    return changes ? fail(EBUSY, "OUTPUT buffers hold the raw format; free them by REQBUFS(0)") : Status{};
  // As vicodec: CAPTURE buffers that are there must be large enough for the new pictures.
  EncoderFormats planned = formats_;
  planned.set(side, adjusted);
  const auto wanted = planned.plane_sizes(Side::kCapture);
  const auto buffers = capture_queue_.buffers();
  if (!std::all_of(buffers.begin(), buffers.end(), [&](const auto& buffer) { return buffer->holds(wanted); }))
    return fail(EBUSY, "CAPTURE buffers are too small for such pictures; free them by REQBUFS(0)");
  formats_ = std::move(planned);
  (void)happen(SVPU_ENCODER_ON_OUTPUT_FREED);  // another stream: Initialization
  return {};
}

Status Encoder::set_crop(Rect adjusted) {
  if (adjusted == formats_.crop()) return {};
  if (output_queue_.streaming() || capture_queue_.streaming())
    return fail(EBUSY, "pictures of another rectangle are being coded");
  formats_.set_crop(adjusted);
  (void)happen(SVPU_ENCODER_ON_OUTPUT_FREED);  // another stream: Initialization
  return {};
}

Status Encoder::start_streaming(Side side) {
  const bool output = side == Side::kOutput;
  BufferQueue& queue = output ? output_queue_ : capture_queue_;
  started_ = Status{};
  const svpu_verdict verdict = happen(output ? SVPU_ENCODER_ON_OUTPUT_STREAMON : SVPU_ENCODER_ON_CAPTURE_STREAMON);
  if (verdict != SVPU_ACCEPTED) return status_of(verdict);
  if (!started_) {  // vidioc-streamon.rst: queued buffers stay queued
    log_line(LogLevel::kError, "no codec session: %s", started_.error().reason.c_str());
    (void)happen(SVPU_ENCODER_ON_SESSION_REFUSED);
    (void)happen(output ? SVPU_ENCODER_ON_OUTPUT_STREAMOFF : SVPU_ENCODER_ON_CAPTURE_STREAMOFF);
    return std::exchange(started_, Status{});
  }
  queue.start_streaming();
  pump();
  return {};
}

void Encoder::stop_streaming(Side side) {
  if (side == Side::kOutput) parameters_.unlatch();
  (void)happen(side == Side::kOutput ? SVPU_ENCODER_ON_OUTPUT_STREAMOFF : SVPU_ENCODER_ON_CAPTURE_STREAMOFF);
  pump();
}

void Encoder::buffers_freed(Side side) {
  if (side != Side::kOutput) return;
  parameters_.unlatch();
  (void)happen(SVPU_ENCODER_ON_OUTPUT_FREED);
}

// buffer.rst, "Interactions": EINVAL for a buffer too small for the current format. The picture must
// fit behind data_offset, whatever bytesused says: as with real drivers, the format counts.
Status Encoder::suits(Side side, const Buffer& buffer) const {
  if (!buffer.holds(formats_.plane_sizes(side))) return fail(EINVAL, "the buffer is too small for the current format");
  if (side == Side::kCapture) return {};
  for (size_t i = 0; i < buffer.planes.size(); ++i)
    if (buffer.planes[i]->length() - formats_.whole().plane_size[i] < buffer.data_offset[i])
      return fail(EINVAL, "the picture doesn't fit behind data_offset");
  return {};
}

void Encoder::queued(Side side, const Buffer& buffer) {
  if (side == Side::kOutput) parameters_.latch(buffer.handle.index, formats_.interval());
  pump();
}

Status Encoder::command_stop() {
  const svpu_verdict verdict = happen(SVPU_ENCODER_ON_STOP);
  pump();
  return status_of(verdict);
}

Status Encoder::command_start() {
  const svpu_verdict verdict = happen(SVPU_ENCODER_ON_START);
  pump();
  return status_of(verdict);
}

}  // namespace softvpu::v4l2
