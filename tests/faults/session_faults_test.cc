// SPDX-License-Identifier: LGPL-2.1-or-later
// Each system call of a session fails once: of the library in its client, of the codec worker, of the launcher.
//
// SOFTVPU_SAMPLE (make test): that many points, spread evenly. SOFTVPU_FAULT=worker:mmap:17:12 runs
// that one and prints what happened; SOFTVPU_FAULT_POINTS=200 tries that many points of each test.
#include <cstdio>

#include "tests/faults/faults.h"
#include "tests/faults/session_bench.h"

namespace softvpu::faults {
namespace {

constexpr size_t kSample = 60;  // in all tests here together, about

class ASession : public SessionBench {
 protected:
  // Runs them all, and reports what is wrong with each.
  void walk(const Command& command, const std::vector<Fault>& faults, const Outcome& good, size_t all) {
    size_t hit = 0;
    size_t bad = 0;
    size_t failed = 0;
    for (const Fault& fault : faults) {
      const Outcome outcome = run(command, fault);
      hit += outcome.hit;
      std::string wrong = judge(outcome, good);
      if (const std::string left = place_.contents("tmp"); !left.empty()) {
        wrong += "files are left: " + left + "\n";
        std::filesystem::remove_all(place_.file("tmp"));
        std::filesystem::create_directory(place_.file("tmp"));
      }
      failed += report_of(outcome.output).session[1].starts_with("failed");
      if (wrong.empty()) continue;
      ++bad;
      ADD_FAILURE() << "SOFTVPU_FAULT=" << name_of(fault) << " (" << outcome.where << "): " << wrong
                    << (getenv("SOFTVPU_FAULT_QUIET") != nullptr ? "" : outcome.output);
    }
    std::printf("%zu of %zu faults tried, %zu happened, %zu ended the session with an error, %zu were handled badly\n",
                faults.size(), all, hit, failed, bad);
  }

  void try_all(const Command& command, std::initializer_list<Who> whose, size_t share) {
    const Outcome good = run(command, std::nullopt);
    ASSERT_EQ(judge(good, good), "") << good.output;
    ASSERT_TRUE(report_of(good.output).session[1].starts_with("ok " + std::to_string(kFrames) + " ")) << good.output;
    if (const auto one = parse_fault(getenv("SOFTVPU_FAULT"))) {
      const Outcome outcome = run(command, one);
      std::printf("%s: %s\n%s", name_of(*one).c_str(), outcome.where.c_str(), outcome.output.c_str());
      EXPECT_EQ(judge(outcome, good), "");
      return;
    }
    const std::vector<Fault> all = faults_of(good, whose);
    EXPECT_GT(all.size(), 20u);
    walk(command, sample(all, share), good, all.size());
  }
};

TEST_F(ASession, SurvivesEveryFailingCallOfTheLibrary) { try_all(client(), {Who::kClient}, kSample / 2); }

TEST_F(ASession, SurvivesEveryFailingCallOfItsWorker) { try_all(client(), {Who::kWorker}, kSample / 4); }

TEST_F(ASession, SurvivesEveryFailingCallOfTheLauncher) { try_all(launched(), {Who::kLauncher}, kSample / 4); }

}  // namespace
}  // namespace softvpu::faults
