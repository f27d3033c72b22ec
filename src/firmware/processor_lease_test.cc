// SPDX-License-Identifier: GPL-2.0-or-later
// The lease in processes of their own: what isn't renewed ends, what is goes on.
#include "firmware/processor_lease.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>

#include "firmware/last_words.h"
#include "hfi/testing/loopback_link.h"

namespace softvpu::firmware {
namespace {

using namespace std::chrono_literals;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(AProcessorLease, EndsAProcessThatDoesntRenewIt) {
  auto pair = hfi::LoopbackLink::create(1);
  ASSERT_TRUE(pair);
  EXPECT_EQ(in_child([&] {
              install_last_words(pair->firmware->endpoint());
              ProcessorLease lease(1s);
              while (processor_seconds() < 10) continue;
              return 0;
            }),
            128 + SIGXCPU);
  EXPECT_NE(pair->link->last_words().find("processor time"), std::string::npos) << pair->link->last_words();
}

TEST(AProcessorLease, IsLongerForAProcessThatDoes) {
  EXPECT_EQ(in_child([] {
              ProcessorLease lease(2s);
              while (processor_seconds() < 2.5) lease.renew();
              return 0;
            }),
            0);
}

TEST(AProcessorLease, KeepsALowerLimitThatIsThere) {
  EXPECT_EQ(in_child([] {
              const rlimit hard{5, 5};
              if (setrlimit(RLIMIT_CPU, &hard) != 0) return 1;
              ProcessorLease lease(100s);
              rlimit now{};
              return getrlimit(RLIMIT_CPU, &now) == 0 && now.rlim_cur == 5 && now.rlim_max == 5 ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace softvpu::firmware
