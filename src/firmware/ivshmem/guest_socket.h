// SPDX-License-Identifier: LGPL-2.1-or-later
// Test support: what QEMU does on the socket of an ivshmem server. A message is eight bytes, little-endian, and a descriptor or
// none (QEMU's ivshmem-spec, "Server messages").
#pragma once
#include <endian.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <cstring>

namespace softvpu::firmware::ivshmem::testing {

struct ServerMessage {
  bool arrived = false;
  int64_t value = 0;
  int fd = -1;  // the caller's
};

// The next message. Doesn't wait with MSG_DONTWAIT in `flags`.
inline ServerMessage receive(int socket, int flags = 0) {
  uint64_t wire = 0;
  iovec data{&wire, sizeof(wire)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ServerMessage got;
  got.arrived = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC) == static_cast<ssize_t>(sizeof(wire));
  got.value = static_cast<int64_t>(le64toh(wire));
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) std::memcpy(&got.fd, CMSG_DATA(header), sizeof(got.fd));
  return got;
}

// `path` is shorter than an address of the kind may be: tests choose it.
inline sockaddr_un unix_address(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  return address;
}

inline bool connect_to(int socket, const char* path) {
  const sockaddr_un address = unix_address(path);
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace softvpu::firmware::ivshmem::testing
