// SPDX-License-Identifier: LGPL-2.1-or-later
// Starting and ending a worker: see process_link.h.
#include "vpu/process_link.h"

#include <atomic>
#include <cstdlib>

#include "base/raw_syscall.h"
#include "hfi/transport/packet.h"
#include "vpu/session_counters.h"
#include "vpu/spare_workers.h"

namespace softvpu::vpu {
namespace {

// Never 0; different for each region of this process.
uint32_t next_generation() {
  static std::atomic<uint32_t> last{0};
  uint32_t generation = 0;
  while (generation == 0) generation = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return generation;
}

// Nothing of the program's environment, LD_PRELOAD least of all. Only a sanitizer build has something to ask of it.
std::vector<std::string> worker_environment() {
  std::vector<std::string> environment;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = secure_getenv(name)) environment.push_back(std::string(name) + "=" + value);
  }
#endif
  return environment;
}

// The worker's stderr is the program's only when a person asked for it: SOFTVPU_WORKER_STDERR=1.
bool keep_stderr() {
  const char* value = secure_getenv("SOFTVPU_WORKER_STDERR");
  return value != nullptr && value[0] == '1' && value[1] == '\0';
}

// What the seam says of start(): no firmware is EIO; a shortage keeps its name.
int errno_of_start(int code) {
  switch (code) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return code;
    default:
      return EIO;
  }
}

// False when `path` is another file than the one behind `executable`, or none.
__attribute__((noinline)) bool leads_to(const std::string& path, int executable) {
  struct stat held {};
  struct stat found {};
  return raw::fstat(executable, &held) == 0 &&
         raw::call(SYS_newfstatat, AT_FDCWD, raw::address(path.c_str()), raw::address(&found), 0) == 0 &&
         held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

__attribute__((noinline)) Unexpected why_not_started(const SpawnRequest& request, const Error& error) {
  std::string reason = "starting the codec worker: " + error.reason;
  if (request.executable >= 0)
    reason +=
        ": its path doesn't lead to it any more, and what it is linked against can't be found here either; was the root "
        "directory changed after the device was opened? Start streaming before that";
  return fail(errno_of_start(error.code), std::move(reason));
}

// A frame of its own, which isn't there while the port is made: both need some of the caller's stack.
__attribute__((noinline)) Result<SpawnedWorker> start_worker(UniqueFd socket, const std::string& firmware, int executable,
                                                             std::vector<std::string> arguments) {
  SpawnRequest request;
  request.path = firmware;
  if (executable >= 0 && !leads_to(firmware, executable)) request.executable = executable;
  request.arguments = std::move(arguments);
  request.environment = worker_environment();
  request.socket = socket.get();
  request.keep_stderr = keep_stderr();
  request.own_pid_namespace = true;
  auto worker = spawn_worker(request);
  if (!worker) return why_not_started(request, worker.error());
  return worker;
}

}  // namespace

ProcessLink::ProcessLink(std::unique_ptr<hfi::HostPort> port, SpawnedWorker worker)
    : port_(std::move(port)), worker_(std::move(worker)), owner_(raw::getpid()) {}

Result<std::unique_ptr<hfi::HostLink>> ProcessLink::start(const std::string& firmware, int executable) {
  auto port = hfi::HostPort::create(next_generation());
  if (!port) return Unexpected(port.error());
  auto worker = start_worker((*port)->take_firmware_socket(), firmware, executable, {"softvpu-fw"});
  if (!worker) return Unexpected(worker.error());
  return std::unique_ptr<hfi::HostLink>(new ProcessLink(std::move(*port), std::move(*worker)));
}

Result<std::unique_ptr<hfi::HostLink>> ProcessLink::adopt(ReadyWorker worker) {
  auto port = hfi::HostPort::create_on(std::move(worker.socket), next_generation());
  if (!port) return Unexpected(port.error());
  return std::unique_ptr<hfi::HostLink>(new ProcessLink(std::move(*port), std::move(worker.process)));
}

Result<ReadyWorker> start_spare(const Firmware& firmware, bool announces) {
  ReadyWorker worker;
  UniqueFd theirs;
  if (Status made = hfi::make_packet_pair(worker.socket, theirs); !made) return Unexpected(made.error());
  std::vector<std::string> arguments = {"softvpu-fw", "--spare"};
  if (announces) arguments.emplace_back("--announce");
  auto process = start_worker(std::move(theirs), firmware.path, firmware.held(), std::move(arguments));
  if (!process) return Unexpected(process.error());
  worker.process = std::move(*process);
  return worker;
}

ProcessLink::~ProcessLink() { kill(); }

void ProcessLink::kill() {
  if (raw::getpid() != owner_) return;
  if (raw::call(SYS_pidfd_send_signal, worker_.pidfd.get(), SIGKILL) >= 0) return;
  // ESRCH: it is dead already. EPERM: this program was root when the worker began, and is now a user who may not signal the
  // worker's; or its seccomp filter refuses the call. The hang-up still ends a worker that runs our code.
  port_->hang_up();
}

std::optional<uint64_t> ProcessLink::page_faults() const { return page_faults_of(worker_.pid, worker_.pidfd.get()); }

}  // namespace softvpu::vpu
