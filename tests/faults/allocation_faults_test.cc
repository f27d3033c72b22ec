// SPDX-License-Identifier: LGPL-2.1-or-later
// malloc() fails: once at each allocation of the library in its client and of the worker, and for good from some point on. The
// client goes on or gets an error, the library doesn't end it, and once there is memory again everything works.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "tests/faults/faults.h"
#include "tests/faults/session_bench.h"

namespace softvpu::faults {
namespace {

constexpr size_t kSample = 8;  // of each test
constexpr unsigned long kForGood = 1'000'000'000;

class AnAllocation : public SessionBench {
 protected:
  // FIRST:COUNT of the library's, in the client's first session.
  Command with_library_fault(unsigned long first, unsigned long count) const {
    Command command = client();
    const char* preload = getenv("LD_PRELOAD");
    command.environment.push_back(std::string("LD_PRELOAD=") + (preload != nullptr ? preload : "") + ":" SOFTVPU_FAILING_MALLOC);
    command.environment.push_back("SOFTVPU_FAULT_MALLOC=" + std::to_string(first) + ":" + std::to_string(count) +
                                  ":/libsoftvpu-preload.so");
    command.traced = false;
    return command;
  }
  // Of the worker's, in the first one that is started.
  Command with_worker_fault(unsigned long first, unsigned long count) const {
    const std::string script = place_.file("softvpu-fw");
    const std::string mark = place_.file("begun");
    ::unlink(mark.c_str());
    std::ofstream(script) << "#!/bin/sh\nif [ ! -e " << mark << " ]; then\n  : >" << mark
                          << "\n  exec env LD_PRELOAD=" SOFTVPU_FAILING_MALLOC << " SOFTVPU_FAULT_MALLOC=" << first << ":"
                          << count << " SOFTVPU_FAULT_COUNT=" << place_.file("count")
                          << " " SOFTVPU_WORKER " \"$@\"\nfi\nexec " SOFTVPU_WORKER " \"$@\"\n";
    ::chmod(script.c_str(), 0755);
    Command command = client();
    command.environment.push_back("SOFTVPU_FW=" + script);
    command.traced = false;
    return command;
  }

  template <typename Make>
  void fail_each(unsigned long allocations, Make make) {
    const Outcome good = run(make(0, 0), std::nullopt);
    ASSERT_EQ(judge(good, good), "") << good.output;
    size_t bad = 0;
    size_t failed = 0;
    size_t tried = 0;
    const size_t wanted = points(kSample, allocations);
    for (const unsigned long count : {1ul, kForGood}) {
      for (size_t i = 0; i < wanted; ++i) {
        const unsigned long first = 1 + (2 * i + 1) * allocations / (2 * wanted);
        const Outcome outcome = run(make(first, count), std::nullopt);
        const std::string wrong = judge(outcome, good);
        ++tried;
        failed += report_of(outcome.output).session[1].starts_with("failed");
        if (wrong.empty()) continue;
        ++bad;
        ADD_FAILURE() << "allocation " << first << (count == 1 ? "" : " and all that follow") << ": " << wrong << outcome.output;
      }
    }
    std::printf("%zu faults in %lu allocations, %zu ended the session with an error, %zu were handled badly\n", tried,
                allocations, failed, bad);
  }
};

TEST_F(AnAllocation, OfTheLibraryMayFail) {
  const Outcome counted = run(with_library_fault(0, 0), std::nullopt);
  const size_t at = counted.output.find("allocations ");
  ASSERT_NE(at, std::string::npos) << counted.output;
  const unsigned long allocations = strtoul(counted.output.c_str() + at + 12, nullptr, 10);
  EXPECT_GT(allocations, 50u);
  fail_each(allocations, [this](unsigned long first, unsigned long count) { return with_library_fault(first, count); });
}

TEST_F(AnAllocation, OfTheWorkerMayFail) {
  (void)run(with_worker_fault(0, 0), std::nullopt);
  unsigned long allocations = 0;
  std::ifstream(place_.file("count"), std::ios::binary).read(reinterpret_cast<char*>(&allocations), sizeof allocations);
  EXPECT_GT(allocations, 500u);
  fail_each(allocations, [this](unsigned long first, unsigned long count) { return with_worker_fault(first, count); });
}

}  // namespace
}  // namespace softvpu::faults
