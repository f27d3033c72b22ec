// SPDX-License-Identifier: GPL-2.0-or-later
// When the host is woken for frames and for inputs that are used up. A wake-up costs the codec thread its write() and the client
// two context switches, so that a client with queues is woken for two frames at once; one that has nothing more to decode, or few
// buffers, is never kept waiting. Pure; kept by Worker on its codec thread.
#pragma once

#include <cstddef>

namespace softvpu::firmware {

class FrameBell {
 public:
  // An encoder's client: it refills each picture as it comes back, and often waits for every one. Before the first input.
  void ring_always() { always_ = true; }

  void input_queued() { ++inputs_; }
  void output_queued() { ++outputs_; }
  // The next frame is one that somebody waits for: the first after a start, a pause or a flush.
  void expect_first() { first_ = true; }

  // One is about to be reported. True: ring now. Whatever is unsaid is rung for before the codec thread sleeps.
  bool input_done() {
    inputs_ -= inputs_ > 0 ? 1 : 0;
    ++unsaid_inputs_;
    return due(unsaid_inputs_ >= inputs_);
  }
  bool output_done() {
    outputs_ -= outputs_ > 0 ? 1 : 0;
    ++unsaid_frames_;
    const bool first = first_;
    first_ = false;
    return due(first || unsaid_frames_ >= kFramesAtOnce || outputs_ < kFewOutputs);
  }
  // The host was rung for something else, or the codec thread sleeps.
  void rung() { unsaid_inputs_ = unsaid_frames_ = 0; }

 private:
  static constexpr size_t kFramesAtOnce = 2;
  static constexpr size_t kFewOutputs = 6;  // queued here; a decoder that has fewer to choose from may soon copy, or wait

  bool due(bool now) {
    now |= always_;
    if (now) rung();
    return now;
  }

  size_t inputs_ = 0;  // here, not used up
  size_t outputs_ = 0;
  size_t unsaid_inputs_ = 0;
  size_t unsaid_frames_ = 0;
  bool first_ = true;
  bool always_ = false;
};

}  // namespace softvpu::firmware
