// SPDX-License-Identifier: LGPL-2.1-or-later
// A seccomp allow-list built from intents ("may make threads"), not from call numbers. Used by enter_jail(); libseccomp below.
// seccomp(2), seccomp_rule_add(3). Thread: the one that enters the jail.
#pragma once

#include <memory>

#include "base/result.h"

namespace softvpu::sandbox {

// What isn't allowed fails with EPERM, so that a test (and a confused library) sees a refusal; what no codec could ever want, and
// an intruder would (ptrace, bpf, loading modules, …), kills the process.
class PolicyBuilder {
 public:
  PolicyBuilder();
  ~PolicyBuilder();
  PolicyBuilder(const PolicyBuilder&) = delete;
  PolicyBuilder& operator=(const PolicyBuilder&) = delete;

  // read, write, close, poll on descriptors that are there.
  PolicyBuilder& allow_existing_descriptors();
  // recvmsg (it brings new descriptors), and what adopting a memfd takes: fstat, its seals, a higher CLOEXEC duplicate.
  PolicyBuilder& allow_receiving_descriptors();
  // One ioctl request, on whatever descriptor there is.
  PolicyBuilder& allow_ioctl(uint32_t request);
  // RLIMIT_CPU of itself; the hard limit can't be raised.
  PolicyBuilder& allow_moving_cpu_limit();
  // Private anonymous memory and shared mappings of descriptors, with the flags that libc uses and no others; never PROT_EXEC,
  // and nothing that RLIMIT_DATA wouldn't count: shared memory of its own making, stacks that grow, huge pages, read-only memory,
  // memory that was written to and then made unwritable.
  PolicyBuilder& allow_memory();
  // Threads (not processes) and what they synchronise with. clone3 returns ENOSYS, so that libc uses clone, whose flags can be
  // seen.
  PolicyBuilder& allow_threads();
  // Clocks (the machine's and its own, not those of other processes), sleeping, random numbers, questions about itself.
  PolicyBuilder& allow_introspection();
  // Handlers, masks, and signals to itself (abort()).
  PolicyBuilder& allow_own_signals();
  PolicyBuilder& allow_exit();
  // Kills the process for the calls no codec wants.
  PolicyBuilder& kill_on_dangerous_calls();
  // What the sanitizers' run-time adds; empty in other builds.
  PolicyBuilder& allow_sanitizers();

  // Loads it for all threads of the process, for good. Errors: the first error of an attribute or rule above; EINVAL or ENOSYS
  // where the kernel has no seccomp filters; EACCES without no_new_privs.
  Status load();

 private:
  void set(uint32_t attribute, uint32_t value, const char* name);
  void allow(int call);
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace softvpu::sandbox
