// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions of many users, and workers that don't end by themselves. Socket pairs play the module's descriptors, small processes
// the workers.
#include "firmware/device/session_keeper.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

namespace softvpu::firmware::device {
namespace {

using namespace std::chrono_literals;

constexpr User kAlice{1000};
constexpr User kBob{1001};

TEST(SessionLimits, AreEachUsersAndEverybodys) {
  SessionLimits limits({.sessions = 3, .sessions_of_user = 2});
  EXPECT_TRUE(limits.enter(kAlice));
  EXPECT_TRUE(limits.enter(kAlice));
  EXPECT_FALSE(limits.enter(kAlice));
  EXPECT_TRUE(limits.enter(kBob));
  EXPECT_FALSE(limits.enter(kBob));
  EXPECT_FALSE(limits.enter(User{}));
  limits.leave(kAlice);
  EXPECT_TRUE(limits.enter(User{}));
}

TEST(SessionLimits, OfStartsAreRates) {
  SessionLimits limits({.starts = 3, .starts_of_user = 2});
  const TimePoint begin{5s};
  EXPECT_TRUE(limits.start(kAlice, begin));
  EXPECT_TRUE(limits.start(kAlice, begin + 900ms));
  EXPECT_FALSE(limits.start(kAlice, begin + 950ms));
  EXPECT_TRUE(limits.start(kBob, begin + 950ms));
  EXPECT_FALSE(limits.start(kBob, begin + 960ms));
  EXPECT_TRUE(limits.start(kAlice, begin + 1s));
  EXPECT_TRUE(limits.start(kBob, begin + 1s));
}

class ASessionKeeper : public testing::Test {
 protected:
  // A session of the module's; the host's end of it.
  UniqueFd take(SessionKeeper& keeper, User user = kAlice) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    keeper.take(UniqueFd(ends[1]), ++generation_, user);
    return UniqueFd(ends[0]);
  }
  // The host's view: has the firmware closed the session's last descriptor?
  static bool lost(const UniqueFd& host) {
    pollfd entry{host.get(), 0, 0};
    return poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
  }
  // Runs it until `done`, by the machine's clock. False: not within five seconds.
  template <typename Done>
  static bool until(SessionKeeper& keeper, Done done) {
    const TimePoint end = system_clock().now() + 5s;
    while (system_clock().now() < end) {
      const int timeout = keeper.look(system_clock().now());
      if (done()) return true;
      std::vector<pollfd> fds;
      keeper.collect(fds);
      (void)poll(fds.data(), fds.size(), timeout < 0 ? 50 : std::min(timeout, 50));
    }
    return false;
  }
  // A worker has nothing of the server's, the hosts' ends in these tests least of all.
  static void close_all_but(int session) {
    for (int fd = 3; fd < 1024; ++fd) {
      if (fd != session) close(fd);
    }
  }
  // Of a worker that obeys, and one that doesn't. Both hold the session, as workers do.
  SessionKeeper::Start good() {
    return [](int session, uint32_t) {
      return sandbox::start_child([session] {
        close_all_but(session);
        pollfd wait{session, 0, 0};
        poll(&wait, 1, -1);
        return 0;
      });
    };
  }
  SessionKeeper::Start captured() {
    return [](int session, uint32_t) {
      return sandbox::start_child([session] {
        close_all_but(session);
        for (;;) pause();
        return 0;
      });
    };
  }
  static SessionKeeper::Log quiet() {
    return [](const std::string&) {};
  }

  uint32_t generation_ = 0;
};

TEST_F(ASessionKeeper, EndsASessionWithItsWorker) {
  SessionKeeper keeper([](int, uint32_t) { return sandbox::start_child([] { return 0; }); }, quiet());
  const UniqueFd host = take(keeper);
  EXPECT_FALSE(lost(host));
  EXPECT_TRUE(until(keeper, [&] { return lost(host); }));
  EXPECT_EQ(keeper.sessions(), 0u);
}

TEST_F(ASessionKeeper, LetsAWorkerEndByItself) {
  SessionKeeper keeper(good(), quiet());
  UniqueFd host = take(keeper);
  (void)keeper.look(system_clock().now());
  host.reset();
  const TimePoint before = system_clock().now();
  EXPECT_TRUE(until(keeper, [&] { return keeper.sessions() == 0; }));
  EXPECT_LT(system_clock().now() - before, SessionKeeper::kGrace);
}

TEST_F(ASessionKeeper, KillsWhatOutlivesItsSession) {
  SessionKeeper keeper(captured(), quiet());
  UniqueFd host = take(keeper);
  const UniqueFd other = take(keeper);
  (void)keeper.look(system_clock().now());
  host.reset();
  const TimePoint before = system_clock().now();
  EXPECT_TRUE(until(keeper, [&] { return keeper.sessions() == 1; }));
  const Duration took = system_clock().now() - before;
  EXPECT_GE(took, SessionKeeper::kGrace);
  EXPECT_FALSE(lost(other));
}

TEST_F(ASessionKeeper, DoesntSpinWhileItWaitsForAWorkersEnd) {
  SessionKeeper keeper(captured(), quiet());
  UniqueFd host = take(keeper);
  (void)keeper.look(system_clock().now());
  host.reset();
  int timeout = -1;
  EXPECT_TRUE(until(keeper, [&] { return (timeout = keeper.look(system_clock().now())) >= 0; }));
  EXPECT_GT(timeout, 500);
  std::vector<pollfd> fds;
  keeper.collect(fds);
  EXPECT_EQ(poll(fds.data(), fds.size(), 0), 0);
}

TEST_F(ASessionKeeper, RefusesOneSessionTooManyOfAUserAndServesOthers) {
  SessionKeeper keeper(good(), quiet(), {.sessions = 4, .sessions_of_user = 2});
  const UniqueFd first = take(keeper, kAlice);
  const UniqueFd second = take(keeper, kAlice);
  const UniqueFd third = take(keeper, kAlice);
  const UniqueFd bobs = take(keeper, kBob);
  EXPECT_TRUE(lost(third));
  EXPECT_FALSE(lost(first) || lost(second) || lost(bobs));
}

TEST_F(ASessionKeeper, MakesAUserWhoStartsTooMuchWaitAndNobodyElse) {
  std::map<uint32_t, int> started;
  const auto counting = [&](int session, uint32_t generation) {
    ++started[generation];
    return good()(session, generation);
  };
  SessionKeeper keeper(counting, quiet(), {.starts_of_user = 2});
  std::vector<UniqueFd> hosts;
  for (int i = 0; i < 4; ++i) hosts.push_back(take(keeper, kAlice));
  hosts.push_back(take(keeper, kBob));
  const TimePoint begin{10s};
  EXPECT_GT(keeper.look(begin), 0);
  EXPECT_EQ(started, (std::map<uint32_t, int>{{1, 1}, {2, 1}, {5, 1}}));
  // One that is given up before its turn is never started. (A close isn't enough: a worker that was just made still has a copy.)
  ASSERT_EQ(shutdown(hosts[2].get(), SHUT_RDWR), 0);
  EXPECT_EQ(keeper.look(begin + 1s), -1);
  EXPECT_EQ(started, (std::map<uint32_t, int>{{1, 1}, {2, 1}, {4, 1}, {5, 1}}));
}

TEST_F(ASessionKeeper, TakesItsWorkersWithIt) {
  pid_t worker = -1;
  {
    SessionKeeper keeper(
        [&](int, uint32_t) {
          auto child = sandbox::start_child([] {
            for (;;) pause();
            return 0;
          });
          if (child) worker = child->pid;
          return child;
        },
        quiet());
    const UniqueFd host = take(keeper);
    (void)keeper.look(system_clock().now());
    ASSERT_GT(worker, 0);
    EXPECT_EQ(kill(worker, 0), 0);
  }
  EXPECT_EQ(kill(worker, 0), -1);
}

}  // namespace
}  // namespace softvpu::firmware::device
