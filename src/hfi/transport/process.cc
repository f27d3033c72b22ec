// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's end of the transport "process": a hello packet with the session's descriptors, then one packet per buffer
// (docs/hfi.md, Transports, Process). src/hfi/host_port.cc is the other end.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/raw_syscall.h"
#include "base/shared_memory.h"
#include "hfi/transport/packet.h"
#include "hfi/transport/poll.h"
#include "hfi/transport/transport.h"

namespace softvpu::hfi {
namespace {

// Packets kept for MAP_BUFFER commands that haven't been read yet: a full house on both sides.
constexpr size_t kMaxPendingMemory = 2 * SVPU_MAX_BUFFERS;

// One descriptor per plane: of a memfd, the host's own or one that its client has brought, which has no seals; or of a dma-buf,
// an inode without a type.
class DescribedMemory final : public BufferMemory {
 public:
  DescribedMemory(uint32_t num_planes, std::array<UniqueFd, SVPU_MAX_PLANES> fd) : num_planes_(num_planes), fd_(std::move(fd)) {}

  Result<std::byte*> map(uint32_t index, const svpu_plane& plane, bool writable) override {
    if (index >= num_planes_) return fail(EINVAL, "no descriptor came for plane " + std::to_string(index));
    const UniqueFd fd = std::move(fd_[index]);
    struct stat status {};
    if (const int error = raw::fstat(fd.get(), &status); error < 0) return fail(-error, "fstat of a buffer's memory");
    const bool memfd = S_ISREG(status.st_mode) && raw::fcntl(fd.get(), F_GET_SEALS) >= 0;
    if (!memfd && (status.st_mode & S_IFMT) != 0) return fail(EINVAL, "a buffer's memory is neither a memfd nor a dma-buf");
    // Up to the end of the page in which it ends.
    const uint64_t size = status.st_size > 0 ? page_align(static_cast<size_t>(status.st_size)) : 0;
    if (plane.offset > size || plane.mapped_length > size - plane.offset)
      return fail(EINVAL, "a buffer's memory has " + std::to_string(status.st_size) + " bytes, expected at least " +
                              std::to_string(plane.mapped_length) + " from " + std::to_string(plane.offset) + " on");
    auto mapping = Mapping::map(fd.get(), plane.offset, plane.mapped_length, writable);
    if (!mapping) return Unexpected(mapping.error());
    if (index == 0) identity_ = Identity{status.st_dev, status.st_ino, plane.offset};
    mapping_[index] = std::move(*mapping);
    return mapping_[index].data();
  }
  std::optional<Identity> identity() const override { return identity_; }
  std::optional<uint32_t> num_planes() const override { return num_planes_; }
  int fd(uint32_t index) const override { return index < num_planes_ ? fd_[index].get() : -1; }

 private:
  uint32_t num_planes_;
  std::array<UniqueFd, SVPU_MAX_PLANES> fd_;
  std::array<Mapping, SVPU_MAX_PLANES> mapping_;
  std::optional<Identity> identity_;
};

class ProcessTransport final : public Transport {
 public:
  explicit ProcessTransport(UniqueFd socket) : socket_(std::move(socket)) {}
  int hangup_fd() const override { return socket_.get(); }
  Result<std::unique_ptr<BufferMemory>> take_memory(Direction direction, BufferName buffer) override;

 private:
  struct Pending {
    Direction direction = Direction::kInput;
    BufferName buffer;
    std::unique_ptr<BufferMemory> memory;
    bool is(Direction of, BufferName name) const { return direction == of && buffer == name; }
  };
  // Takes the next packet off the socket. False: there is none.
  bool read_packet();
  void accept(const svpu_transport_memory& wire, Packet packet);

  const UniqueFd socket_;
  std::vector<Pending> pending_;  // at most kMaxPendingMemory
  std::string complaint_;         // about a packet that was wrong
};

bool ProcessTransport::read_packet() {
  svpu_transport_memory wire{};
  auto packet = receive_packet(socket_.get(), std::as_writable_bytes(std::span(&wire, 1)));
  if (packet) {
    accept(wire, std::move(*packet));
    return true;
  }
  if (packet.error().code != EPROTO) return false;  // none left, or hung up
  complaint_ = packet.error().reason;
  return true;
}

void ProcessTransport::accept(const svpu_transport_memory& wire, Packet packet) {
  if (packet.size < sizeof(wire) || wire.kind != SVPU_TRANSPORT_MEMORY || wire.direction > SVPU_PARAMETERS || wire.session != 0 ||
      wire.index >= SVPU_MAX_BUFFERS || wire.generation == 0 || wire.num_planes == 0 || wire.num_planes > SVPU_MAX_PLANES ||
      packet.num_fds != wire.num_planes) {
    complaint_ = "a memory packet is malformed or doesn't have one descriptor per plane";
    return;
  }
  Pending pending{.direction = static_cast<Direction>(wire.direction),
                  .buffer = {wire.index, wire.generation},
                  .memory = std::make_unique<DescribedMemory>(wire.num_planes, std::move(packet.fd))};
  const auto same = std::find_if(pending_.begin(), pending_.end(),
                                 [&](const Pending& other) { return other.is(pending.direction, pending.buffer); });
  if (same != pending_.end()) {
    *same = std::move(pending);
    return;
  }
  if (pending_.size() == kMaxPendingMemory) pending_.erase(pending_.begin());
  pending_.push_back(std::move(pending));
}

Result<std::unique_ptr<BufferMemory>> ProcessTransport::take_memory(Direction direction, BufferName buffer) {
  // Only as far as needed: packets come in the order of the MAP_BUFFER commands, so hardly any are ever kept.
  do {
    const auto found =
        std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) { return one.is(direction, buffer); });
    if (found == pending_.end()) continue;
    auto memory = std::move(found->memory);
    pending_.erase(found);
    return memory;
  } while (read_packet());
  if (!complaint_.empty()) return fail(EPROTO, std::exchange(complaint_, {}));
  return fail(ENOENT, "no memory was sent for buffer " + std::to_string(buffer.index));
}

struct Hello {
  svpu_transport_hello wire{};
  Packet packet;
};

Result<Hello> receive_hello(int socket, Duration timeout) {
  const TimePoint end = system_clock().now() + timeout;
  while (true) {
    Hello hello;
    auto packet = receive_packet(socket, std::as_writable_bytes(std::span(&hello.wire, 1)));
    if (packet) {
      hello.packet = std::move(*packet);
      return hello;
    }
    if (packet.error().code != EAGAIN && packet.error().code != EINTR) return Unexpected(packet.error());
    const Duration left = end - system_clock().now();
    if (left <= Duration::zero()) return fail(ETIMEDOUT, "no hello packet from the host");
    pollfd wait{socket, POLLIN, 0};
    if (const int error = poll_for({&wait, 1}, left); error < 0) return fail(-error, "poll of the host's socket");
  }
}

}  // namespace

Result<Attachment> attach_process(UniqueFd socket, Duration timeout) {
  auto hello = receive_hello(socket.get(), timeout);
  if (!hello) return Unexpected(hello.error());
  const svpu_transport_hello& wire = hello->wire;
  // A hello of another major version may be shorter; of a later minor version, longer.
  if (hello->packet.size < offsetof(svpu_transport_hello, session) || wire.kind != SVPU_TRANSPORT_HELLO ||
      hello->packet.num_fds != 3)
    return fail(EPROTO, "the first packet isn't a hello with three descriptors");
  if (wire.abi_major != SVPU_ABI_MAJOR)
    return fail(EPROTONOSUPPORT, "the host speaks ABI " + std::to_string(wire.abi_major) + ", this firmware " +
                                     std::to_string(SVPU_ABI_MAJOR) + "; install matching versions");
  if (hello->packet.size < sizeof(wire)) return fail(EPROTO, "the hello packet is cut");
  if (wire.session != 0) return fail(EPROTO, "the first session of a process has the number 0");
  if (wire.region_size != SVPU_REGION_SIZE) return fail(EPROTO, "the hello packet states another region size");

  auto& fd = hello->packet.fd;
  auto region = Region::adopt(std::move(fd[0]), wire.generation);
  if (!region) return Unexpected(region.error());
  return Attachment{.transport = std::make_unique<ProcessTransport>(std::move(socket)),
                    .command_doorbell = std::move(fd[1]),
                    .message_doorbell = std::move(fd[2]),
                    .region = std::move(*region),
                    .generation = wire.generation};
}

}  // namespace softvpu::hfi
