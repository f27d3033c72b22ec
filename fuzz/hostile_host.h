// SPDX-License-Identifier: GPL-2.0-or-later
// The host's end of a worker's session, as worker_fuzz.cc plays it: region, rings, doorbells and
// socket without the rules that src/hfi's own HostPort keeps. It also checks what the worker sends:
// well-formed, and one answer for each queueing.
#pragma once

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/shared_memory.h"
#include "fuzz/bytes.h"
#include "hfi/firmware_endpoint.h"
#include "hfi/transport/packet.h"

namespace softvpu::fuzz {

[[noreturn]] inline void complain(const char* what) {
  std::fprintf(stderr, "worker_fuzz: %s\n", what);
  std::abort();
}

// A buffer's memory as the host has it. Behind the bytes that may be written there is a pattern that nobody touches.
class BufferMemory {
 public:
  static constexpr size_t kSize = 32 << 10;
  BufferMemory() {
    auto made = SharedMemory::create("fuzz-buffer", kSize);
    if (!made) complain("no memory for a buffer");
    memory_ = std::move(*made);
    auto mapped = memory_.map();
    if (!mapped) complain("a buffer can't be mapped");
    mapping_ = std::move(*mapped);
  }
  int fd() const { return memory_.fd(); }
  std::byte* data() const { return mapping_.data(); }
  // Maps the first `length` bytes into the worker.
  void guard(size_t length) {
    length_ = length;
    std::memset(data() + length, kPattern, kSize - length);
  }
  void check_guard() const {
    // Each byte is as the one before it, and the first as it was: one call, as each loop here is instrumented.
    if (data()[length_] != std::byte{kPattern} || std::memcmp(data() + length_, data() + length_ + 1, kSize - length_ - 1) != 0)
      complain("the worker wrote behind a buffer's end");
  }

 private:
  static constexpr uint8_t kPattern = 0xc7;
  SharedMemory memory_;
  Mapping mapping_;
  size_t length_ = kSize;
};

class HostileHost {
 public:
  static constexpr size_t kMostOpen = 64;  // queueings without an answer: all of them fit the message ring

  HostileHost() {
    auto region = hfi::Region::create(1);
    if (!region) complain("no region");
    region_ = std::move(*region);
    if (!hfi::make_packet_pair(ours_, theirs_)) complain("no socket");
    command_bell_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    message_bell_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    commands_ = hfi::RingWriter(region_.commands());
    messages_ = hfi::RingReader(region_.messages());
  }

  const hfi::Region& region() const { return region_; }
  UniqueFd take_firmware_socket() { return std::move(theirs_); }
  void hang_up() { ours_.reset(); }
  void send_packet(std::span<const std::byte> bytes, std::span<const int> fds) {
    (void)hfi::send_packet(ours_.get(), bytes, fds);
  }

  void say_hello(const svpu_transport_hello& hello, size_t num_fds) {
    const int fds[] = {region_.fd(), command_bell_.get(), message_bell_.get(), command_bell_.get()};
    send_packet(std::as_bytes(std::span(&hello, 1)), {fds, num_fds});
  }

  void send(const hfi::cmd::Body& body, uint64_t cookie = 0) { push(hfi::serialize(hfi::Command{cookie, body})); }
  void push(hfi::Entry entry) {
    tame(entry);
    (void)commands_.push(entry);
  }
  // Any bytes into any slot of the command ring, by a host that has stopped to keep its own indices.
  void write_slot(uint32_t slot, hfi::Entry entry) {
    tame(entry);
    std::memcpy(region_.commands().slots + size_t{slot % SVPU_COMMAND_SLOTS} * SVPU_SLOT_SIZE, entry.bytes, SVPU_SLOT_SIZE);
    scribbled = true;
  }

  bool may_queue() const { return open_.size() < kMostOpen; }
  // `limit`: the bytes of an output, 0 for an input.
  void queued(uint64_t cookie, size_t limit) { open_[cookie] = limit; }

  // Reads and checks every message that was sent.
  void read() {
    hfi::Entry entry;
    while (true) {
      switch (messages_.pop(entry)) {
        case hfi::PopOutcome::kOk:
          break;
        case hfi::PopOutcome::kEmpty:
          return;
        default:
          if (scribbled) return;
          complain(messages_.complaint());
      }
      const auto message = hfi::parse_message(entry);
      if (!message) complain(message.error().reason.c_str());
      judge(*message);
    }
  }

  bool scribbled = false;  // what the worker answers may be to anything now
  std::optional<hfi::msg::FormatChanged> format;

 private:
  // A worker that may be crashed for tests isn't what is judged here, and its threads would make each run another one.
  static void tame(hfi::Entry& entry) {
    if (entry.header().type != SVPU_CMD_CONFIGURE) return;
    auto wire = entry.as<svpu_cmd_configure>();
    wire.flags &= ~SVPU_CONFIG_TEST;
    if (wire.threads <= 256) wire.threads = 1;
    entry.set(wire);
  }

  void judge(const hfi::Message& message) {
    namespace msg = hfi::msg;
    if (const auto* changed = std::get_if<msg::FormatChanged>(&message.body)) format = *changed;
    if (std::holds_alternative<msg::SessionError>(message.body) && std::exchange(failed_, true)) complain("two session errors");
    const auto* output = std::get_if<msg::OutputDone>(&message.body);
    if (output == nullptr && !std::holds_alternative<msg::InputDone>(message.body)) return;
    const auto found = open_.find(message.cookie);
    if (found == open_.end()) {
      if (!scribbled) complain("an answer to what wasn't queued");
      return;
    }
    if (output != nullptr && output->bytes_used[0] > found->second) complain("more bytes than the buffer has");
    open_.erase(found);
  }

  hfi::Region region_;
  UniqueFd ours_;
  UniqueFd theirs_;
  UniqueFd command_bell_;
  UniqueFd message_bell_;
  hfi::RingWriter commands_;
  hfi::RingReader messages_;
  std::map<uint64_t, size_t> open_;
  bool failed_ = false;
};

}  // namespace softvpu::fuzz
