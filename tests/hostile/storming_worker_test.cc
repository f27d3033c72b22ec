// SPDX-License-Identifier: LGPL-2.1-or-later
// Firmware that keeps its client's helper thread awake by doorbells without a message: how many it may ring in a second, and that
// a worker process that doesn't stop (storming_firmware_main.cc) is ended.
#include "tests/hostile/firmware_bench.h"

namespace softvpu::hostile {
namespace {

// The loop is turned by hand, and time stands still unless the test moves it: each ring is a wake-up of its own, and the limit
// exact.
TEST(AStormingFirmware, MayRingForNothingTenThousandTimesASecond) {
  constexpr int kMostRings = 10'000;
  const CapabilityFile capabilities;
  EventLoop loop;
  loop.run_by_hand();
  ManualClock clock;
  auto pair = hfi::LoopbackLink::create(1);
  ASSERT_TRUE(pair);
  hfi::LoopbackFirmware& firmware = *pair->firmware;
  vpu::VpuDriver driver({.capability_file = capabilities.path(),
                         .loop = &loop,
                         .make_link = [&]() -> Result<std::unique_ptr<hfi::HostLink>> { return std::move(pair->link); },
                         .clock = &clock});
  const auto listener = std::make_shared<Listener>();
  auto opened = driver.open_session({.role = codec::Role::kDecoder, .coded = kH264}, listener);
  ASSERT_TRUE(opened) << opened.error().reason;
  ASSERT_TRUE((*opened)->start());
  ASSERT_EQ(firmware.endpoint().send({0, hfi::msg::Ready{1, SVPU_JAIL_SECCOMP, "storming"}}),
            hfi::FirmwareEndpoint::SendOutcome::kOk);
  ASSERT_EQ(firmware.endpoint().send({0, hfi::msg::Configured{}}), hfi::FirmwareEndpoint::SendOutcome::kOk);
  while (firmware.message_index().read != firmware.message_index().write) loop.turn();
  const auto ring = [&](int count) {
    for (int i = 0; i < count; ++i) {
      firmware.raw_ring();
      loop.turn();
    }
  };
  for (int second = 0; second < 3; ++second) {
    clock.advance(1s);
    ring(kMostRings / 2);
    // A message in between doesn't begin the count anew.
    ASSERT_EQ(firmware.endpoint().send({0, hfi::Unknown{4711}}), hfi::FirmwareEndpoint::SendOutcome::kOk);
    loop.turn();
    ring(kMostRings / 2);
    loop.turn();
    ASSERT_TRUE(listener->all().empty()) << listener->all().back().reason;
    ASSERT_FALSE(firmware.killed());
  }
  ring(1);
  EXPECT_TRUE(firmware.killed());
  for (int i = 0; i < 3; ++i) loop.turn();
  ASSERT_EQ(listener->all().size(), 1u);
  EXPECT_NE(listener->all().back().reason.find("rings the doorbell for nothing"), std::string::npos)
      << listener->all().back().reason;
}

TEST(AStormingWorker, IsEndedWithItsSession) {
  const CapabilityFile capabilities;
  EventLoop loop;
  // Time stands still: a machine that is too busy for that many wake-ups in a second still sees the limit kept.
  const ManualClock clock;
  vpu::VpuDriver driver(
      {.firmware = SOFTVPU_STORMING_FW, .capability_file = capabilities.path(), .loop = &loop, .clock = &clock});
  const auto listener = std::make_shared<Listener>();
  auto opened = driver.open_session({.role = codec::Role::kDecoder, .coded = kH264}, listener);
  ASSERT_TRUE(opened) << opened.error().reason;
  const Status started = (*opened)->start();
  ASSERT_TRUE(started) << started.error().reason;
  // However long so many wake-ups take on a busy machine: ctest ends a test that hangs.
  ASSERT_TRUE(listener->wait(1h, [](const auto& all) { return !all.empty() && all.back().kind == Said::kFailed; }));
  EXPECT_NE(listener->all().back().reason.find("rings the doorbell for nothing"), std::string::npos)
      << listener->all().back().reason;
  EXPECT_EQ(driver.statistics().protocol_violations.load(), 1u);
}

}  // namespace
}  // namespace softvpu::hostile
