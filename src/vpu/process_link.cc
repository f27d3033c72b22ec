// SPDX-License-Identifier: LGPL-2.1-or-later
// Starting and ending a worker: see process_link.h.
#include "vpu/process_link.h"

#include <atomic>
#include <cstdlib>

#include "base/raw_syscall.h"

namespace softvpu::vpu {
namespace {

// Never 0; different for each region of this process.
uint32_t next_generation() {
  static std::atomic<uint32_t> last{0};
  uint32_t generation = 0;
  while (generation == 0) generation = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return generation;
}

// Nothing of the program's environment, LD_PRELOAD least of all, but what a person debugging the worker sets on purpose.
std::vector<std::string> worker_environment() {
  std::vector<std::string> environment{"LANG=C"};
  for (const char* name :
       {"SOFTVPU_DEBUG", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"}) {
    if (const char* value = secure_getenv(name)) environment.push_back(std::string(name) + "=" + value);
  }
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

}  // namespace

ProcessLink::ProcessLink(std::unique_ptr<hfi::HostPort> port, SpawnedWorker worker)
    : port_(std::move(port)), worker_(std::move(worker)), owner_(raw::getpid()) {}

Result<std::unique_ptr<hfi::HostLink>> ProcessLink::start(const std::string& firmware) {
  auto port = hfi::HostPort::create(next_generation());
  if (!port) return Unexpected(port.error());
  const UniqueFd socket = (*port)->take_firmware_socket();
  SpawnRequest request;
  request.path = firmware;
  request.arguments = {"softvpu-fw"};
  request.environment = worker_environment();
  request.socket = socket.get();
  request.keep_stderr = keep_stderr();
  auto worker = spawn_worker(request);
  if (!worker) return fail(errno_of_start(worker.error().code), "starting the codec worker: " + worker.error().reason);
  return std::unique_ptr<hfi::HostLink>(new ProcessLink(std::move(*port), std::move(*worker)));
}

ProcessLink::~ProcessLink() { kill(); }

void ProcessLink::kill() {
  if (raw::getpid() != owner_) return;
  raw::call(SYS_pidfd_send_signal, worker_.pidfd.get(), SIGKILL);  // ESRCH: it is dead already
}

}  // namespace softvpu::vpu
