// SPDX-License-Identifier: GPL-2.0-or-later
// The queue and its answers: see input_queue.h.
#include "firmware/libav/input_queue.h"

namespace softvpu::firmware::libav {

InputBuffer InputQueue::take_input() {
  InputBuffer input = std::move(std::get<InputBuffer>(items_.front()));
  items_.pop_front();
  return input;
}

void InputQueue::put_back(std::vector<HeaderSearch::Kept> kept, Cookie last) {
  for (HeaderSearch::Kept& input : kept) put_back_.push_back({std::move(input.bytes), input.tag, std::nullopt});
  put_back_.back().cookie = last;
}

bool InputQueue::begin_next(Packetizer& packetizer) {
  if (!put_back_.empty()) {
    const PutBack& input = put_back_.front();
    packetizer.begin(input.bytes, input.tag);
    current_ = Current{.cookie = input.cookie};
    put_back_.pop_front();
    return true;
  }
  if (empty() || at_drain_mark()) return false;
  const InputBuffer input = take_input();
  packetizer.begin(bytes_of(input), static_cast<uint64_t>(input.tag));
  current_ = Current{.cookie = input.cookie};
  return true;
}

void InputQueue::finish_current() {
  if (current_->cookie) events_.input_done(*current_->cookie, current_->damaged ? DoneStatus::kError : DoneStatus::kOk);
  current_.reset();
}

bool InputQueue::mark_current_damaged() {
  if (!current_) return false;
  current_->damaged = true;
  return true;
}

void InputQueue::cancel() {
  const auto answer = [&](std::optional<Cookie> cookie) {
    if (cookie) events_.input_done(*cookie, DoneStatus::kCancelled);
  };
  if (current_) answer(current_->cookie);
  for (const PutBack& input : put_back_) answer(input.cookie);
  for (const Item& item : items_) {
    if (const auto* input = std::get_if<InputBuffer>(&item)) answer(input->cookie);
  }
  clear();
}

void InputQueue::clear() {
  current_.reset();
  put_back_.clear();
  items_.clear();
  lost_ = false;
}

}  // namespace softvpu::firmware::libav
