// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers and /proc of a traced thread: see tracee.h.
#include "tests/faults/tracee.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

namespace softvpu::faults {
namespace {

#if defined(__aarch64__)
using Registers = user_regs_struct;
constexpr int kSystemCall = 0x404;  // NT_ARM_SYSTEM_CALL
#else
using Registers = user_regs_struct;
#endif

void change(pid_t tid, void (*edit)(Registers&, long), long value) {
  Registers registers{};
  iovec all{&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &all) != 0) return;
  edit(registers, value);
  ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &all);
}

std::string program_of(pid_t tid) {
  char path[4096];
  const ssize_t size = readlink(("/proc/" + std::to_string(tid) + "/exe").c_str(), path, sizeof path);
  const std::string text(path, size > 0 ? static_cast<size_t>(size) : 0);
  return text.substr(text.rfind('/') + 1);
}

}  // namespace

CallInfo call_of(pid_t tid) {
  __ptrace_syscall_info info{};
  CallInfo call;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) <= 0) return call;
  call.entering = info.op == PTRACE_SYSCALL_INFO_ENTRY;
  if (!call.entering) return call;
  call.number = static_cast<long>(info.entry.nr);
  for (int i = 0; i < 6; ++i) call.argument[i] = static_cast<long>(info.entry.args[i]);
  return call;
}

void skip_call(pid_t tid, const CallInfo& call) {
#if defined(__x86_64__)
  if (call.number == SYS_brk)
    return change(
        tid, [](Registers& r, long) { r.rdi = 0; }, 0);
  change(
      tid, [](Registers& r, long) { r.orig_rax = ~0ull; }, 0);
#elif defined(__aarch64__)
  if (call.number == SYS_brk)
    return change(
        tid, [](Registers& r, long) { r.regs[0] = 0; }, 0);
  int none = -1;
  iovec number{&none, sizeof none};
  ptrace(PTRACE_SETREGSET, tid, kSystemCall, &number);
#endif
}

void fail_call(pid_t tid, const CallInfo& call, int error) {
  const long result = -error;
#if defined(__x86_64__)
  if (call.number == SYS_brk)
    return change(
        tid, [](Registers& r, long value) { r.rdi = static_cast<unsigned long long>(value); }, call.argument[0]);
  change(
      tid, [](Registers& r, long value) { r.rax = static_cast<unsigned long long>(value); }, result);
#elif defined(__aarch64__)
  if (call.number == SYS_brk) return;  // one register for both
  change(
      tid, [](Registers& r, long value) { r.regs[0] = static_cast<unsigned long long>(value); }, result);
#endif
}

Who who_is(pid_t tid, Who usual) {
  const std::string program = program_of(tid);
  if (program == "softvpu") return Who::kLauncher;
  if (program == "fault-client" || program == "fault-guest") return Who::kClient;
  if (program != "softvpu-fw") return Who::kOther;
  if (usual != Who::kServer) return Who::kWorker;
  // The server's workers are its own file with other arguments.
  std::ifstream in("/proc/" + std::to_string(tid) + "/cmdline");
  std::string line;
  std::getline(in, line);
  return line.find("--ivshmem-socket") != std::string::npos ? Who::kServer : Who::kWorker;
}

std::string describe(pid_t tid, const CallInfo& call) {
  char text[256];
  std::snprintf(text, sizeof text, "call %ld(%#lx, %#lx, %#lx, %#lx) of thread %d", call.number,
                static_cast<unsigned long>(call.argument[0]), static_cast<unsigned long>(call.argument[1]),
                static_cast<unsigned long>(call.argument[2]), static_cast<unsigned long>(call.argument[3]), tid);
  return text;
}

}  // namespace softvpu::faults
