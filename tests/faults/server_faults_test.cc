// SPDX-License-Identifier: LGPL-2.1-or-later
// Each system call of softvpu-fw --ivshmem-socket fails once, those of its children before they execute included. The server ends
// with an error and a reason, or says why it couldn't serve a guest, and serves the next one.
#include <cstdio>

#include "tests/faults/faults.h"
#include "tests/faults/session_bench.h"

namespace softvpu::faults {
namespace {

constexpr size_t kSample = 15;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

class AServer : public SessionBench {
 protected:
  Command served() const {
    return {
        .arguments = {SOFTVPU_FAULT_GUEST, SOFTVPU_WORKER, place_.file("tmp/socket")}, .environment = {}, .who = Who::kServer};
  }

  // A line that a run without a fault doesn't print.
  static bool has_reason(const Outcome& outcome, const Outcome& good) {
    const std::vector<std::string> usual = lines_of(good.output);
    for (const std::string& line : lines_of(outcome.output)) {
      if (line.starts_with("session ") || line.starts_with("server ")) continue;
      if (std::find(usual.begin(), usual.end(), line) == usual.end()) return true;
    }
    return false;
  }

  static std::string judge_server(const Outcome& outcome, const Outcome& good) {
    if (outcome.too_long) return "it hangs:\n" + outcome.hanging;
    if (!outcome.left_over.empty()) return "processes are left over:\n" + outcome.left_over;
    const size_t at = outcome.output.find("server ");
    int signal = -1;
    int status = -1;
    if (at == std::string::npos || std::sscanf(outcome.output.c_str() + at, "server %d %d", &signal, &status) != 2)
      return "no end of the server\n";
    if (signal != 0) return "the server ends by signal " + std::to_string(signal) + "\n";
    const Report report = report_of(outcome.output);
    std::string bad;
    const bool failed = status != 0 || report.session.count(1) == 0 || report.session.at(1) != "ok";
    if (failed && !has_reason(outcome, good)) bad += "no reason in the log\n";
    if (status == 0 && (report.session.count(2) == 0 || report.session.at(2) != "ok")) bad += "the next guest isn't served\n";
    return bad;
  }
};

TEST_F(AServer, SurvivesEveryFailingCall) {
  const Outcome good = run(served(), std::nullopt);
  ASSERT_EQ(judge_server(good, good), "") << good.output;
  ASSERT_EQ(report_of(good.output).session[1], "ok") << good.output;
  if (const auto one = parse_fault(getenv("SOFTVPU_FAULT"))) {
    const Outcome outcome = run(served(), one);
    std::printf("%s: %s\n%s", name_of(*one).c_str(), outcome.where.c_str(), outcome.output.c_str());
    EXPECT_EQ(judge_server(outcome, good), "");
    return;
  }
  const std::vector<Fault> all = faults_of(good, {Who::kServer});
  EXPECT_GT(all.size(), 20u);
  size_t hit = 0;
  size_t bad = 0;
  const std::vector<Fault> chosen = sample(all, kSample);
  for (const Fault& fault : chosen) {
    const Outcome outcome = run(served(), fault);
    hit += outcome.hit;
    std::string wrong = judge_server(outcome, good);
    if (const std::string left = place_.contents("tmp"); !left.empty() && outcome.output.find("server 0 0") != std::string::npos)
      wrong += "files are left: " + left + "\n";
    ::unlink(place_.file("tmp/socket").c_str());
    if (wrong.empty()) continue;
    ++bad;
    ADD_FAILURE() << "SOFTVPU_FAULT=" << name_of(fault) << " (" << outcome.where << "): " << wrong << outcome.output;
  }
  std::printf("%zu of %zu faults tried, %zu happened, %zu were handled badly\n", chosen.size(), all.size(), hit, bad);
}

}  // namespace
}  // namespace softvpu::faults
