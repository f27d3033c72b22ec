// SPDX-License-Identifier: GPL-2.0-or-later
// The worker's control plane under a hostile host: the hello packet, commands right and wrong,
// packets with descriptors of any kind, memory of other sizes than stated, scribbled rings. The
// worker is stepped by hand, so a run repeats. No crash, no hang; nothing is written beyond a
// buffer's end, and each queueing is answered once at most.
// Links: softvpu_firmware
// Covers: src/firmware/worker.cc src/firmware/buffers.cc src/firmware/raw_side.cc
// Covers: src/hfi/firmware_endpoint.cc src/hfi/transport/packet.cc src/hfi/transport/process.cc src/hfi/region.cc
#include <fcntl.h>

#include <algorithm>
#include <array>

#include "firmware/worker.h"
#include "fuzz/hostile_host.h"
#include "media/frame_layout.h"

namespace {

using namespace softvpu;
using fuzz::BufferMemory;
using fuzz::Bytes;
using fuzz::complain;
using fuzz::HostileHost;
namespace cmd = hfi::cmd;

constexpr FourCC kCodecs[] = {kH264, kHevc, kVp8, kVp9, kMpeg2};
constexpr uint32_t kBuffers = 4;  // of a side that this host uses properly
// As bitstream_fuzz.cc: larger pictures only make the fuzzer slow.
constexpr uint32_t kMostPixels = 512 * 512;

// One set for all runs: making them is most of a run's time.
struct Memories {
  std::array<BufferMemory, kBuffers> inputs;
  std::array<BufferMemory, kBuffers> outputs;
  BufferMemory any;
  UniqueFd shrinkable{memfd_create("fuzz-shrinkable", MFD_CLOEXEC)};
  UniqueFd event{eventfd(0, EFD_CLOEXEC)};
  UniqueFd null{open("/dev/null", O_RDWR | O_CLOEXEC)};
  UniqueFd read_only{open(("/proc/self/fd/" + std::to_string(any.fd())).c_str(), O_RDONLY | O_CLOEXEC)};
  Memories() {
    if (ftruncate(shrinkable.get(), BufferMemory::kSize) != 0) complain("ftruncate");
  }
};

Memories& memories() {
  static auto* const made = new Memories;
  return *made;
}

class Run {
 public:
  explicit Run(Bytes& in) : in_(in) {}

  void run() {
    auto endpoint = attach();
    if (!endpoint) return;
    firmware::Worker worker(*endpoint, {.by_hand = true});
    (void)worker.say_ready(0);
    std::optional<firmware::Worker::End> end;
    for (int acts = 0; acts < 200 && !in_.empty() && !end; ++acts) {
      act();
      if (in_.rarely(8)) continue;  // several commands at once
      end = worker.step();
      host_.read();
      if (too_large()) break;
    }
    host_.hang_up();
    for (int left = 3; !end && left > 0; --left) end = worker.step();
    if (!end) complain("the worker outlives its host");
    check_memory();
  }

 private:
  std::unique_ptr<hfi::FirmwareEndpoint> attach() {
    svpu_transport_hello hello{SVPU_TRANSPORT_HELLO, SVPU_REGION_SIZE, SVPU_ABI_MAJOR, 1};
    size_t num_fds = 3;
    const bool wrong = in_.rarely(32);
    if (wrong) {
      if (in_.coin()) in_.take(&hello, sizeof hello);
      if (in_.coin()) num_fds = in_.below(5);
      if (in_.coin()) in_.take(host_.region().data() + SVPU_HEADER_OFFSET, sizeof(svpu_header));
    }
    host_.say_hello(hello, num_fds);
    auto endpoint = hfi::FirmwareEndpoint::attach(host_.take_firmware_socket(), Duration::zero());
    if (!endpoint && !wrong) complain(endpoint.error().reason.c_str());
    return endpoint ? std::move(*endpoint) : nullptr;
  }

  bool too_large() const {
    return host_.format && uint64_t{host_.format->coded_width} * host_.format->coded_height > kMostPixels;
  }

  void act() {
    switch (in_.below(24)) {
      case 0:
        return host_.send(cmd::Configure{.coded = static_cast<uint32_t>(kCodecs[in_.below(std::size(kCodecs))]), .threads = 1});
      case 1:
        return host_.send(cmd::QueryCapabilities{});
      case 2:
        return map_properly(hfi::Direction::kInput, in_.below(kBuffers));
      case 3:
        return map_properly(hfi::Direction::kOutput, in_.below(kBuffers));
      case 4:
        return map_wrongly();
      case 5:
        return send_wrong_packet();
      case 6:
        return host_.send(cmd::UnmapBuffer{some_direction(), some_name()});
      case 7:
        return set_layout();
      case 8:
      case 9:
      case 10:
        return feed();
      case 11:
      case 12:
        return queue_output(in_.below(kBuffers));
      case 13:
        return host_.send(cmd::Start{});
      case 14:
        return host_.send(cmd::Flush{some_direction(), in_.byte()});
      case 15:
        return host_.send(cmd::Drain{});
      case 16:
        return host_.send(cmd::Resume{});
      case 17:
        return host_.send(cmd::ReturnOutput{});
      case 18:
        return host_.send(cmd::Ping{}, in_.byte());
      case 19:
        return push_bytes();
      case 20:
        return scribble();
      case 21:
        return begin_session();
      case 22:
        return set_up_outputs();
      default:
        return rare();
    }
  }

  void rare() {
    switch (in_.below(5)) {
      case 0:
        return host_.send(cmd::Abort{});
      case 1:
        return host_.send(cmd::Crash{});
      case 2:
        return host_.send(cmd::SetControl{in_.number(), static_cast<int32_t>(in_.number())});
      case 3:
        return host_.send(cmd::SetInterval{in_.number(), in_.number()});
      default:
        return queue_wrongly();
    }
  }

  hfi::Direction some_direction() { return in_.coin() ? hfi::Direction::kInput : hfi::Direction::kOutput; }
  hfi::BufferName some_name() {
    const uint32_t index = in_.rarely(16) ? in_.byte() : in_.below(kBuffers);
    return {index, in_.rarely(8) ? in_.number() : generation_};
  }

  BufferMemory& memory_of(hfi::Direction direction, uint32_t index) {
    return direction == hfi::Direction::kInput ? memories().inputs[index] : memories().outputs[index];
  }

  void map_properly(hfi::Direction direction, uint32_t index) {
    const int fd = memory_of(direction, index).fd();
    send_memory(direction, {index, generation_}, {&fd, 1});
    cmd::MapBuffer map{.direction = direction, .buffer = {index, generation_}, .num_planes = 1};
    map.plane[0] = {0, BufferMemory::kSize / 2, BufferMemory::kSize};
    host_.send(map);
  }

  void send_memory(hfi::Direction direction, hfi::BufferName name, std::span<const int> fds) {
    const svpu_transport_memory wire{.kind = SVPU_TRANSPORT_MEMORY,
                                     .direction = static_cast<uint32_t>(direction),
                                     .index = name.index,
                                     .generation = name.generation,
                                     .num_planes = static_cast<uint32_t>(fds.size())};
    host_.send_packet(std::as_bytes(std::span(&wire, 1)), fds);
  }

  int some_fd() {
    Memories& all = memories();
    const int fds[] = {all.any.fd(), all.read_only.get(), all.shrinkable.get(), all.event.get(), all.null.get()};
    return fds[in_.below(std::size(fds))];
  }

  // A MAP_BUFFER of any numbers, before it a packet that may be another's, or none.
  void map_wrongly() {
    cmd::MapBuffer map{.direction = some_direction(), .buffer = some_name(), .num_planes = in_.below(SVPU_MAX_PLANES) + 1};
    std::array<int, SVPU_MAX_PLANES> fds{};
    for (uint32_t i = 0; i < map.num_planes; ++i) {
      map.plane[i] = {in_.number() & ~uint64_t{4095}, in_.number(), in_.number()};
      if (in_.coin()) map.plane[i] = {0, 4096, 4096};
      fds[i] = some_fd();
    }
    if (!in_.rarely(4)) send_memory(map.direction, in_.rarely(4) ? some_name() : map.buffer, {fds.data(), map.num_planes});
    host_.send(map);
  }

  void send_wrong_packet() {
    std::array<std::byte, 64> bytes{};
    const size_t size = in_.below(bytes.size());
    in_.take(bytes.data(), size);
    std::array<int, SVPU_MAX_PLANES> fds{};
    const uint32_t count = in_.below(SVPU_MAX_PLANES + 1);
    for (uint32_t i = 0; i < count; ++i) fds[i] = some_fd();
    host_.send_packet({bytes.data(), size}, {fds.data(), count});
  }

  void set_layout() {
    const FourCC raws[] = {kYuv420, kNv12};
    cmd::SetLayout layout{.fourcc = static_cast<uint32_t>(raws[in_.below(2)]), .width = in_.number(), .height = in_.number()};
    layout.memory_planes = in_.rarely(4) ? in_.below(5) : 1;
    layout.components = in_.rarely(4) ? in_.below(5) : 2u + (layout.fourcc == static_cast<uint32_t>(kYuv420) ? 1u : 0u);
    for (uint32_t i = 0; i < 3; ++i) {
      layout.stride[i] = in_.number();
      layout.offset[i] = in_.number();
      layout.component_plane[i] = in_.rarely(4) ? in_.byte() : 0;
    }
    for (auto& size : layout.plane_size) size = in_.number();
    host_.send(layout);
  }

  // The next bytes of the input as a bitstream.
  void feed() {
    const uint32_t index = in_.below(kBuffers);
    BufferMemory& memory = memories().inputs[index];
    const size_t wanted = in_.byte() * 64u + in_.byte();
    const size_t size = in_.take(memory.data(), std::min(wanted, BufferMemory::kSize / 2));
    if (!host_.may_queue()) return;
    host_.queued(++cookie_, 0);
    host_.send(hfi::coded_input({index, generation_}, 0, static_cast<uint32_t>(size), cookie_), cookie_);
  }

  void queue_output(uint32_t index) {
    if (!host_.may_queue()) return;
    host_.queued(++cookie_, BufferMemory::kSize / 2);
    host_.send(cmd::QueueOutput{{index, generation_}}, cookie_);
  }

  void queue_wrongly() {
    if (!host_.may_queue()) return;
    host_.queued(++cookie_, SIZE_MAX);
    if (in_.coin())
      host_.send(hfi::coded_input(some_name(), in_.number(), in_.number(), cookie_), cookie_);
    else
      host_.send(cmd::QueueOutput{some_name()}, cookie_);
  }

  // An entry of arbitrary bytes after a header that may be valid.
  void push_bytes() {
    hfi::Entry entry;
    in_.take(entry.bytes, in_.byte() + 1u);
    svpu_entry head = entry.header();
    head.type = static_cast<uint16_t>(in_.below(20));
    if (in_.coin()) head.size = in_.byte();
    // What it queues, if it queues something, is answered by a cookie that may be in use.
    if (head.type == SVPU_CMD_QUEUE_INPUT || head.type == SVPU_CMD_QUEUE_OUTPUT) host_.scribbled = true;
    entry.set_header(head);
    host_.push(entry);
  }

  void scribble() {
    host_.scribbled = true;
    switch (in_.below(4)) {
      case 0: {
        hfi::Entry entry;
        in_.take(entry.bytes, in_.byte() + 1u);
        return host_.write_slot(in_.byte(), entry);
      }
      case 1:
        host_.region().commands().index->write += in_.byte();
        return;
      case 2:
        host_.region().messages().index->read += in_.byte();
        return;
      default:
        in_.take(host_.region().commands().index, sizeof(svpu_ring_index));
    }
  }

  // Everything up to the first input, as a good host does it.
  void begin_session() {
    host_.send(cmd::Configure{.coded = static_cast<uint32_t>(kCodecs[in_.below(std::size(kCodecs))]), .threads = 1});
    for (uint32_t i = 0; i < kBuffers; ++i) map_properly(hfi::Direction::kInput, i);
    host_.send(cmd::Start{});
  }

  // The answer to FORMAT_CHANGED of a good host.
  void set_up_outputs() {
    if (!host_.format) return;
    const auto made = layout_for(in_.coin() ? kNv12 : kYuv420, {host_.format->coded_width, host_.format->coded_height});
    if (!made) return;
    cmd::SetLayout layout{.fourcc = static_cast<uint32_t>(made->fourcc), .width = made->size.width, .height = made->size.height};
    layout.memory_planes = made->memory_planes;
    layout.components = made->components;
    layout.stride = made->stride;
    layout.offset = made->offset;
    layout.component_plane = made->component_plane;
    layout.plane_size = made->plane_size;
    host_.send(layout);
    for (uint32_t i = 0; i < kBuffers; ++i) {
      map_properly(hfi::Direction::kOutput, i);
      queue_output(i);
    }
    host_.send(cmd::Resume{});
  }

  static void check_memory() {
    for (const BufferMemory& memory : memories().outputs) memory.check_guard();
  }

  Bytes& in_;
  HostileHost host_;
  uint32_t generation_ = 1;
  uint64_t cookie_ = 1000;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes in(data, size);
  for (BufferMemory& memory : memories().inputs) std::memset(memory.data(), 0, BufferMemory::kSize);
  for (BufferMemory& memory : memories().outputs) memory.guard(BufferMemory::kSize / 2);
  Run(in).run();
  return 0;
}
