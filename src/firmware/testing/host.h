// SPDX-License-Identifier: GPL-2.0-or-later
// A small correct client that decodes, for tests of the worker: over HFI it lays buffers out as the upper half would, feeds a
// stream and takes the pictures. Threads: one.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware/libav/testing/harness.h"
#include "firmware/testing/hfi_host.h"
#include "hfi/values.h"

namespace softvpu::firmware::testing {

class Host final : public HfiHost {
 public:
  bool configure(FourCC coded, uint32_t threads = 1, bool test = false) {
    coded_ = coded;
    if (!send(hfi::cmd::Configure{.coded = static_cast<uint32_t>(coded), .threads = threads, .test = test})) return false;
    if (!wait_for([&] { return configured.has_value(); }) || *configured != hfi::WireStatus::kOk) return false;
    return send(hfi::cmd::Start{});
  }

  // Inputs: a few buffers, used in turn.
  static constexpr uint32_t kInputs = 4;
  static constexpr uint32_t kInputBytes = 1 << 20;

  bool map_inputs() {
    for (uint32_t i = 0; i < kInputs; ++i) {
      auto memory = make_memory(kInputBytes);
      if (!memory || !map(Side::kInput, {i, generation_}, {&*memory, 1}, kInputBytes)) return false;
      inputs_.push_back(std::move(*memory));
      free_inputs_.push_back(i);
    }
    return true;
  }

  // Waits for a free input, fills it, queues it. False: none came back in time.
  bool feed(std::span<const uint8_t> bytes, uint64_t tag) {
    if (bytes.size() > kInputBytes) return false;
    if (!wait_for([&] { return !free_inputs_.empty() || over(); }) || over()) return false;
    const uint32_t index = free_inputs_.front();
    free_inputs_.pop_front();
    std::memcpy(inputs_[index].mapping.data(), bytes.data(), bytes.size());
    const uint64_t cookie = ++cookie_;
    input_of_[cookie] = index;
    return send(hfi::coded_input({index, generation_}, 0, static_cast<uint32_t>(bytes.size()), tag), cookie);
  }

  // As a client that answers FORMAT_CHANGED: new buffers, new layout, RESUME.
  void set_up_outputs(uint32_t count, FourCC raw) {
    new_outputs(count, raw);
    send(hfi::cmd::Resume{});
  }

  // As a client that frees its buffers, which are flushed, and makes others. The old memory stays here, to be looked at.
  void new_outputs(uint32_t count, FourCC raw) {
    for (uint32_t i = 0; i < outputs_.size(); ++i) {
      send(hfi::cmd::UnmapBuffer{Side::kOutput, {i, output_generation_}});
      retired_.push_back({{i, output_generation_}, std::move(outputs_[i])});
    }
    outputs_.clear();
    output_of_.clear();
    ++output_generation_;
    layout_ = *layout_for(raw, {format->coded_width, format->coded_height});
    send(hfi::command_of(layout_));
    for (uint32_t i = 0; i < count; ++i) {
      auto memory = make_memory(layout_.plane_size[0] + readable_tail(layout_));
      if (!memory) return;
      map(Side::kOutput, {i, output_generation_}, {&*memory, 1}, layout_.plane_size[0]);
      outputs_.push_back(std::move(*memory));
      queue_output(i);
    }
  }

  // Somebody else writes to the old memory of which UNMAPPED was said, or wasn't. Returns of how much.
  size_t overwrite_retired(bool said) {
    size_t count = 0;
    for (Retired& old : retired_) {
      const hfi::msg::Unmapped name{Side::kOutput, old.name};
      if ((std::find(unmapped.begin(), unmapped.end(), name) != unmapped.end()) != said) continue;
      std::memset(old.memory.mapping.data(), 0xa5, old.memory.memory.size());
      ++count;
    }
    return count;
  }

  void queue_output(uint32_t index) {
    const uint64_t cookie = ++cookie_;
    output_of_[cookie] = index;
    send(hfi::cmd::QueueOutput{{index, output_generation_}}, cookie);
  }

  // The whole stream: feeds, answers formats, collects sums, drains.
  bool decode(const std::vector<std::vector<uint8_t>>& packets, uint32_t output_count, FourCC raw) {
    outputs_wanted_ = output_count;
    raw_ = raw;
    uint64_t tag = 0;
    for (const auto& packet : packets) {
      if (!feed(packet, ++tag)) return false;
    }
    send(hfi::cmd::Drain{});
    return wait_for([&] { return drains > 0 || over(); }) && !over();
  }

  std::optional<hfi::msg::FormatChanged> format;
  std::vector<Picture> pictures;
  std::map<hfi::WireStatus, int> inputs, outputs;
  bool hold_outputs = false;

  size_t open_outputs() const { return output_of_.size(); }

 private:
  struct Retired {
    hfi::BufferName name;
    Memory memory;
  };

  void handle(const hfi::Message& message) override {
    namespace msg = hfi::msg;
    if (const auto* m = std::get_if<msg::FormatChanged>(&message.body)) {
      format = *m;
      if (outputs_wanted_ > 0) {
        send(hfi::cmd::Flush{Side::kOutput, 1});
        set_up_outputs(outputs_wanted_, raw_);
      }
    }
    if (const auto* m = std::get_if<msg::InputDone>(&message.body)) {
      ++inputs[m->status];
      const auto found = input_of_.find(message.cookie);
      if (found == input_of_.end()) return complaints.emplace_back("an input nobody queued"), void();
      free_inputs_.push_back(found->second);
      input_of_.erase(found);
    }
    if (const auto* m = std::get_if<msg::OutputDone>(&message.body)) {
      const auto found = output_of_.find(message.cookie);
      if (found == output_of_.end()) {
        if (m->status != hfi::WireStatus::kCancelled) complaints.emplace_back("an output nobody queued");
        return;
      }
      ++outputs[m->status];
      const uint32_t index = found->second;
      output_of_.erase(found);
      if (m->bytes_used[0] != 0) {
        const Size visible{format->visible_width, format->visible_height};
        pictures.push_back(
            {picture_md5(layout_, outputs_[index].mapping.data(), visible), visible, hfi::value_of(Cookie{message.cookie}, *m)});
      }
      if (!hold_outputs && m->status != hfi::WireStatus::kCancelled && !over()) queue_output(index);
    }
  }

  FourCC coded_ = FourCC::kNone;
  FourCC raw_ = kYuv420;
  uint32_t outputs_wanted_ = 0;
  uint32_t generation_ = 1;
  uint32_t output_generation_ = 0;
  uint64_t cookie_ = 0;
  FrameLayout layout_;
  std::vector<Memory> inputs_;
  std::vector<Memory> outputs_;
  std::vector<Retired> retired_;
  std::deque<uint32_t> free_inputs_;
  std::map<uint64_t, uint32_t> input_of_;
  std::map<uint64_t, uint32_t> output_of_;
};

}  // namespace softvpu::firmware::testing
