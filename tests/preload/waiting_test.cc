// SPDX-License-Identifier: LGPL-2.1-or-later
// Blocking ioctls under signals and thread cancellation: what v4l2-compliance does to a blocking DQBUF.
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "tests/preload/client.h"

namespace softvpu::scripted {
namespace {

struct Waiter {
  explicit Waiter(const Device& on) : device(on) { pthread_create(&thread, nullptr, &Waiter::run, this); }

  static void* run(void* self) {
    auto* me = static_cast<Waiter*>(self);
    int old = 0;
    pthread_setcanceltype(me->asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, &old);
    me->answer = ::ioctl(me->device.fd(), kWait);
    me->error = errno;
    me->returned = true;
    pthread_testcancel();
    return nullptr;
  }
  void await_sleep() const {
    while (device.counts().waiters == 0) ::usleep(1000);
    ::usleep(5000);
  }
  void* join() const {
    void* result = nullptr;
    pthread_join(thread, &result);
    return result;
  }

  const Device& device;
  pthread_t thread{};
  std::atomic<bool> asynchronous{true};
  std::atomic<int> answer{0};
  std::atomic<int> error{0};
  std::atomic<bool> returned{false};
};

TEST(AWaitingIoctl, ReturnsWhenWoken) {
  const Device device;
  const Waiter waiter(device);
  waiter.await_sleep();
  EXPECT_EQ(::ioctl(device.fd(), kWake), 0);
  EXPECT_EQ(waiter.join(), nullptr);
  EXPECT_EQ(waiter.answer, 0);
}

TEST(AWaitingIoctl, IsInterruptedByAHandlerWithoutRestart) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  const Device device;
  const Waiter waiter(device);
  waiter.await_sleep();
  pthread_kill(waiter.thread, SIGUSR1);
  EXPECT_EQ(waiter.join(), nullptr);
  EXPECT_EQ(waiter.answer, -1);
  EXPECT_EQ(waiter.error, EINTR);
}

TEST(AWaitingIoctl, GoesOnAfterAHandlerWithRestart) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
  const Device device;
  const Waiter waiter(device);
  waiter.await_sleep();
  pthread_kill(waiter.thread, SIGUSR1);
  ::usleep(20'000);
  EXPECT_FALSE(waiter.returned);
  EXPECT_EQ(::ioctl(device.fd(), kWake), 0);
  waiter.join();
  EXPECT_EQ(waiter.answer, 0);
}

TEST(AWaitingIoctl, IsEndedByAsynchronousCancellation) {
  for (int i = 0; i < 20; ++i) {
    Device device;
    const int before = device.counts().releases;
    const Waiter waiter(device);
    waiter.await_sleep();
    EXPECT_EQ(pthread_cancel(waiter.thread), 0);
    EXPECT_EQ(waiter.join(), PTHREAD_CANCELED);
    EXPECT_FALSE(waiter.returned);
    // The device is as usable as before, and nothing of the lost thread keeps it from being released.
    device.levels(kIn);
    device.close();
    const Device witness;
    EXPECT_EQ(witness.counts().releases, before + 1);
    EXPECT_EQ(witness.counts().files, 1);
  }
}

TEST(AWaitingIoctl, IsNoPointOfDeferredCancellation) {
  const Device device;
  Waiter waiter(device);
  waiter.asynchronous = false;
  waiter.await_sleep();
  pthread_cancel(waiter.thread);
  ::usleep(20'000);
  ::ioctl(device.fd(), kWake);
  waiter.join();
  SUCCEED();
}

TEST(ABusyDevice, SurvivesAsynchronousCancellationAnywhere) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "ASan's marks of a cancelled thread's frames stay on its stack, and ASan itself trips over them";
#endif
  const Device device;
  struct Job {
    int fd;
    std::atomic<bool> started{false};
  };
  for (int i = 0; i < 100; ++i) {
    pthread_t thread{};
    Job job{device.fd()};
    pthread_create(
        &thread, nullptr,
        [](void* data) -> void* {
          int old = 0;
          pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
          auto* mine = static_cast<Job*>(data);
          mine->started = true;
          while (true) {
            int bits = kIn | kOut;
            ::ioctl(mine->fd, kSetLevels, &bits);
            bits = 0;
            ::ioctl(mine->fd, kSetLevels, &bits);
          }
        },
        &job);
    while (!job.started) ::usleep(50);
    ::usleep(static_cast<useconds_t>(i * 7));
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
  }
  device.levels(kIn);  // hangs if a lock was left behind
}

TEST(ABusyDevice, SurvivesSignalsThatUseDescriptors) {
  const Device device;
  struct sigaction action {};
  action.sa_handler = [](int) {
    const int saved = errno;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::close(null);
    errno = saved;
  };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR2, &action, nullptr);
  const pthread_t self = pthread_self();
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    while (!stop) {
      pthread_kill(self, SIGUSR2);
      ::usleep(50);
    }
  });
  for (int i = 0; i < 20'000; ++i) {
    device.levels(i & 3);
    if (i % 100 == 0) const Device other;
  }
  stop = true;
  sender.join();
}

}  // namespace
}  // namespace softvpu::scripted
