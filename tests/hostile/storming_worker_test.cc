// SPDX-License-Identifier: LGPL-2.1-or-later
// storming_firmware_main.cc as the worker of a session: a process that keeps its client's helper thread awake is ended.
#include "tests/hostile/firmware_bench.h"

namespace softvpu::hostile {
namespace {

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
  ASSERT_TRUE(listener->wait(std::chrono::duration_cast<std::chrono::milliseconds>(3 * kPatience),
                             [](const auto& all) { return !all.empty() && all.back().kind == Said::kFailed; }));
  EXPECT_NE(listener->all().back().reason.find("rings the doorbell for nothing"), std::string::npos)
      << listener->all().back().reason;
  EXPECT_EQ(driver.statistics().protocol_violations.load(), 1u);
}

}  // namespace
}  // namespace softvpu::hostile
