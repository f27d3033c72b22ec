// SPDX-License-Identifier: GPL-2.0-or-later
// The queue and its answers: see input_queue.h.
#include "firmware/libav/input_queue.h"

namespace softvpu::firmware::libav {

InputChunk InputQueue::take_chunk() {
  InputChunk chunk = std::move(std::get<InputChunk>(items_.front()));
  items_.pop_front();
  return chunk;
}

void InputQueue::put_back(std::vector<HeaderSearch::Kept> kept, uint64_t last_id) {
  for (HeaderSearch::Kept& input : kept) put_back_.push_back({std::move(input.bytes), input.tag, std::nullopt});
  put_back_.back().id = last_id;
}

bool InputQueue::begin_next(Packetizer& packetizer) {
  if (!put_back_.empty()) {
    const PutBack& input = put_back_.front();
    packetizer.begin(input.bytes, input.tag);
    current_ = Current{.id = input.id};
    put_back_.pop_front();
    return true;
  }
  if (empty() || at_drain_mark()) return false;
  const InputChunk chunk = take_chunk();
  packetizer.begin(bytes_of(chunk), chunk.tag);
  current_ = Current{.id = chunk.id};
  return true;
}

void InputQueue::finish_current() {
  if (current_->id) events_.input_done(*current_->id, current_->damaged ? DoneStatus::kDamaged : DoneStatus::kOk);
  current_.reset();
}

bool InputQueue::blame_current() {
  if (!current_) return false;
  current_->damaged = true;
  return true;
}

void InputQueue::cancel() {
  const auto answer = [&](std::optional<uint64_t> id) {
    if (id) events_.input_done(*id, DoneStatus::kCancelled);
  };
  if (current_) answer(current_->id);
  for (const PutBack& input : put_back_) answer(input.id);
  for (const Item& item : items_) {
    if (const auto* chunk = std::get_if<InputChunk>(&item)) answer(chunk->id);
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
