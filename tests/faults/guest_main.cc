// SPDX-License-Identifier: LGPL-2.1-or-later
// The peer of the server's fault tests: starts softvpu-fw --ivshmem-socket, plays QEMU and its guest twice, and ends the server.
// Usage: fault-guest SOFTVPU-FW SOCKET. Faults are meant for the first guest. Prints what session_client_main.cc prints.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <softvpu/hfi.h>
#include <softvpu/ivshmem.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "firmware/ivshmem/guest_socket.h"
#include "tests/faults/marks.h"

namespace {

namespace ivshmem = softvpu::firmware::ivshmem::testing;

constexpr size_t kRegion = size_t{64} << 20;
constexpr int kSessions = 2;
constexpr int kTries = 500;  // of 10 ms

class Guest {
 public:
  ~Guest() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, kRegion);
    for (const int fd : fds_) {
      if (fd >= 0) ::close(fd);
    }
    if (socket_ >= 0) ::close(socket_);
  }
  // nullptr, or the step that failed.
  const char* run(const char* path) {
    if (!connect_to(path)) return "connect";
    for (int i = 0; i < 3 + 2 * (kSessions + 1); ++i) {
      if (!receive()) return "a message of the server";
    }
    memory_ = ::mmap(nullptr, kRegion, PROT_READ | PROT_WRITE, MAP_SHARED, fds_[2], 0);
    if (memory_ == MAP_FAILED) return "mmap of the region";
    return session();
  }

 private:
  bool connect_to(const char* path) {
    for (int i = 0; i < kTries; ++i) {
      socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (ivshmem::connect_to(socket_, path)) return true;
      ::close(socket_);
      socket_ = -1;
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(server_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0)
        return false;
      ::usleep(10'000);
    }
    return false;
  }
  bool receive() {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, 5000) != 1) return false;
    const ivshmem::ServerMessage message = ivshmem::receive(socket_, MSG_WAITALL);
    if (!message.arrived) return false;
    fds_.push_back(message.fd);
    return true;
  }
  // Opens a session in slot 0, and ends it.
  const char* session() {
    auto* base = static_cast<std::byte*>(memory_);
    const auto& header = *reinterpret_cast<const svpu_ivshmem_header*>(base);
    auto& slot = reinterpret_cast<svpu_ivshmem_slot*>(base + SVPU_IVSHMEM_SLOTS)[0];
    svpu_header region{};
    region.magic = SVPU_MAGIC;
    region.abi_major = SVPU_ABI_MAJOR;
    region.region_size = SVPU_REGION_SIZE;
    region.generation = 7;
    std::memcpy(base + header.first_slot, &region, sizeof(region));
    if (!change(slot.wanted, region.generation)) return "doorbell";
    if (!becomes(slot.serving, region.generation)) return "the beginning of a session";
    if (!change(slot.wanted, 0)) return "doorbell";
    return becomes(slot.serving, 0) ? nullptr : "the end of a session";
  }
  bool change(svpu_u32& word, uint32_t value) {
    __atomic_store_n(&word, value, __ATOMIC_RELEASE);
    const uint64_t one = 1;
    return ::write(fds_[3], &one, sizeof(one)) == static_cast<ssize_t>(sizeof(one));
  }
  static bool becomes(const svpu_u32& word, uint32_t value) {
    for (int i = 0; i < kTries; ++i) {
      if (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == value) return true;
      ::usleep(10'000);
    }
    return false;
  }

 public:
  static inline pid_t server_ = -1;

 private:
  int socket_ = -1;
  std::vector<int> fds_;
  void* memory_ = MAP_FAILED;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  softvpu::faults::mark(softvpu::faults::Mark::kBegin);
  Guest::server_ = ::fork();
  if (Guest::server_ == 0) {
    ::execl(argv[1], "softvpu-fw", "--ivshmem-socket", argv[2], "--sessions", "2", "--size", "64", nullptr);
    ::_exit(127);
  }
  for (int i = 1; i <= 2; ++i) {
    Guest guest;
    const char* failed = guest.run(argv[2]);
    if (i == 1) softvpu::faults::mark(softvpu::faults::Mark::kEnd);
    if (failed == nullptr)
      std::printf("session %d ok\n", i);
    else
      std::printf("session %d failed \"%s\" 5\n", i, failed);
  }
  ::kill(Guest::server_, SIGTERM);
  int status = 0;
  ::waitpid(Guest::server_, &status, 0);
  std::printf("server %d %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0, WEXITSTATUS(status));
  return 0;
}
