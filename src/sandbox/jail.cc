// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of entering: limits, namespaces, capabilities, no_new_privs, landlock, seccomp. See jail.h.
#include "sandbox/jail.h"

#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/unique_fd.h"
#include "sandbox/policy.h"
#include "sandbox/sanitizers.h"

namespace softvpu::sandbox {
namespace {

void miss(JailReport& report, const char* what, int code) {
  if (!report.missing.empty()) report.missing += ", ";
  report.missing += std::string("no ") + what;
  if (code != 0) report.missing += std::string(" (") + strerrorname_np(code) + ")";
}

// Lowers a limit for good; a lower one that is there stays.
Status limit(__rlimit_resource resource, const char* name, uint64_t wanted) {
  rlimit now{};
  if (getrlimit(resource, &now) != 0) return fail_errno(std::string("getrlimit ") + name);
  const rlim_t value = std::min<rlim_t>(wanted, now.rlim_max);
  const rlimit lowered{value, value};
  if (setrlimit(resource, &lowered) != 0) return fail_errno(std::string("setrlimit ") + name);
  return {};
}

Status set_limits(const JailConfig& config, JailReport& report) {
  if (Status set = limit(RLIMIT_CORE, "RLIMIT_CORE", 0); !set) return set;
  if (Status set = limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", config.max_descriptors); !set) return set;
  if (Status set = limit(RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0); !set) return set;
  if (Status set = limit(RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", 0); !set) return set;
  if (config.cpu_limit.count() > 0) {
    if (Status set = limit(RLIMIT_CPU, "RLIMIT_CPU", static_cast<uint64_t>(config.cpu_limit.count())); !set) return set;
  }
  if (!kSanitized) {
    // A stderr that is a file says EFBIG from now on; that must not be a signal that kills.
    signal(SIGXFSZ, SIG_IGN);
    if (Status set = limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0); !set) return set;
    if (config.memory_limit_bytes != 0) {
      if (Status set = limit(RLIMIT_DATA, "RLIMIT_DATA", config.memory_limit_bytes); !set) return set;
      report.memory_limit = true;
    }
  }
  return {};
}

// Best effort: a container may forbid user namespaces, and a process that has threads already gets EINVAL.
void leave_namespaces(const JailConfig& config, JailReport& report) {
  if (!config.namespaces) return;
  report.user_namespace = unshare(CLONE_NEWUSER) == 0;
  if (!report.user_namespace) miss(report, "user namespace", errno);
  // Root may have these without a user namespace.
  report.network_namespace = unshare(CLONE_NEWNET) == 0;
  if (!report.network_namespace) miss(report, "network namespace", errno);
  report.ipc_namespace = unshare(CLONE_NEWIPC) == 0;
  if (!report.ipc_namespace) miss(report, "ipc namespace", errno);
  if (report.user_namespace) {
    if (Status set = limit(RLIMIT_NPROC, "RLIMIT_NPROC", config.max_threads); !set)
      miss(report, "thread limit", set.error().code);
  }
}

// All of them, also those that the new user namespace gave.
Status drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capset, &header, none) != 0) return fail_errno("capset");
  return {};
}

Status renounce_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("PR_SET_DUMPABLE");
  return {};
}

// A second wall behind seccomp for the file system (landlock(7), Linux 5.13): every right is handled, none granted.
void wall_off_files(JailReport& report) {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    miss(report, "landlock", errno);
    return;
  }
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = (uint64_t{1} << 13) - 1;           // ABI 1: EXECUTE … MAKE_SYM
  if (abi >= 2) attributes.handled_access_fs |= uint64_t{1} << 13;  // REFER
  if (abi >= 3) attributes.handled_access_fs |= uint64_t{1} << 14;  // TRUNCATE
  const UniqueFd rules(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
  report.landlock = rules.valid() && syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
  if (!report.landlock) miss(report, "landlock", errno);
}

Status lock_system_calls(const JailConfig& config) {
  PolicyBuilder policy;
  if (config.allowed_ioctl != 0) policy.allow_ioctl(config.allowed_ioctl);
  return policy.allow_existing_descriptors()
      .allow_receiving_descriptors()
      .allow_memory()
      .allow_threads()
      .allow_introspection()
      .allow_own_signals()
      .allow_exit()
      .kill_on_dangerous_calls()
      .allow_sanitizers()
      .load();
}

}  // namespace

Result<JailReport> enter_jail(const JailConfig& config) {
  JailReport report;
  if (Status set = set_limits(config, report); !set) return Unexpected(set.error());
  leave_namespaces(config, report);
  if (Status dropped = drop_capabilities(); !dropped) return Unexpected(dropped.error());
  if (Status renounced = renounce_privileges(); !renounced) return Unexpected(renounced.error());
  wall_off_files(report);
  if (Status locked = lock_system_calls(config); !locked) return Unexpected(locked.error());
  report.seccomp = true;
  return report;
}

}  // namespace softvpu::sandbox
