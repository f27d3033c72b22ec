// SPDX-License-Identifier: LGPL-2.1-or-later
// A session of the host whose firmware is the fuzzer: client verbs and firmware messages in any order, right and wrong. No
// crash, no hang; when the firmware dies at the end, every buffer has been answered exactly once and failed() was the last word.
// One thread: the event loop has its turns where the input says so.
// Links: softvpu_vpu softvpu_hfi_testing
// Covers: src/vpu/session_core.cc src/vpu/session_messages.cc core/session_state.c src/vpu/buffers.cc src/vpu/outbox.cc
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "base/shared_memory.h"
#include "fuzz/bytes.h"
#include "hfi/testing/loopback_link.h"
#include "vpu/session_core.h"

namespace {

using namespace softvpu;
using codec::BufferHandle;
using codec::Cookie;
using codec::Direction;

using softvpu::fuzz::Bytes;

class Owner final : public codec::SessionEvents {
 public:
  void input_done(Cookie cookie, codec::DoneStatus) override { answer(cookie); }
  void output_done(const codec::OutputDone& done) override { answer(done.cookie); }
  void format_changed(const codec::StreamFormat&, bool) override { alive(); }
  void drained(codec::DoneStatus) override { alive(); }
  void flushed(Direction, uint32_t) override { alive(); }
  void failed(const Error&) override {
    alive();
    failed_ = true;
  }
  bool has_failed() const { return failed_; }
  int answers(Cookie cookie) { return answers_[cookie]; }

 private:
  void alive() const {
    if (failed_) abort();
  }
  void answer(Cookie cookie) {
    alive();
    if (++answers_[cookie] > 1) abort();
  }
  std::map<Cookie, int> answers_;
  bool failed_ = false;
};

codec::CodecInfo some_codec() {
  codec::CodecInfo info;
  info.coded = kH264;
  info.sizes = {{16, 16}, {4096, 4096}, {1, 1}};
  info.raw = {kYuv420, kNv12};
  return info;
}

// One memory for all buffers of all runs.
const SharedMemory& memory() {
  static const SharedMemory* const shared = [] {
    auto made = SharedMemory::create("fuzz", 4096);
    if (!made) abort();
    return new SharedMemory(std::move(*made));
  }();
  return *shared;
}

hfi::WireStatus some_status(uint8_t which) {
  constexpr hfi::WireStatus kAll[] = {hfi::WireStatus::kOk, hfi::WireStatus::kOk, hfi::WireStatus::kDataError,
                                      hfi::WireStatus::kInvalid};
  return kAll[which >> 5 & 3];
}

// A format that is legal if `which` is small, else of any numbers.
hfi::msg::FormatChanged some_format(Bytes& in, uint8_t which) {
  hfi::msg::FormatChanged format;
  format.coded_width = format.visible_width = 16u * (which + 1u);
  format.coded_height = format.visible_height = 64;
  format.bit_depth = 8;
  format.chroma = SVPU_CHROMA_420;
  if (which < 64) return format;
  format.coded_height = in.number();
  format.visible_left = static_cast<int32_t>(in.number());
  format.visible_width = in.number();
  format.visible_height = in.number();
  format.interlaced = in.coin();
  format.bit_depth = in.byte();
  format.chroma = in.byte();
  format.native = in.coin() ? static_cast<uint32_t>(kNv12) : in.word();
  format.min_output_buffers = in.number();
  format.colorspace = in.byte();
  return format;
}

constexpr int kMostTurns = 64;
constexpr int kLastTurns = 4;

// The host reads what the firmware has said.
void settle(EventLoop& loop, hfi::LoopbackFirmware& firmware) {
  const svpu_ring_index& index = firmware.message_index();
  for (int i = 0; i < kMostTurns && !firmware.killed() && index.read != index.write; ++i) loop.turn();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static EventLoop& loop = *new EventLoop;
  loop.run_by_hand();
  Bytes in(data, size);
  std::unique_ptr<hfi::LoopbackFirmware> firmware;
  vpu::SessionSetup setup;
  setup.config.coded = kH264;
  setup.codec = some_codec();
  setup.loop = &loop;
  setup.statistics = std::make_shared<vpu::Statistics>();
  setup.make_link = [&firmware]() -> Result<std::unique_ptr<hfi::HostLink>> {
    auto pair = hfi::LoopbackLink::create(1);
    if (!pair) abort();
    firmware = std::move(pair->firmware);
    return std::unique_ptr<hfi::HostLink>(std::move(pair->link));
  };
  const auto owner = std::make_shared<Owner>();
  const auto core = std::make_shared<vpu::SessionCore>(std::move(setup), owner);
  const codec::PlaneMemory plane{memory().fd(), 0, 4096, 4096};
  for (uint32_t i = 0; i < 8; ++i) {
    if (!core->map_buffer(Direction::kInput, {i, 1}, {&plane, 1}) || !core->map_buffer(Direction::kOutput, {i, 1}, {&plane, 1}))
      abort();
  }
  if (!core->start()) abort();
  const uint8_t manners = in.byte();
  if ((manners & 1) == 0) {
    (void)firmware->endpoint().send({0, hfi::msg::Ready{1, 1, "fuzz"}});
    (void)firmware->endpoint().send({0, hfi::msg::Configured{}});
    settle(loop, *firmware);
  }
  std::vector<Cookie> queued;
  uint64_t cookie = 0;
  uint32_t steps = 0;
  while (!in.empty() && ++steps < 300) {
    const uint8_t what = in.byte();
    const uint8_t which = in.byte();
    const Direction side = (which & 1) != 0 ? Direction::kInput : Direction::kOutput;
    const uint64_t some_cookie = which % 32;
    switch (what % 20) {
      case 0:
      case 1:
        if (core->queue_input({{which % 8u, 1}, Cookie{cookie + 1}, codec::Tag{1}, {{{0, 100}}}}))
          queued.push_back(Cookie{++cookie});
        break;
      case 2:
      case 3:
        if (core->queue_output({which % 8u, 1}, Cookie{cookie + 1})) queued.push_back(Cookie{++cookie});
        break;
      case 4:
        (void)core->flush(side, which);
        break;
      case 5:
        (void)core->drain();
        break;
      case 6:
        (void)core->resume();
        break;
      case 7:
        (void)core->return_output();
        break;
      case 8:
        (void)core->unmap_buffer(side, {which % 8u, 1});
        break;
      case 9:
        (void)firmware->endpoint().try_send({some_cookie, hfi::msg::InputDone{some_status(which)}});
        break;
      case 10: {
        hfi::msg::OutputDone done;
        done.bytes_used[0] = which * 32u;
        done.has_tag = (manners & 8) != 0;
        done.frame_type = which % 4u;
        done.status = (manners & 16) != 0 ? some_status(which) : hfi::WireStatus::kOk;
        (void)firmware->endpoint().try_send({some_cookie, done});
        break;
      }
      case 11: {
        hfi::msg::OutputDone done;
        done.status = hfi::WireStatus::kCancelled;
        (void)firmware->endpoint().try_send({some_cookie, done});
        break;
      }
      case 12:
        (void)firmware->endpoint().try_send({0, some_format(in, which)});
        break;
      case 13:
        if ((which & 0x80) != 0) {
          (void)firmware->endpoint().try_send({0, hfi::msg::Unmapped{static_cast<hfi::Direction>(which & 1), {which % 8u, 1}}});
        } else {
          (void)firmware->endpoint().try_send({0, hfi::msg::Drained{}});
        }
        break;
      case 14:
        (void)firmware->endpoint().try_send({0, hfi::msg::Flushed{static_cast<hfi::Direction>(which & 1), which}});
        break;
      case 15:
        (void)firmware->endpoint().try_send({some_cookie, hfi::Unknown{which}});
        break;
      case 16: {  // any bytes as an entry
        hfi::Entry entry;
        in.take(entry.bytes, which + 1u);
        svpu_entry header = entry.header();
        header.sequence = __atomic_load_n(&firmware->message_index().write, __ATOMIC_RELAXED);
        entry.set_header(header);
        if ((manners & 2) != 0) firmware->raw_push(entry);
        break;
      }
      case 17:
        if ((manners & 4) != 0) __atomic_fetch_add(&firmware->message_index().write, which, __ATOMIC_SEQ_CST);
        firmware->raw_ring();
        break;
      case 18:
        while (firmware->endpoint().next_command().outcome == hfi::FirmwareEndpoint::ReadOutcome::kCommand) {
        }
        break;
      default:
        settle(loop, *firmware);
        break;
    }
  }
  firmware->die();
  for (int i = 0; i < kMostTurns && !owner->has_failed(); ++i) loop.turn();
  if (!owner->has_failed()) abort();
  for (const Cookie one : queued) {
    if (owner->answers(one) != 1) abort();
  }
  core->close();
  for (int i = 0; i < kLastTurns; ++i) loop.turn();  // what close() left to it
  return 0;
}
