// SPDX-License-Identifier: GPL-2.0-or-later
// One step after the other: see stream_decoder.h. dev-decoder.rst: Decoding, Seek, Dynamic
// Resolution Change, Drain.
#include "firmware/fwht/stream_decoder.h"

#include <cerrno>
#include <utility>

#include "firmware/fwht/library.h"
#include "firmware/fwht/packing.h"

namespace softvpu::firmware::fwht {
namespace {

// The flag that says so is of version 3; before it any frame may be one.
bool may_be_key(const FrameHeader& header) { return header.key || header.version < kNewestVersion; }

}  // namespace

// ---- calls ----

void StreamDecoder::queue_input(InputBuffer input) {
  if (!failed_) inputs_.emplace_back(Input{.buffer = std::move(input)});
}

void StreamDecoder::queue_output(OutputBuffer output) {
  if (!failed_) outputs_.push_back({std::move(output), layout_});
}

void StreamDecoder::drain() {
  if (!failed_) inputs_.emplace_back(DrainMark{});
}

void StreamDecoder::return_output() {
  if (outputs_.empty()) return;
  const Cookie cookie = outputs_.front().buffer.cookie;
  outputs_.pop_front();
  events_.output_done({.cookie = cookie, .status = DoneStatus::kCancelled});
}

void StreamDecoder::flush(Side side) {
  if (side == Side::kOutput) {
    while (!outputs_.empty()) return_output();
    return;
  }
  const auto inputs = std::exchange(inputs_, {});
  for (const auto& item : inputs) {
    if (const auto* input = std::get_if<Input>(&item)) events_.input_done(input->buffer.cookie, DoneStatus::kCancelled);
  }
  cutter_.reset();
  needs_key_ = true;
}

void StreamDecoder::fail_with(const Error& error) {
  failed_ = true;
  inputs_.clear();
  outputs_.clear();
  cutter_.reset();
  events_.failed(error);
}

// ---- steps ----

bool StreamDecoder::step() {
  if (failed_ || paused_) return false;
  return cutter_.has_frame() ? step_frame() : step_input();
}

bool StreamDecoder::step_input() {
  if (inputs_.empty()) return false;
  if (std::holds_alternative<DrainMark>(inputs_.front())) {
    inputs_.pop_front();
    const bool lost = cutter_.holds_bytes();
    cutter_.reset();
    paused_ = true;
    events_.drained(lost ? DoneStatus::kError : DoneStatus::kOk);
    return true;
  }
  auto& input = std::get<Input>(inputs_.front());
  const std::span<const std::byte> bytes = input.buffer.bytes();
  const std::span rest(reinterpret_cast<const uint8_t*>(bytes.data()) + input.taken, bytes.size() - input.taken);
  input.taken += cutter_.take(rest, input.buffer.tag);
  if (cutter_.take_loss()) input.damaged = true;
  if (input.taken == bytes.size()) {
    // Before its last frame is decoded: the bytes are in the cutter, and the client may fill the
    // buffer again.
    const Input used = std::move(input);
    inputs_.pop_front();
    events_.input_done(used.buffer.cookie, used.damaged ? DoneStatus::kError : DoneStatus::kOk);
  }
  return true;
}

bool StreamDecoder::step_frame() {
  const FrameHeader& header = cutter_.header();
  if (needs_key_ && !may_be_key(header)) {
    cutter_.drop_frame();
    return true;
  }
  if (!decoder_ || decoder_->picture().shape() != header.shape) {
    announce(header);
    return true;
  }
  if (outputs_.empty()) return false;
  needs_key_ = false;
  Output output = std::move(outputs_.front());
  outputs_.pop_front();
  const RawFormat* format = find_raw_format(output.layout.fourcc);
  // One that was queued for an earlier format is answered as too small.
  if (format == nullptr || !format->holds(header.shape)) format = &native_format(header.shape);
  const Status decoded = decoder_->decode(header, cutter_.payload(), *format);
  // The picture of a damaged frame is the one before it.
  deliver(std::move(output), decoder_->picture(), decoded ? DoneStatus::kOk : DoneStatus::kError);
  return true;
}

void StreamDecoder::announce(const FrameHeader& header) {
  const bool initial = !decoder_;
  auto decoder = Decoder::create(header.shape);
  if (!decoder) return fail_with(decoder.error());
  decoder_ = std::move(*decoder);
  paused_ = true;
  events_.format_changed(describe(header), initial);
}

void StreamDecoder::deliver(Output output, const Picture& picture, DoneStatus status) {
  OutputDone done{.cookie = output.buffer.cookie,
                  .status = status,
                  .tag = cutter_.tag(),
                  .has_tag = true,
                  .type = cutter_.header().key ? FrameType::kKey : FrameType::kP};
  if (const auto frame = frame_in(output.layout, *output.buffer.memory, picture.shape())) {
    pack(*find_raw_format(output.layout.fourcc), picture, *frame);
    for (uint32_t i = 0; i < output.layout.memory_planes; ++i) done.bytes_used[i] = output.layout.plane_size[i];
  } else {
    done.status = DoneStatus::kTooSmall;
  }
  cutter_.drop_frame();
  events_.output_done(done);
}

}  // namespace softvpu::firmware::fwht
