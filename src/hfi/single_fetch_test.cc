// SPDX-License-Identifier: LGPL-2.1-or-later
// What a peer may change at any moment is loaded once. scribble_test.cc finds a second load that changes what comes out; this
// test counts the loads, so it also finds one that doesn't (yet): the pages of the ring are inaccessible, and each access to them
// faults, is written down, and runs as a single step. x86 only: there a signal handler can ask for a single step.
#if defined(__x86_64__)

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <cstring>
#include <map>

#include "hfi/messages.h"
#include "hfi/ring.h"

namespace softvpu::hfi {
namespace {

constexpr greg_t kTrapFlag = 0x100;  // of RFLAGS: a SIGTRAP after the next instruction

// Handlers can't be given a context, so there is one watch at a time.
struct Watch {
  std::byte* from = nullptr;
  size_t size = 0;
  std::array<const std::byte*, 512> accesses{};
  size_t count = 0;
};
Watch watch;

void protect(int how) { (void)mprotect(watch.from, watch.size, how); }

void on_fault(int, siginfo_t* info, void* context) {
  auto* at = static_cast<std::byte*>(info->si_addr);
  if (at < watch.from || at >= watch.from + watch.size) {
    signal(SIGSEGV, SIG_DFL);  // a fault of the test's own: the instruction runs again and ends the program
    return;
  }
  if (watch.count < watch.accesses.size()) watch.accesses[watch.count++] = at;
  protect(PROT_READ | PROT_WRITE);
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
}

void on_step(int, siginfo_t*, void* context) {
  protect(PROT_NONE);
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
}

class ARingEnd : public testing::Test {
 protected:
#ifdef __SANITIZE_THREAD__
  void SetUp() override { GTEST_SKIP() << "TSan's runtime loads by itself what it watches"; }
#endif
  ARingEnd() {
    region_ =
        static_cast<std::byte*>(mmap(nullptr, SVPU_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    struct sigaction fault {};
    fault.sa_flags = SA_SIGINFO;
    fault.sa_sigaction = on_fault;
    sigaction(SIGSEGV, &fault, &old_fault_);
    fault.sa_sigaction = on_step;
    sigaction(SIGTRAP, &fault, &old_step_);
  }
  ~ARingEnd() override {
    sigaction(SIGSEGV, &old_fault_, nullptr);
    sigaction(SIGTRAP, &old_step_, nullptr);
    munmap(region_, SVPU_REGION_SIZE);
  }

  // How often each address from `from` on was accessed while `call` ran.
  template <typename Call>
  std::map<size_t, int> accesses(std::byte* from, size_t size, Call call) {
    watch = {.from = from, .size = size};
    protect(PROT_NONE);
    call();
    protect(PROT_READ | PROT_WRITE);
    EXPECT_LT(watch.count, watch.accesses.size());
    std::map<size_t, int> all;
    for (size_t i = 0; i < watch.count; ++i) ++all[static_cast<size_t>(watch.accesses[i] - from)];
    return all;
  }

  std::byte* region_ = nullptr;
  RingMemory memory() { return RingMemory::command(region_); }

 private:
  struct sigaction old_fault_ {};
  struct sigaction old_step_ {};
};

TEST_F(ARingEnd, LoadsEachWordOfAnEntryOnceAndNoOther) {
  RingWriter writer(memory());
  RingReader reader(memory());
  const Entry entries[] = {serialize(Command{1, cmd::Start{}}), serialize(Command{2, cmd::Configure{}}),
                           serialize(Command{3, cmd::QueueInput{}})};
  size_t slot = 0;
  for (const Entry& entry : entries) {
    ASSERT_EQ(writer.push(entry), PushOutcome::kOk);
    Entry out;
    PopOutcome popped{};
    const auto seen =
        accesses(region_ + SVPU_COMMAND_OFFSET, SVPU_COMMAND_SLOTS * SVPU_SLOT_SIZE, [&] { popped = reader.pop(out); });
    ASSERT_EQ(popped, PopOutcome::kOk);
    std::map<size_t, int> once;
    for (size_t at = 0; at < entry.header().size; at += sizeof(uint64_t)) once[slot * SVPU_SLOT_SIZE + at] = 1;
    EXPECT_EQ(seen, once) << "entry " << slot;
    ++slot;
  }
}

TEST_F(ARingEnd, LoadsThePeersIndexOnceACall) {
  RingWriter writer(memory());
  RingReader reader(memory());
  const auto index = [this](auto call) { return accesses(region_ + SVPU_COMMAND_INDEX_OFFSET, SVPU_PAGE, call); };
  ASSERT_EQ(writer.push(serialize(Command{1, cmd::Start{}})), PushOutcome::kOk);
  Entry out;
  constexpr size_t kWrite = offsetof(svpu_ring_index, write);
  constexpr size_t kRead = offsetof(svpu_ring_index, read);
  // One load of the writer's index, one store of the reader's.
  EXPECT_EQ(index([&] { (void)reader.pop(out); }), (std::map<size_t, int>{{kWrite, 1}, {kRead, 1}}));
  EXPECT_EQ(index([&] { (void)reader.pop(out); }), (std::map<size_t, int>{{kWrite, 1}}));
  // A writer with room doesn't look at all; one without looks once.
  for (uint32_t i = 1; i < SVPU_COMMAND_SLOTS; ++i) ASSERT_EQ(writer.push(serialize(Command{i, cmd::Start{}})), PushOutcome::kOk);
  EXPECT_EQ(index([&] {
              (void)writer.push(serialize(Command{1, cmd::Start{}}));
            }),
            (std::map<size_t, int>{{kRead, 1}, {kWrite, 1}}));
  EXPECT_EQ(index([&] {
              EXPECT_EQ(writer.push(serialize(Command{1, cmd::Start{}})), PushOutcome::kFull);
            }),
            (std::map<size_t, int>{{kRead, 1}}));
}

}  // namespace
}  // namespace softvpu::hfi

#endif
