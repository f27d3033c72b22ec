// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests: a well-behaved firmware in a thread of the test, the null codec behind the wire. It speaks the whole protocol, so
// the host can be tested against a good peer without a process. Header only; no part of the library.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "codec/testing/null_driver.h"
#include "hfi/testing/loopback_link.h"
#include "vpu/convert.h"

namespace softvpu::vpu {

class PlayedFirmware {
 public:
  explicit PlayedFirmware(std::unique_ptr<hfi::LoopbackFirmware> wire)
      : wire_(std::move(wire)), events_(std::make_shared<Events>(wire_->endpoint())), thread_([this] { run(); }) {}
  ~PlayedFirmware() {
    stop_ = true;
    wire_->endpoint().nudge();
    thread_.join();
    session_.reset();
  }
  PlayedFirmware(const PlayedFirmware&) = delete;
  PlayedFirmware& operator=(const PlayedFirmware&) = delete;

  hfi::LoopbackFirmware& wire() { return *wire_; }
  // Stops serving, as a SIGSTOP would: nothing is read or answered any more.
  void freeze() { frozen_ = true; }
  // Dies now.
  void die() {
    stop_ = true;
    wire_->endpoint().nudge();
    wire_->die();
  }

 private:
  // What the null session says, as messages. `gone` ends it: a message that can't be sent is nobody's.
  struct Events final : codec::SessionEvents {
    explicit Events(hfi::FirmwareEndpoint& the_endpoint) : endpoint(the_endpoint) {}
    void input_done(codec::Cookie cookie, codec::DoneStatus status) override {
      send(cookie, hfi::msg::InputDone{hfi::status_of(status)});
    }
    void output_done(const codec::OutputDone& done) override { send(done.cookie, hfi::message_of(done)); }
    void format_changed(const codec::StreamFormat& format, bool initial) override { send({}, hfi::message_of(format, initial)); }
    void drained(codec::DoneStatus status) override { send({}, hfi::msg::Drained{hfi::status_of(status)}); }
    void flushed(codec::Direction side, uint32_t generation) override { send({}, hfi::msg::Flushed{side, generation}); }
    void failed(const Error& error) override { send({}, hfi::msg::SessionError{hfi::WireStatus::kInternal, error.reason}); }
    void send(codec::Cookie cookie, hfi::msg::Body body) {
      if (!muted) (void)endpoint.send({static_cast<uint64_t>(cookie), std::move(body)});
    }
    hfi::FirmwareEndpoint& endpoint;
    std::atomic<bool> muted{false};
  };

  void run() {
    hfi::FirmwareEndpoint& endpoint = wire_->endpoint();
    events_->send({}, hfi::msg::Ready{1, SVPU_JAIL_SECCOMP, "played firmware"});
    while (!stop_) {
      if (frozen_) {
        events_->muted = true;
        if (endpoint.wait(std::chrono::milliseconds(5)).hangup) return;
        continue;
      }
      auto read = endpoint.next_command();
      if (read.outcome == hfi::FirmwareEndpoint::ReadOutcome::kEmpty) {
        if (endpoint.wait(std::nullopt).hangup) return;
        continue;
      }
      if (read.outcome != hfi::FirmwareEndpoint::ReadOutcome::kCommand) {
        events_->failed(Error{EPROTO, read.complaint});
        return;
      }
      cookie_ = read.command.cookie;
      std::visit([this](const auto& body) { obey(body); }, read.command.body);
    }
  }

  void must(const Status& status) {
    if (!status) events_->failed(status.error());
  }

  void obey(const hfi::Unknown&) {}
  void obey(const hfi::cmd::QueryCapabilities&) {
    const auto capabilities = driver_.capabilities();
    for (const codec::CodecInfo& info : capabilities->codecs)
      for (hfi::msg::Body& message : hfi::messages_of(info)) events_->send({}, std::move(message));
    events_->send({}, hfi::msg::CapabilitiesEnd{});
  }
  void obey(const hfi::cmd::Configure& command) {
    auto session = driver_.open_session({.role = codec::Role::kDecoder, .coded = static_cast<FourCC>(command.coded)}, events_);
    if (session) session_ = std::move(*session);
    events_->send({}, hfi::msg::Configured{session_ ? hfi::WireStatus::kOk : hfi::WireStatus::kUnsupported});
  }
  void obey(const hfi::cmd::SetControl&) {}
  void obey(const hfi::cmd::SetInterval&) {}
  void obey(const hfi::cmd::MapBuffer& command) {
    auto memory = wire_->endpoint().take_memory(command.direction, command.buffer);
    if (!memory) return must(Unexpected(memory.error()));
    std::vector<codec::PlaneMemory> planes;
    for (uint32_t i = 0; i < command.num_planes; ++i) {
      planes.push_back({(*memory)->fd(i), command.plane[i].offset, command.plane[i].length, command.plane[i].mapped_length});
    }
    must(session_->map_buffer(command.direction, handle(command.buffer), planes));
  }
  void obey(const hfi::cmd::UnmapBuffer& command) { must(session_->unmap_buffer(command.direction, handle(command.buffer))); }
  void obey(const hfi::cmd::SetLayout& command) { must(session_->set_frame_layout(hfi::value_of(command))); }
  void obey(const hfi::cmd::Start&) { must(session_->start()); }
  void obey(const hfi::cmd::QueueInput& command) {
    must(session_->queue_input({handle(command.buffer), codec::Cookie{cookie_}, codec::Tag{command.tag}, command.plane[0].offset,
                                command.plane[0].bytes}));
  }
  void obey(const hfi::cmd::QueueOutput& command) {
    must(session_->queue_output(handle(command.buffer), codec::Cookie{cookie_}));
  }
  void obey(const hfi::cmd::Flush& command) { must(session_->flush(command.direction, command.generation)); }
  void obey(const hfi::cmd::Drain&) { must(session_->drain()); }
  void obey(const hfi::cmd::Resume&) { must(session_->resume()); }
  void obey(const hfi::cmd::ReturnOutput&) { must(session_->return_output()); }
  void obey(const hfi::cmd::Ping&) { events_->send(codec::Cookie{cookie_}, hfi::msg::Pong{}); }
  void obey(const hfi::cmd::Abort&) { stop_ = true; }
  void obey(const hfi::cmd::Crash&) {
    wire_->endpoint().last_words("crashed on demand");
    stop_ = true;
    wire_->die();
  }

  static codec::BufferHandle handle(hfi::BufferName name) { return {name.index, name.generation}; }

  std::unique_ptr<hfi::LoopbackFirmware> wire_;
  std::shared_ptr<Events> events_;
  codec::NullDriver driver_;
  std::unique_ptr<codec::Session> session_;  // played thread
  uint64_t cookie_ = 0;                      // played thread
  std::atomic<bool> stop_{false};
  std::atomic<bool> frozen_{false};
  std::thread thread_;
};

}  // namespace softvpu::vpu
