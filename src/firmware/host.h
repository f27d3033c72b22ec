// SPDX-License-Identifier: GPL-2.0-or-later
// A small correct host for tests of the worker: talks HFI over a region of its own to a worker thread or a worker process, lays
// buffers out as the upper half would, and keeps account of what was answered. Included by tests only. Threads: one.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/shared_memory.h"
#include "firmware/libav/testing/harness.h"
#include "hfi/host_port.h"
#include "hfi/testing/later_minor.h"
#include "hfi/values.h"

namespace softvpu::firmware::testing {

class Host {
 public:
  Host() {
    auto made = hfi::HostPort::create(1);
    if (made) port_ = std::move(*made);
  }

  hfi::HostPort& port() { return *port_; }

  // Starts `program` with the session's socket as fd 3. Returns its pid.
  pid_t spawn(const char* program) {
    UniqueFd socket = port_->take_firmware_socket();
    const pid_t pid = fork();
    if (pid == 0) {
      dup2(socket.get(), 3);
      for (int fd = 4; fd < 1024 * 4; ++fd) close(fd);
      execl(program, program, static_cast<char*>(nullptr));
      _exit(127);
    }
    return pid;
  }

  bool send(const hfi::cmd::Body& body, uint64_t cookie = 0) {
    const hfi::Entry entry = hfi::serialize(hfi::Command{cookie, body});
    if (!of_a_later_minor) return send(entry);
    return send(hfi::testing::of_a_later_type()) && send(hfi::testing::with_appended_fields(entry));
  }

  bool send(const hfi::Entry& entry) {
    for (int i = 0; i < 5000; ++i) {
      if (port_->send(entry) == hfi::HostLink::SendOutcome::kOk) return true;
      receive(1);
    }
    return false;
  }

  // Handles messages until `done` or `limit_ms` passed without it. True: done.
  template <typename Done>
  bool wait_for(Done done, int limit_ms = 10000) {
    const TimePoint end = system_clock().now() + std::chrono::milliseconds(limit_ms);
    while (!done()) {
      if (system_clock().now() > end) return false;
      receive(10);
    }
    return true;
  }

  bool configure(FourCC coded, uint32_t threads = 1, bool test = false) {
    coded_ = coded;
    if (!send(hfi::cmd::Configure{.coded = static_cast<uint32_t>(coded), .threads = threads, .test = test})) return false;
    if (!wait_for([&] { return configured.has_value(); }) || *configured != hfi::WireStatus::kOk) return false;
    return send(hfi::cmd::Start{});
  }

  // Inputs: a few buffers, used in turn.
  static constexpr uint32_t kInputs = 4;
  static constexpr uint32_t kInputBytes = 1 << 20;

  bool map(hfi::Direction direction, hfi::BufferName name, const SharedMemory& memory, uint32_t length) {
    const int fd = memory.fd();
    if (port_->send_memory(direction, name, {&fd, 1}) != hfi::HostLink::SendOutcome::kOk) return false;
    hfi::cmd::MapBuffer command{.direction = direction, .buffer = name, .num_planes = 1};
    command.plane[0] = {0, length, static_cast<uint32_t>(memory.size())};
    return send(command);
  }

  bool map_inputs() {
    for (uint32_t i = 0; i < kInputs; ++i) {
      auto memory = SharedMemory::create("input", kInputBytes);
      if (!memory) return false;
      auto mapping = memory->map();
      if (!mapping || !map(hfi::Direction::kInput, {i, generation_}, *memory, kInputBytes)) return false;
      inputs_.push_back({std::move(*memory), std::move(*mapping)});
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
      send(hfi::cmd::UnmapBuffer{hfi::Direction::kOutput, {i, output_generation_}});
      retired_.push_back({{i, output_generation_}, std::move(outputs_[i])});
    }
    outputs_.clear();
    output_of_.clear();
    ++output_generation_;
    layout_ = *layout_for(raw, {format->coded_width, format->coded_height});
    hfi::cmd::SetLayout command{.fourcc = static_cast<uint32_t>(raw), .width = layout_.size.width, .height = layout_.size.height};
    command.memory_planes = layout_.memory_planes;
    command.components = layout_.components;
    command.stride = layout_.stride;
    command.offset = layout_.offset;
    command.component_plane = layout_.component_plane;
    command.plane_size = layout_.plane_size;
    send(command);
    for (uint32_t i = 0; i < count; ++i) {
      auto memory = SharedMemory::create("output", page_align(layout_.plane_size[0] + readable_tail(layout_)));
      auto mapping = memory->map();
      map(hfi::Direction::kOutput, {i, output_generation_}, *memory, layout_.plane_size[0]);
      outputs_.push_back({std::move(*memory), std::move(*mapping)});
      queue_output(i);
    }
  }

  // Somebody else writes to the old memory of which UNMAPPED was said, or wasn't. Returns of how much.
  size_t overwrite_retired(bool said) {
    size_t count = 0;
    for (Retired& old : retired_) {
      const hfi::msg::Unmapped name{hfi::Direction::kOutput, old.name};
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

  bool over() const { return session_error.has_value() || system_error.has_value(); }

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

  void receive(int wait_ms) {
    while (true) {
      const auto got = port_->receive();
      if (got.outcome == hfi::HostLink::ReceiveOutcome::kEmpty) break;
      if (got.outcome != hfi::HostLink::ReceiveOutcome::kMessage) {
        complaints.push_back(got.complaint);
        if (got.outcome == hfi::HostLink::ReceiveOutcome::kCorrupt) return;
        continue;
      }
      messages.push_back(got.message);
      handle(got.message);
      wait_ms = 0;
    }
    if (wait_ms == 0 || !port_->prepare_sleep(false)) return;
    pollfd fd{port_->doorbell_fd(), POLLIN, 0};
    if (poll(&fd, 1, wait_ms) > 0) {
      uint64_t count;
      if (read(fd.fd, &count, sizeof(count)) < 0) return;
    }
  }

  std::optional<hfi::msg::Ready> ready;
  std::optional<hfi::WireStatus> configured;
  std::optional<hfi::msg::FormatChanged> format;
  std::optional<hfi::msg::SessionError> session_error;
  std::optional<hfi::msg::SystemError> system_error;
  struct Capability {
    hfi::msg::Codec codec;
    std::vector<hfi::msg::RawFormat> raw;
    std::vector<hfi::msg::Control> controls;
  };
  std::vector<Capability> capabilities;
  bool capabilities_end = false;
  std::vector<uint64_t> pongs;
  std::vector<hfi::msg::Flushed> flushed;
  std::vector<hfi::msg::Unmapped> unmapped;
  std::vector<Picture> pictures;
  std::vector<hfi::Message> messages;
  std::vector<std::string> complaints;
  std::map<hfi::WireStatus, int> inputs, outputs;
  int drains = 0;
  bool hold_outputs = false;
  bool of_a_later_minor = false;  // version of the HFI

  size_t open_outputs() const { return output_of_.size(); }

 private:
  struct Memory {
    SharedMemory memory;
    Mapping mapping;
  };

  struct Retired {
    hfi::BufferName name;
    Memory memory;
  };

  void handle(const hfi::Message& message) {
    namespace msg = hfi::msg;
    if (const auto* m = std::get_if<msg::Ready>(&message.body)) ready = *m;
    if (const auto* m = std::get_if<msg::Codec>(&message.body)) capabilities.push_back({*m, {}, {}});
    if (const auto* m = std::get_if<msg::RawFormat>(&message.body)) capabilities.back().raw.push_back(*m);
    if (const auto* m = std::get_if<msg::Control>(&message.body)) capabilities.back().controls.push_back(*m);
    if (std::holds_alternative<msg::CapabilitiesEnd>(message.body)) capabilities_end = true;
    if (const auto* m = std::get_if<msg::Configured>(&message.body)) configured = m->status;
    if (const auto* m = std::get_if<msg::SessionError>(&message.body)) session_error = *m;
    if (const auto* m = std::get_if<msg::SystemError>(&message.body)) system_error = *m;
    if (std::holds_alternative<msg::Pong>(message.body)) pongs.push_back(message.cookie);
    if (std::holds_alternative<msg::Drained>(message.body)) ++drains;
    if (const auto* m = std::get_if<msg::Flushed>(&message.body)) flushed.push_back(*m);
    if (const auto* m = std::get_if<msg::Unmapped>(&message.body)) unmapped.push_back(*m);
    if (const auto* m = std::get_if<msg::FormatChanged>(&message.body)) {
      format = *m;
      if (outputs_wanted_ > 0) {
        send(hfi::cmd::Flush{hfi::Direction::kOutput, 1});
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

  std::unique_ptr<hfi::HostPort> port_;
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
