// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel module's rings, sessions, formats, buffers and decoder in user space (fuzz/kernel_shim/), between a client and a
// firmware that do anything. One thread; a wait of the module's is a turn of the firmware's. What a kernel with debugging would
// report is a finding, as is memory or a session that outlives the device.
// Links: softvpu_kernel_shim
// Covers: kernel
#include <cstdint>

#include "fuzz/bytes.h"
#include "fuzz/kernel_shim/device.h"
#include "fuzz/played_firmware.h"

namespace {

using softvpu::fuzz::Bytes;
using softvpu::fuzz::PlayedFirmware;

constexpr int kMostTurns = 64;  // of the firmware in one wait

class Run {
 public:
  explicit Run(Bytes& in) : in_(in), firmware_(in) {}

  void run() {
    const uint8_t manners = in_.byte();
    shim_begin({(manners & 1) != 0, (manners & 2) != 0, (manners & 4) == 0, (manners & 8) == 0}, turn, this);
    shim_probe();
    settle();
    (void)shim_open();
    for (int acts = 0; acts < 400 && !in_.empty(); ++acts) {
      shim_is_open() ? act() : act_closed();
      turns_ = 0;
      if (eager_) settle();
    }
    shim_end();
  }

 private:
  static bool turn(void* self) { return static_cast<Run*>(self)->take_turn(); }
  bool take_turn() {
    if (++turns_ > kMostTurns) return false;
    if (eager_ && firmware_.obey()) return true;
    if (in_.empty()) return false;
    in_.coin() ? (void)firmware_.obey() : firmware_.act();
    return true;
  }

  // Lets the firmware work through its commands, then the module through the answers.
  void settle() {
    for (int rounds = 0; rounds < 4; ++rounds) {
      while (firmware_.obey()) {
      }
      shim_work();
    }
  }

  void act_closed() {
    switch (in_.below(4)) {
      case 0:
        return shim_probe();
      case 1:
        return shim_probe_cancel();
      case 2:
        return in_.coin() ? firmware_.act() : shim_work();
      default:
        (void)shim_open();
    }
  }

  void act() {
    const unsigned side = in_.coin() ? 1 : 0;
    switch (in_.below(24)) {
      case 0:
        return shim_request(side, in_.below(5));
      case 1:
      case 2:
        return shim_stream(side, true);
      case 3:
        return shim_stream(side, false);
      case 4:
      case 5:
      case 6:
      case 7:
        return shim_queue(side, in_.below(6), in_.rarely(8) ? in_.number() : in_.byte(), in_.rarely(8) ? in_.number() : 0,
                          in_.byte(), in_.word());
      case 8:
      case 9:
        return shim_dequeue(side);
      case 10:
      case 11:
        return shim_command(in_.coin());
      case 12:
        return shim_set_format(side, some_fourcc(), in_.number(), in_.number(), in_.number());
      case 13:
        return shim_query(side, in_.rarely(4) ? in_.number() : in_.below(4), some_fourcc());
      case 14:
        return shim_pass_time(in_.byte() * 16ul);
      case 15:
        eager_ = !eager_;
        return;
      case 16:
      case 17:
        return firmware_.act();
      case 18:
        (void)firmware_.obey();
        return;
      case 19:
        return begin();
      case 20:
        return rare();
      default:
        return shim_work();
    }
  }

  void rare() {
    switch (in_.below(8)) {
      case 0:
        return shim_close();
      case 1:
        return shim_probe();
      case 2:
        return shim_set_refusal(in_.rarely(4));
      case 3:
        return shim_forget_sessions();
      default:
        return;
    }
  }

  uint32_t some_fourcc() {
    const uint32_t codes[] = {V4L2_PIX_FMT_H264,   V4L2_PIX_FMT_VP8,  V4L2_PIX_FMT_NV12,
                              V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_P010, in_.word()};
    return codes[in_.below(6)];
  }

  // As clients begin: both queues with buffers, all queued, both stream.
  void begin() {
    for (unsigned side = 0; side < 2; ++side) {
      shim_request(side, 3);
      for (unsigned i = 0; i < 3; ++i) shim_queue(side, i, 100, 0, i + 1, 0);
      shim_stream(side, true);
      if (eager_) settle();
    }
  }

  Bytes& in_;
  PlayedFirmware firmware_;
  bool eager_ = true;  // the firmware obeys at once
  int turns_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes in(data, size);
  Run(in).run();
  return 0;
}
