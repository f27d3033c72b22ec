// SPDX-License-Identifier: LGPL-2.1-or-later
// The line at the end of a session counts what happened. CTest runs the sessions with SOFTVPU_DEBUG=2, too.
#include "vpu/session_counters.h"

#include <sys/wait.h>
#include <unistd.h>

#include <regex>

#include "base/log.h"
#include "base/raw_syscall.h"
#include "tests/hostile/firmware_bench.h"

namespace softvpu::hostile {
namespace {

class AnEndingSession : public FirmwareBench {
 protected:
  // An input, a frame that was decoded in place, one that was copied, and an output that comes back unused.
  void decode() {
    stream();
    const Cookie input = queue(Direction::kInput, 0);
    say(format());
    ASSERT_TRUE(wait_count(Said::kFormat, 1));
    ASSERT_TRUE(session_->resume());
    expect<hfi::cmd::Resume>();
    const std::array outputs = {queue(Direction::kOutput, 1), queue(Direction::kOutput, 2), queue(Direction::kOutput, 3)};
    say(hfi::msg::InputDone{}, static_cast<uint64_t>(input));
    say(hfi::msg::OutputDone{.bytes_used = {64}, .in_place = true}, static_cast<uint64_t>(outputs[0]));
    say(hfi::msg::OutputDone{.bytes_used = {42}}, static_cast<uint64_t>(outputs[1]));
    ASSERT_TRUE(session_->return_output());
    expect<hfi::cmd::ReturnOutput>();
    say(hfi::msg::OutputDone{.status = hfi::WireStatus::kCancelled}, static_cast<uint64_t>(outputs[2]));
    ASSERT_TRUE(wait_count(Said::kOutput, 3));
  }
  static size_t count_of(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
    return found;
  }
};

TEST_F(AnEndingSession, SaysWhatItDid) {
  testing::internal::CaptureStderr();
  decode();
  session_.reset();
  const std::string log = testing::internal::GetCapturedStderr();
  if (!log_enabled(LogLevel::kInfo)) {
    EXPECT_EQ(log, "");
    return;
  }
  std::smatch numbers;
  // CONFIGURE, START, RESUME, RETURN_OUTPUT, and two for each buffer; READY, CONFIGURED, FORMAT_CHANGED and four answers.
  ASSERT_TRUE(std::regex_search(
      log, numbers,
      std::regex("session: scripted firmware ends: 12 commands, 7 messages; doorbells: ([0-9]+) rung, ([0-9]+) received; "
                 "buffers: 1 inputs, 2 frames, at most 1 and 3 at a time; frames in place: 1, copied: 1, 42 bytes; "
                 "page faults: unknown in the worker, ([0-9]+) here\n")))
      << log;
  EXPECT_LE(std::stoul(numbers[1]), 12u + 7u);
  EXPECT_GE(std::stoul(numbers[2]), 1u);
  EXPECT_EQ(count_of(log, " ends: "), 1u) << log;
}

TEST_F(AnEndingSession, SaysItOnceWhenItFailed) {
  testing::internal::CaptureStderr();
  decode();
  say(hfi::msg::Drained{});  // unasked
  expect_violation();
  session_.reset();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(count_of(log, " ends: 12 commands, 8 messages"), log_enabled(LogLevel::kInfo) ? 1u : 0u) << log;
}

TEST(PageFaults, AreCountedAsTheKernelCountsThem) {
  const int own = static_cast<int>(raw::call(SYS_pidfd_open, getpid(), 0));
  ASSERT_GE(own, 0);
  const uint64_t before = vpu::own_page_faults();
  const auto told = vpu::page_faults_of(getpid(), own);
  ASSERT_TRUE(told);
  EXPECT_GT(before, 0u);
  EXPECT_GE(*told, before);
  EXPECT_LE(*told, vpu::own_page_faults());
  raw::close(own);
}

TEST(PageFaults, OfAProcessThatIsGoneAreUnknown) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const int pidfd = static_cast<int>(raw::call(SYS_pidfd_open, child, 0));
  ASSERT_GE(pidfd, 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(vpu::page_faults_of(child, pidfd));
  // Its number may be another's by now.
  EXPECT_FALSE(vpu::page_faults_of(getpid(), pidfd));
  raw::close(pidfd);
}

}  // namespace
}  // namespace softvpu::hostile
