// SPDX-License-Identifier: GPL-2.0-or-later
// The control words of a guest's region, written by the fuzzer between the server's looks at them, with workers that end when the
// fuzzer likes, on a clock that it moves. A slot has one worker at a time, in its own place; memory goes back only when nobody
// uses it; starts are bounded in time; the host's words say what is so.
// Links: softvpu_firmware
// Covers: src/firmware/ivshmem/guest.cc src/firmware/ivshmem/layout.h
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>

#include "firmware/ivshmem/guest.h"
#include "fuzz/bytes.h"
#include "hfi/transport/packet.h"

namespace {

using namespace softvpu;
using namespace softvpu::firmware::ivshmem;
using fuzz::Bytes;

constexpr uint64_t kRegion = uint64_t{64} << 20;
constexpr uint32_t kSlots = 3;
constexpr size_t kMostStarts = 20;  // in a second of the server's; guest.cc

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "ivshmem_fuzz: %s\n", what);
  std::abort();
}

// What the workers of all slots have in common.
struct Workers {
  Layout layout;
  ManualClock clock;
  std::deque<TimePoint> starts;
  pid_t last_process = 100;
  bool refuse = false;  // as a machine that is out of processes
};

class PlayedWorker final : public SlotWorker {
 public:
  PlayedWorker(Workers& all, uint32_t slot) : all_(all), slot_(slot) {}
  Status start(const SlotPlace& place) override {
    if (running()) complain("a second worker in a slot");
    if (place.generation == 0) complain("a worker of no session");
    const Layout& layout = all_.layout;
    if (place.region_offset != layout.slot_offset(slot_) || place.region_offset + layout.slot_size > layout.region_size)
      complain("a worker in a place that isn't its slot's");
    if (place.heap_offset < place.region_offset || place.heap_offset + place.heap_size > place.region_offset + layout.slot_size)
      complain("a heap outside of its slot");
    const TimePoint now = all_.clock.now();
    all_.starts.push_back(now);
    while (now - all_.starts.front() > std::chrono::seconds(1)) all_.starts.pop_front();
    if (all_.starts.size() > 2 * kMostStarts) complain("workers are started without end");  // two windows may touch
    if (all_.refuse) return fail(EAGAIN, "no processes left");
    process_ = ++all_.last_process;
    generation = place.generation;
    killed = ended = false;
    return {};
  }
  bool running() const override { return process_ > 0; }
  pid_t process() const override { return process_; }
  int pidfd() const override { return -1; }
  void kill() override { killed = running(); }
  bool reap() override {
    if (!running() || !ended) return false;
    process_ = 0;
    return true;
  }

  uint32_t generation = 0;
  bool killed = false;
  bool ended = false;  // by itself, or some time after it was killed

 private:
  Workers& all_;
  const uint32_t slot_;
  pid_t process_ = 0;
};

class Run {
 public:
  explicit Run(Bytes& in) : in_(in) {
    all_.layout = *Layout::make(kRegion, kSlots);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) complain("no socket");
    qemu_ = UniqueFd(ends[0]);
    const MakeSlotWorker make = [this] {
      auto worker = std::make_unique<PlayedWorker>(all_, static_cast<uint32_t>(made_));
      workers_[made_++] = worker.get();
      return worker;
    };
    auto guest = Guest::create(UniqueFd(ends[1]), all_.layout, make, "guest", all_.clock);
    if (!guest) complain(guest.error().reason.c_str());
    guest_ = std::move(*guest);
    read_greeting();
  }

  void run() {
    for (int acts = 0; acts < 300 && !in_.empty(); ++acts) act();
    for (PlayedWorker* worker : workers_) worker->ended = true;
    qemu_.reset();
    look();
    if (!guest_->over()) complain("a guest that doesn't end");
  }

 private:
  // The protocol's version, the guest's number, the memory, then bells: 8 bytes each.
  void read_greeting() {
    uint64_t word = 0;
    for (uint32_t i = 0; i < 3 + 2 * all_.layout.vectors(); ++i) {
      auto packet = hfi::receive_packet(qemu_.get(), std::as_writable_bytes(std::span(&word, 1)));
      if (!packet) complain("a greeting that isn't whole");
      if (i == 2) {
        auto mapped = Mapping::map(packet->fd[0].get(), 0, kRegion, true);
        if (!mapped) complain("the region can't be mapped");
        memory_ = std::move(*mapped);
      }
      if (i == 3) bell_ = std::move(packet->fd[0]);
    }
  }

  svpu_ivshmem_header& header() { return *reinterpret_cast<svpu_ivshmem_header*>(memory_.data()); }
  svpu_ivshmem_slot& slot(uint32_t index) {
    return reinterpret_cast<svpu_ivshmem_slot*>(memory_.data() + SVPU_IVSHMEM_SLOTS)[index];
  }
  std::byte& mark(uint32_t index) { return memory_.data()[all_.layout.slot_offset(index) + all_.layout.heap_offset]; }

  void act() {
    const uint32_t index = in_.below(kSlots);
    switch (in_.below(16)) {
      case 0:
      case 1:
        slot(index).wanted = in_.below(4);
        return;
      case 2:
        slot(index).wanted = in_.number();
        return;
      case 3:
      case 4:
        slot(index).held = in_.coin() ? in_.number() : in_.below(2);
        mark(index) = std::byte{1};
        marked_[index] = true;
        return;
      case 5:
        workers_[index]->ended = true;
        return;
      case 6:
        if (workers_[index]->killed) workers_[index]->ended = true;
        return;
      case 7:
        header().ping = in_.number();
        return;
      case 8:
        ring();
        return;
      case 9:
        scribble();
        return;
      case 10:
        all_.clock.advance(std::chrono::milliseconds(in_.byte() * 8));
        return;
      case 11:
        all_.refuse = in_.rarely(4);
        return;
      case 12:
        if (in_.rarely(16)) qemu_.reset();
        return;
      default:
        look();
    }
  }

  void ring() {
    const uint64_t one = 1;
    (void)!write(bell_.get(), &one, sizeof one);
  }

  // Anything anywhere among the words; the host's are right again where it writes them.
  void scribble() {
    std::array<std::byte, 128> bytes{};
    const size_t size = in_.take(bytes.data(), in_.below(128));
    const size_t at = in_.coin() ? in_.below(192) : SVPU_IVSHMEM_SLOTS + in_.below(255) * 2;
    std::memcpy(memory_.data() + at, bytes.data(), size);
    scribbled_ = true;
  }

  void look() {
    std::array<pid_t, kSlots> before{};
    for (uint32_t i = 0; i < kSlots; ++i) before[i] = workers_[i]->process();
    for (uint32_t rounds = 0; guest_->look() == Guest::Due::kAtOnce; ++rounds) {
      if (rounds > kSlots) complain("there is always something to do");
    }
    std::vector<pollfd> fds;
    guest_->collect(fds);
    for (uint32_t i = 0; i < kSlots; ++i) judge(i, before[i]);
    if (qemu_ && header().pong != header().ping && !scribbled_) complain("a ping without its pong");
    if (qemu_ && scribbled_) ring();  // the header is written again
    scribbled_ = false;
    header().pong = header().ping;  // what was scribbled there stays until there is another ping
    for (uint32_t i = 0; i < kSlots; ++i) slot(i).serving = workers_[i]->running() ? workers_[i]->generation : 0;
  }

  void judge(uint32_t index, pid_t before) {
    const PlayedWorker& worker = *workers_[index];
    if (!qemu_) {
      if (worker.running() && !worker.killed) complain("a worker that outlives its guest");
      return;
    }
    if (worker.running() && worker.generation != slot(index).wanted && !worker.killed) complain("a worker that nobody wants");
    const bool used = slot(index).held != 0 || (worker.running() && worker.process() == before);
    if (used && mark(index) != std::byte{1} && marked_[index]) complain("memory in use went back");
    marked_[index] = mark(index) == std::byte{1};
    if (scribbled_) return;
    if (slot(index).serving != (worker.running() ? worker.generation : 0)) complain("`serving` isn't so");
  }

  Bytes& in_;
  Workers all_;
  UniqueFd qemu_;
  UniqueFd bell_;
  Mapping memory_;
  size_t made_ = 0;
  std::array<PlayedWorker*, kSlots> workers_{};
  std::array<bool, kSlots> marked_{};
  bool scribbled_ = false;
  std::unique_ptr<Guest> guest_;  // first to go: it has the workers
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes in(data, size);
  Run(in).run();
  return 0;
}
