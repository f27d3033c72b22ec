// SPDX-License-Identifier: GPL-2.0-or-later
// Pictures to outputs: see encode_session.h.
#include "firmware/encode/encode_session.h"

#include <utility>

namespace softvpu::firmware {

namespace {

// Whether `change` makes `earlier` count for nothing.
template <typename Item>
bool replaces(const Item& change, const Item& earlier) {
  if (change.index() != earlier.index()) return false;
  const auto* const control = std::get_if<ControlValue>(&change);
  return control == nullptr || control->id == std::get<ControlValue>(earlier).id;
}

}  // namespace

// ---- calls ----

void EncodeSession::add_change(Item change) {
  if (failed_) return;
  for (size_t i = waiting_.size(); i > 0; --i) {
    const Item& earlier = waiting_[i - 1];
    if (std::holds_alternative<InputBuffer>(earlier) || std::holds_alternative<DrainMark>(earlier)) break;
    if (!replaces(change, earlier)) continue;
    waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(i - 1));
    break;
  }
  waiting_.push_back(std::move(change));
}

void EncodeSession::queue_input(InputBuffer input) {
  if (!failed_) waiting_.emplace_back(std::move(input));
}

void EncodeSession::queue_output(OutputBuffer output) {
  if (!failed_) outputs_.push_back(std::move(output));
}

void EncodeSession::drain() {
  if (!failed_) waiting_.emplace_back(DrainMark{});
}

void EncodeSession::return_output() {
  if (outputs_.empty()) return;
  const Cookie cookie = outputs_.front().cookie;
  outputs_.pop_front();
  events_.output_done({.cookie = cookie, .status = DoneStatus::kCancelled});
}

void EncodeSession::flush(Side side) {
  if (side == Side::kOutput) {
    while (!outputs_.empty()) return_output();
    begin_anew();
    return;
  }
  // What is inside the encoder came from inputs that no longer count. Without that the stream goes on: its frames refer to frames
  // that were delivered.
  if (!inside_.empty()) begin_anew();
  std::deque<Item> changes;
  for (Item& item : std::exchange(waiting_, {})) {
    if (const auto* input = std::get_if<InputBuffer>(&item)) {
      events_.input_done(input->cookie, DoneStatus::kCancelled);
    } else if (!std::holds_alternative<DrainMark>(item)) {
      changes.push_back(std::move(item));
    }
  }
  waiting_ = std::move(changes);
}

void EncodeSession::begin_anew() {
  inside_.clear();
  begin_ = true;
}

void EncodeSession::fail_with(const Error& error) {
  failed_ = true;
  waiting_.clear();
  outputs_.clear();
  inside_.clear();
  events_.failed(error);
}

// ---- steps ----

bool EncodeSession::step() {
  if (failed_ || stopped_ || waiting_.empty()) return false;
  return std::visit([this](const auto& item) { return take(item); }, waiting_.front());
}

bool EncodeSession::take(const ControlValue& control) {
  encoder_->set_control(control);
  waiting_.pop_front();
  return true;
}

bool EncodeSession::take(const FrameInterval& interval) {
  encoder_->set_interval(interval);
  waiting_.pop_front();
  return true;
}

bool EncodeSession::take(const FrameLayout& layout) {
  if (layout_ && (layout.fourcc != layout_->fourcc || layout.size != layout_->size)) {
    if (const auto finished = finish_one()) return *finished;
    begin_ = true;
  }
  layout_ = layout;
  waiting_.pop_front();
  return true;
}

bool EncodeSession::take(const DrainMark&) {
  if (const auto finished = finish_one()) return *finished;
  waiting_.pop_front();
  stopped_ = true;
  events_.drained(DoneStatus::kOk);
  return true;
}

bool EncodeSession::take(const InputBuffer& input) {
  if (outputs_.empty()) return false;
  if (!layout_) {
    fail_with({EINVAL, "a picture came before its layout"});
    return true;
  }
  if (begin_) {
    if (const auto begun = encoder_->begin(*layout_); !begun) {
      fail_with(begun.error());
      return true;
    }
    begin_ = false;
  }
  const uint64_t number = next_number_++;
  inside_[number] = {.tag = input.tag, .field = input.field};
  const Cookie cookie = input.cookie;
  const Coded coded =
      encoder_->encode({.number = number, .layout = *layout_, .plane = input.plane, .field = input.field}, output_memory());
  waiting_.pop_front();  // `input` is gone, and with it our hold of the memory
  // Before its output: clients wait for the output, then take the input back without waiting (rpicam-vid, mediamtx).
  if (coded) events_.input_done(cookie, DoneStatus::kOk);
  deliver(coded);
  return true;
}

std::optional<bool> EncodeSession::finish_one() {
  if (inside_.empty()) return std::nullopt;
  if (outputs_.empty()) return false;
  const Coded coded = encoder_->finish(output_memory());
  if (coded && !*coded) {
    inside_.clear();  // the encoder dropped them
    return std::nullopt;
  }
  deliver(coded);
  return true;
}

void EncodeSession::deliver(const Coded& coded) {
  if (!coded) return fail_with(coded.error());
  if (!*coded) return;
  const CodedFrame& frame = **coded;
  const auto picture = inside_.find(frame.number);
  if (picture == inside_.end() || frame.bytes > output_memory().size())
    return fail_with({EIO, "the encoder returned a frame of no picture, or one that is longer than its output"});
  OutputDone done{.cookie = outputs_.front().cookie,
                  .status = frame.status,
                  .tag = picture->second.tag,
                  .has_tag = true,
                  .type = frame.type,
                  .field = picture->second.field};
  if (frame.status == DoneStatus::kOk) done.bytes_used[0] = static_cast<uint32_t>(frame.bytes);
  inside_.erase(picture);
  outputs_.pop_front();
  if (frame.status != DoneStatus::kOk) begin_anew();  // later frames would refer to one that nobody has
  events_.output_done(done);
}

std::span<std::byte> EncodeSession::output_memory() const {
  const MappedBuffer::Plane& plane = outputs_.front().memory->plane[0];
  return {plane.data, plane.length};
}

}  // namespace softvpu::firmware
