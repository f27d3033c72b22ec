// SPDX-License-Identifier: LGPL-2.1-or-later
// sendmsg(2) and recvmsg(2) with SCM_RIGHTS: see packet.h.
#include "hfi/transport/packet.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/raw_syscall.h"

namespace softvpu::hfi {
namespace {

// Room for more descriptors than are ever legal, so that a peer's surplus is received and closed instead of leaked.
constexpr size_t kControlFds = 16;

}  // namespace

Status make_packet_pair(UniqueFd& a, UniqueFd& b) {
  int ends[2] = {-1, -1};
  const library_fds::Birth birth;
  const long error = raw::call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, raw::address(ends));
  if (error < 0) return fail(static_cast<int>(-error), "socketpair");
  a = raise_fd(UniqueFd(ends[0]));
  b = raise_fd(UniqueFd(ends[1]));
  return {};
}

Status send_packet(int socket, std::span<const std::byte> data, std::span<const int> fds) {
  if (fds.size() > SVPU_MAX_PLANES) return fail(EINVAL, "more descriptors than a packet carries");
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(SVPU_MAX_PLANES * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  const long sent = raw::call(SYS_sendmsg, socket, raw::address(&header), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return {};
  // ETOOMANYREFS: this user has as many descriptors in flight as may be open; the peer's receiving frees them.
  const int code = sent == -ETOOMANYREFS || sent == -ENOBUFS ? EAGAIN : static_cast<int>(-sent);
  return fail(code, "sendmsg to the firmware's socket");
}

Result<Packet> receive_packet(int socket, std::span<std::byte> data) {
  iovec part{data.data(), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kControlFds * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const long got = raw::call(SYS_recvmsg, socket, raw::address(&header), MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
  if (got < 0) return fail(static_cast<int>(-got), "recvmsg");

  Packet packet;
  packet.size = static_cast<size_t>(got);
  bool surplus = (header.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      UniqueFd fd(number);
      if (packet.num_fds == packet.fd.size()) {
        surplus = true;
        continue;
      }
      packet.fd[packet.num_fds++] = std::move(fd);
    }
  }
  if (surplus) return fail(EPROTO, "a packet carried more descriptors than a buffer has planes");
  // Every packet of the protocol has bytes: 0 is the end of the stream.
  if (packet.size == 0) return fail(ECONNRESET, "the peer closed its socket");
  return packet;
}

}  // namespace softvpu::hfi
