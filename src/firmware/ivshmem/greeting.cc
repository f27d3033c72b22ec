// SPDX-License-Identifier: GPL-2.0-or-later
// The ivshmem server's messages: see greeting.h. Each is eight bytes, little-endian, with at most one descriptor.
#include "firmware/ivshmem/greeting.h"

#include <endian.h>
#include <sys/socket.h>

#include <cstring>

namespace softvpu::firmware::ivshmem {
namespace {

constexpr int64_t kProtocolVersion = 0;
constexpr int64_t kMemoryFollows = -1;
constexpr int kNoDescriptor = -1;

Status send_message(int socket, int64_t value, int fd) {
  uint64_t wire = htole64(static_cast<uint64_t>(value));
  iovec data{&wire, sizeof(wire)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd != kNoDescriptor) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  }
  const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return fail_errno("greeting a guest");
  if (sent != sizeof(wire)) return fail(EAGAIN, "a guest doesn't read its greeting");
  return {};
}

}  // namespace

Status greet(int socket, int memory, std::span<const UniqueFd> server_bells, std::span<const UniqueFd> guest_bells) {
  if (const auto sent = send_message(socket, kProtocolVersion, kNoDescriptor); !sent) return sent;
  if (const auto sent = send_message(socket, kGuestPeer, kNoDescriptor); !sent) return sent;
  if (const auto sent = send_message(socket, kMemoryFollows, memory); !sent) return sent;
  for (const UniqueFd& bell : server_bells) {
    if (const auto sent = send_message(socket, kServerPeer, bell.get()); !sent) return sent;
  }
  for (const UniqueFd& bell : guest_bells) {
    if (const auto sent = send_message(socket, kGuestPeer, bell.get()); !sent) return sent;
  }
  return {};
}

}  // namespace softvpu::firmware::ivshmem
