// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of entering: limits, user, namespaces, root directory, capabilities, no_new_privs, landlock, seccomp. See jail.h.
#include "sandbox/jail.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/unique_fd.h"
#include "sandbox/empty_root.h"
#include "sandbox/policy.h"
#include "sandbox/sanitizers.h"

namespace softvpu::sandbox {
namespace {

constexpr uint64_t kStackLimit = uint64_t{8} << 20;
constexpr char kOomFirst[] = "1000";  // oom_score_adj: proc(5)

// Users of workers that were root's: any of these. Nobody else is in this range (systemd.io/UIDS-GIDS).
constexpr uid_t kFirstWorkerUser = 0x70000000;
constexpr uid_t kWorkerUsers = 0x0f000000;
constexpr uid_t kNobody = 65534;

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

Status set_memory_limits(const JailConfig& config, JailReport& report) {
  if (Status set = limit(RLIMIT_STACK, "RLIMIT_STACK", kStackLimit); !set) return set;
  if (config.memory_limit_bytes != 0) {
    if (Status set = limit(RLIMIT_DATA, "RLIMIT_DATA", config.memory_limit_bytes); !set) return set;
  }
  if (config.address_limit_bytes != 0) {
    if (Status set = limit(RLIMIT_AS, "RLIMIT_AS", config.address_limit_bytes); !set) return set;
  }
  report.memory_limit = config.memory_limit_bytes != 0 && config.address_limit_bytes != 0;
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
    // A write to a stderr that is a file fails with EFBIG from now on; that must not be a signal that kills.
    signal(SIGXFSZ, SIG_IGN);
    if (Status set = limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0); !set) return set;
    if (Status set = set_memory_limits(config, report); !set) return set;
  }
  if (!report.memory_limit) miss(report, "memory limit", 0);
  return {};
}

// The machine is better off without this process than without its client. Raising it takes no privilege.
void offer_to_oom_killer(JailReport& report) {
  const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  report.oom_first = file.valid() && write(file.get(), kOomFirst, sizeof(kOomFirst) - 1) > 0;
  if (!report.oom_first) miss(report, "oom_score_adj", errno);
}

Status set_capabilities(const __user_cap_data_struct (&sets)[_LINUX_CAPABILITY_U32S_3]) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (syscall(SYS_capset, &header, sets) != 0) return fail_errno("capset");
  return {};
}

bool become(uid_t user) {
  return setgroups(0, nullptr) == 0 && setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0;
}

// By chance: in a pid namespace of its own every worker has the same number.
uid_t any_worker_user() {
  uid_t random = 0;
  if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) random = static_cast<uid_t>(syscall(SYS_getpid));
  return kFirstWorkerUser + random % kWorkerUsers;
}

// RLIMIT_NPROC doesn't bind root. So root becomes a user that no other process is, but keeps its capabilities until the
// namespaces are made. A container may have no such user; then the one called nobody has to do.
Status leave_root(JailReport& report) {
  if (geteuid() != 0) return {};
  int death_signal = 0;
  (void)prctl(PR_GET_PDEATHSIG, &death_signal);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return fail_errno("capget");
  (void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  report.own_user = become(any_worker_user());
  if (!report.own_user) {
    miss(report, "user of its own", errno);
    (void)become(kNobody);
  }
  if (geteuid() == 0) return {};
  for (auto& set : sets) set.effective = set.permitted;
  if (Status set = set_capabilities(sets); !set) return set;
  // A change of the user id has cleared it.
  if (death_signal != 0) (void)prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0);
  return {};
}

// Whoever started this process may have put it into a user namespace without anybody in it.
bool in_user_namespace_of_nobody() {
  const UniqueFd file(open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC));
  char byte = 0;
  return file.valid() && read(file.get(), &byte, 1) == 0;
}

// Best effort: a container may forbid user namespaces, and a process that has threads already gets EINVAL.
void leave_namespaces(const JailConfig& config, JailReport& report) {
  report.pid_namespace = getpid() == 1;
  if (!report.pid_namespace) miss(report, "pid namespace", 0);
  if (!config.namespaces) return;
  report.user_namespace = unshare(CLONE_NEWUSER) == 0;
  const int error = errno;
  if (!report.user_namespace) report.user_namespace = in_user_namespace_of_nobody();
  if (!report.user_namespace) miss(report, "user namespace", error);
  // Root may have these without a user namespace.
  if (config.network_namespace) {
    report.network_namespace = unshare(CLONE_NEWNET) == 0;
    if (!report.network_namespace) miss(report, "network namespace", errno);
  }
  report.ipc_namespace = unshare(CLONE_NEWIPC) == 0;
  if (!report.ipc_namespace) miss(report, "ipc namespace", errno);
  report.mount_namespace = unshare(CLONE_NEWNS) == 0;
  if (!report.mount_namespace) {
    miss(report, "mount namespace", errno);
    return;
  }
  const Status emptied = enter_empty_root();
  report.empty_root = emptied.has_value();
  if (!report.empty_root) miss(report, "empty root directory", emptied.error().code);
}

// The kernel doesn't apply RLIMIT_NPROC to the machine's root, in any user namespace: asked before
// there is one.
bool is_root() { return getuid() == 0 || geteuid() == 0; }

// The kernel counts the user's threads in this user namespace: only if both or either are this process's alone, they are its own.
Status limit_threads(const JailConfig& config, bool root, JailReport& report) {
  report.thread_limit = !root && (report.own_user || report.user_namespace);
  if (!report.thread_limit) {
    miss(report, "thread limit", 0);
    return {};
  }
  return limit(RLIMIT_NPROC, "RLIMIT_NPROC", config.max_threads);
}

// All of them, also those that the new user namespace gave, and those that a program could be given once it executes another.
Status drop_capabilities(JailReport& report) {
  report.no_bounding_set = true;
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 0) continue;
    report.no_bounding_set = false;
    miss(report, "empty bounding set", errno);
    break;
  }
  return set_capabilities({});
}

Status renounce_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("PR_SET_DUMPABLE");
  return {};
}

// A second barrier after seccomp for the file system (landlock(7), Linux 5.13): every right is
// handled, none granted.
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
  if (config.moves_cpu_limit) policy.allow_moving_cpu_limit();
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
  offer_to_oom_killer(report);
  if (Status set = set_limits(config, report); !set) return Unexpected(set.error());
  if (Status left = leave_root(report); !left) return Unexpected(left.error());
  const bool root = is_root();
  leave_namespaces(config, report);
  if (Status set = limit_threads(config, root, report); !set) return Unexpected(set.error());
  if (Status dropped = drop_capabilities(report); !dropped) return Unexpected(dropped.error());
  if (Status renounced = renounce_privileges(); !renounced) return Unexpected(renounced.error());
  wall_off_files(report);
  if (Status locked = lock_system_calls(config); !locked) return Unexpected(locked.error());
  report.seccomp = true;
  return report;
}

}  // namespace softvpu::sandbox
