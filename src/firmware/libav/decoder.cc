// SPDX-License-Identifier: GPL-2.0-or-later
// The state machine of one decoding session: see decoder.h.
#include "firmware/libav/decoder.h"

#include <utility>

#include "firmware/libav/picture.h"
#include "firmware/libav/start_codes.h"

namespace softvpu::firmware::libav {
namespace {

bool has_unit(Bytes bytes) {
  const auto first = UnitWalker(bytes).next();
  return first && !first->bytes.empty();
}

// Of a complete header, so of a format that libavcodec doesn't know; a damaged one would have been
// followed by another.
Error header_refused(const CodecRow& row) {
  return {EOPNOTSUPP, "libavcodec's " + to_string(row.description.coded) + " decoder refuses the stream's header"};
}

}  // namespace

LibavDecoder::LibavDecoder(const CodecRow& row, CodecConfig config, CodecEvents& events)
    : row_(row),
      config_(std::move(config)),
      events_(events),
      pool_(row, config_.wake),
      inputs_(events),
      search_(row, config_.size_hint),
      delivery_(row, pool_, events),
      units_(row, config_, pool_, inputs_, delivery_) {}

Result<std::unique_ptr<Codec>> LibavDecoder::create(const CodecRow& row, CodecConfig config, CodecEvents& events) {
  std::unique_ptr<LibavDecoder> self(new LibavDecoder(row, std::move(config), events));
  auto packetizer = Packetizer::create(row);
  if (!packetizer) return Unexpected(packetizer.error());
  self->packetizer_ = std::move(*packetizer);
  return self;
}

// ---- calls ----

void LibavDecoder::queue_input(InputBuffer input) {
  if (!failed_) inputs_.add(std::move(input));
}

void LibavDecoder::queue_output(OutputBuffer output) {
  if (!failed_) pool_.queue(std::move(output));
}

void LibavDecoder::drain() {
  if (!failed_) inputs_.add_drain_mark();
}

void LibavDecoder::return_output() {
  if (const auto cookie = pool_.take_back()) events_.output_done({.cookie = *cookie, .status = DoneStatus::kCancelled});
}

void LibavDecoder::resume() {
  delivery_.resume();
  stopped_ = false;
}

void LibavDecoder::flush(Side side) {
  if (side == Side::kOutput) {
    for (const Cookie cookie : pool_.flush()) events_.output_done({.cookie = cookie, .status = DoneStatus::kCancelled});
    return;
  }
  inputs_.cancel();
  forget_stream_position();
}

void LibavDecoder::forget_stream_position() {
  delivery_.clear();
  units_.reset();
  packetizer_->reset();
  search_.reset();
  draining_ = Draining::kNo;
}

void LibavDecoder::fail_with(const Error& error) {
  failed_ = true;
  forget_stream_position();
  inputs_.clear();
  (void)pool_.flush();
  events_.failed(error);
}

// ---- steps ----

bool LibavDecoder::step() {
  if (failed_) return false;
  if (!delivery_.empty()) return step_delivery();
  if (delivery_.paused() || stopped_) return false;
  const bool moved = delivery_.announced() ? step_decoding() : step_header();
  if (units_.error()) fail_with(*units_.error());
  return moved;
}

bool LibavDecoder::step_delivery() {
  const Result<bool> moved = delivery_.step(units_.damaged());
  if (moved) return *moved;
  fail_with(moved.error());
  return true;
}

bool LibavDecoder::step_header() {
  if (inputs_.empty()) return false;
  if (inputs_.at_drain_mark()) {
    inputs_.take_drain_mark();
    if (search_.refused()) {
      fail_with(header_refused(row_));
    } else {
      finish_drain(search_.holds_bytes());
    }
    return true;
  }
  const InputBuffer input = inputs_.take_input();
  switch (search_.add(bytes_of(input), static_cast<uint64_t>(input.tag))) {
    case HeaderSearch::Verdict::kFound:
      header_found(input.cookie);
      break;
    case HeaderSearch::Verdict::kNeedMore:
      events_.input_done(input.cookie, DoneStatus::kOk);
      break;
    case HeaderSearch::Verdict::kNothing:
      events_.input_done(input.cookie, input.bytes().empty() ? DoneStatus::kOk : DoneStatus::kError);
      break;
    case HeaderSearch::Verdict::kRefused:
      fail_with(header_refused(row_));
      break;
  }
  return true;
}

void LibavDecoder::header_found(Cookie last_input) {
  const StreamHeader header = search_.header();
  inputs_.put_back(search_.take(), last_input);
  if (const auto error = unsupported(row_, header.info)) return fail_with(*error);
  units_.begin(header);
  if (!units_.error()) delivery_.announce(header.info);
}

bool LibavDecoder::step_decoding() {
  if (units_.go_on()) return true;
  if (draining_ != Draining::kNo) return step_drain();
  if (!inputs_.has_current()) return begin_next_input() || units_.go_on_without_input(*packetizer_);
  if (auto unit = packetizer_->next()) {
    units_.decode(std::move(*unit));
  } else {
    finish_input();
  }
  return true;
}

bool LibavDecoder::begin_next_input() {
  if (inputs_.begin_next(*packetizer_)) return true;
  if (!inputs_.at_drain_mark()) return false;
  inputs_.take_drain_mark();
  draining_ = Draining::kParser;
  return true;
}

void LibavDecoder::finish_input() {
  if (packetizer_->pending_bytes() > Packetizer::kMostPending) {
    packetizer_->reset();
    units_.forget_early();
    inputs_.mark_current_damaged();
  }
  inputs_.finish_current();
}

bool LibavDecoder::step_drain() {
  if (draining_ == Draining::kParser) {
    if (auto unit = packetizer_->finish()) {
      if (!has_unit(unit->bytes())) inputs_.note_loss();  // not all of libavcodec's decoders complain
      units_.decode(std::move(*unit));
    } else if (units_.finish()) {
      draining_ = Draining::kPictures;
    }
    return true;
  }
  draining_ = Draining::kNo;  // and everything due was delivered
  finish_drain(inputs_.take_loss());
  return true;
}

void LibavDecoder::finish_drain(bool damaged) {
  stopped_ = true;
  events_.drained(damaged ? DoneStatus::kError : DoneStatus::kOk);
}

}  // namespace softvpu::firmware::libav
