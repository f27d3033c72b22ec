// SPDX-License-Identifier: LGPL-2.1-or-later
// A worker that gets ready as any, and then rings the host's doorbell forever, with a message of an
// unknown type now and then. Started by storming_worker_test.cc in softvpu-fw's place.
#include <dirent.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "hfi/firmware_endpoint.h"

namespace {

// The doorbell is one of them; to write to the others harms nobody.
std::vector<int> eventfds() {
  std::vector<int> found;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return found;
  while (const dirent* entry = readdir(directory)) {
    char name[64] = {};
    if (readlink((std::string("/proc/self/fd/") + entry->d_name).c_str(), name, sizeof(name) - 1) < 0) continue;
    if (std::string(name) == "anon_inode:[eventfd]") found.push_back(std::atoi(entry->d_name));
  }
  closedir(directory);
  return found;
}

}  // namespace

int main() {
  using namespace softvpu;
  using namespace softvpu::hfi;
  constexpr int kSessionFd = 3;
  auto attached = FirmwareEndpoint::attach(UniqueFd(kSessionFd), std::chrono::seconds(5));
  if (!attached) return 3;
  FirmwareEndpoint& endpoint = **attached;
  (void)endpoint.send({0, msg::Ready{1, SVPU_JAIL_SECCOMP, "storming"}});
  (void)endpoint.send({0, msg::Configured{}});
  const std::vector<int> bells = eventfds();
  const uint64_t one = 1;
  while (!endpoint.host_gone()) {
    for (int i = 0; i < 1000; ++i) {
      for (const int bell : bells) (void)!write(bell, &one, sizeof(one));
      sched_yield();  // the host wakes, so that the next ring is another one
    }
    (void)endpoint.try_send({0, Unknown{4711}});
  }
  return 0;
}
