// SPDX-License-Identifier: GPL-2.0-or-later
// The host's end of one session in tests of the worker: sends commands and memory to a worker thread or a worker process, and
// keeps account of what came back. It knows no streams; host.h plays a client that decodes one. Threads: one.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/shared_memory.h"
#include "hfi/host_port.h"
#include "hfi/testing/later_minor.h"

namespace softvpu::firmware::testing {

class HfiHost {
 public:
  HfiHost() {
    auto made = hfi::HostPort::create(1);
    if (made) port_ = std::move(*made);
  }
  virtual ~HfiHost() = default;

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

  // Memory of a buffer, as this side sees it.
  struct Memory {
    SharedMemory memory;
    Mapping mapping;
  };
  // Makes memory of `mapped` bytes. nullopt: there is none.
  static std::optional<Memory> make_memory(size_t mapped) {
    auto memory = SharedMemory::create("buffer", page_align(mapped));
    if (!memory) return std::nullopt;
    auto mapping = memory->map();
    if (!mapping) return std::nullopt;
    return Memory{std::move(*memory), std::move(*mapping)};
  }
  // MAP_BUFFER with one plane per memory; of each `length` bytes may be written.
  bool map(Side side, hfi::BufferName name, std::span<const Memory> planes, uint32_t length) {
    hfi::cmd::MapBuffer command{.direction = side, .buffer = name, .num_planes = static_cast<uint32_t>(planes.size())};
    std::vector<int> fds;
    for (size_t i = 0; i < planes.size(); ++i) {
      fds.push_back(planes[i].memory.fd());
      command.plane[i] = {0, length, static_cast<uint32_t>(planes[i].memory.size())};
    }
    return port_->send_memory(side, name, fds) == hfi::HostLink::SendOutcome::kOk && send(command);
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
  // The answer to a PING: the worker's control thread has handled everything before it.
  bool ping(uint64_t cookie) {
    return send(hfi::cmd::Ping{}, cookie) && wait_for([&] { return !pongs.empty() && pongs.back() == cookie; });
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
      note(got.message);
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

  bool over() const { return session_error.has_value() || system_error.has_value(); }

  std::optional<hfi::msg::Ready> ready;
  std::optional<hfi::WireStatus> configured;
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
  int drains = 0;
  std::vector<hfi::Message> messages;  // all of them
  std::vector<std::string> complaints;
  bool of_a_later_minor = false;  // version of the HFI

 protected:
  // Of a message that note() has seen.
  virtual void handle(const hfi::Message& /*message*/) {}

 private:
  void note(const hfi::Message& message) {
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
  }

  std::unique_ptr<hfi::HostPort> port_;
};

}  // namespace softvpu::firmware::testing
