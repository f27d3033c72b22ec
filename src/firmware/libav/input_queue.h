// SPDX-License-Identifier: GPL-2.0-or-later
// The inputs of a session: in which order they are cut up, which of them are still to be answered,
// and which damage hasn't been reported yet. Called by the decoder on its thread. dev-decoder.rst:
// Decoding, Drain.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "firmware/codec.h"
#include "firmware/libav/header_search.h"
#include "firmware/libav/packetizer.h"

namespace softvpu::firmware::libav {

inline Bytes bytes_of(const InputBuffer& input) {
  return {reinterpret_cast<const uint8_t*>(input.bytes().data()), input.bytes().size()};
}

class InputQueue {
 public:
  explicit InputQueue(CodecEvents& events) : events_(events) {}

  void add(InputBuffer input) { items_.emplace_back(std::move(input)); }
  void add_drain_mark() { items_.emplace_back(DrainMark{}); }

  // What is first in the queue. Inputs that were put back come before it.
  bool empty() const { return items_.empty(); }
  bool at_drain_mark() const { return !empty() && std::holds_alternative<DrainMark>(items_.front()); }
  InputBuffer take_input();
  void take_drain_mark() { items_.pop_front(); }
  // Puts back what the header search took, to be decoded first. Only the last of them, `last`,
  // is still to be answered.
  void put_back(std::vector<HeaderSearch::Kept> kept, Cookie last);

  // Gives the next input to the packetizer. False: there is none before the end or a drain mark.
  bool begin_next(Packetizer& packetizer);
  // An input is being cut up.
  bool has_current() const { return current_.has_value(); }
  // It is used up, and is answered.
  void finish_current();
  // Something in it couldn't be decoded. False: no input is being cut up.
  bool mark_current_damaged();

  // Data was lost when its inputs had been answered: drained() reports it.
  void note_loss() { lost_ = true; }
  bool take_loss() { return std::exchange(lost_, false); }

  // Everything is answered with kCancelled.
  void cancel();
  // Everything is forgotten, without an answer.
  void clear();

 private:
  struct DrainMark {};
  using Item = std::variant<InputBuffer, DrainMark>;
  // Without a cookie it was answered when the header search took it.
  struct Current {
    std::optional<Cookie> cookie;
    bool damaged = false;
  };
  struct PutBack {
    std::vector<uint8_t> bytes;
    uint64_t tag = 0;
    std::optional<Cookie> cookie;
  };

  CodecEvents& events_;
  std::deque<Item> items_;  // not looked at yet
  std::deque<PutBack> put_back_;
  std::optional<Current> current_;
  bool lost_ = false;
};

}  // namespace softvpu::firmware::libav
