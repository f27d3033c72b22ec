// SPDX-License-Identifier: LGPL-2.1-or-later
// What the fault tests share: a client, what it prints, and what is wrong with a run. Whatever fails, the client ends by itself
// with right frames or an error, the reason is in the log, the next session works, and nothing is left.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "tests/contract/encode.h"
#include "tests/faults/injector.h"

namespace softvpu::faults {

inline constexpr uint32_t kFrames = 6;

// A folder of our own, in which everything that a run leaves behind is seen.
class Place {
 public:
  Place() {
    if (mkdtemp(path_) == nullptr) std::abort();
  }
  ~Place() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  std::string file(const std::string& name) const { return std::string(path_) + "/" + name; }
  std::string path() const { return path_; }
  // Names of all that is below `name`.
  std::string contents(const std::string& name) const {
    std::string all;
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(file(name), error)) all += entry.path().string() + " ";
    return all;
  }

 private:
  char path_[40] = "/tmp/softvpu-faults.XXXXXX";
};

inline void write_clip(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  for (const auto& chunk : tests::encode("mpeg2video", {128, 96}, kFrames)) {
    const auto size = static_cast<uint32_t>(chunk.size());
    out.write(reinterpret_cast<const char*>(&size), sizeof size);
    out.write(reinterpret_cast<const char*>(chunk.data()), static_cast<std::streamsize>(chunk.size()));
  }
}

// What the client printed.
struct Report {
  std::map<int, std::string> session;  // "ok 6 …" or "failed …"
  std::string holds;
};

inline Report report_of(const std::string& output) {
  Report report;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex("session (\\d) (.*)"))) report.session[std::stoi(match[1])] = match[2];
    if (line.starts_with("holds ")) report.holds = line;
  }
  return report;
}

class SessionBench : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = why_not(); !reason.empty()) GTEST_SKIP() << reason;
    write_clip(place_.file("clip"));
    std::filesystem::create_directory(place_.file("tmp"));
    for (const char* name : {"TMPDIR", "XDG_RUNTIME_DIR", "HOME"})
      environment_.push_back(std::string(name) + "=" + place_.file("tmp"));
  }

  Command client(int sessions = 2) const {
    return {.arguments = {SOFTVPU_FAULT_CLIENT, place_.file("clip"), std::to_string(sessions)},
            .environment = without_ready_worker()};
  }
  // The run around this test has a worker ready, which nobody traces.
  std::vector<std::string> without_ready_worker() const {
    std::vector<std::string> all = environment_;
    all.emplace_back("SOFTVPU_WORKERS=");
    return all;
  }
  Command launched(int sessions = 1) const {
    return {.arguments = {SOFTVPU_CLI, "run", "--", SOFTVPU_FAULT_CLIENT, place_.file("clip"), std::to_string(sessions)},
            .environment = environment_,
            .who = Who::kLauncher,
            .whole = true};
  }

  // Descriptors, mappings, threads. What the library can do without may be missing.
  static bool holds_no_more(const std::string& now, const std::string& usual) {
    int a[3] = {};
    int b[3] = {};
    if (usual.empty()) return true;
    return std::sscanf(now.c_str(), "holds %d %d %d", a, a + 1, a + 2) == 3 &&
           std::sscanf(usual.c_str(), "holds %d %d %d", b, b + 1, b + 2) == 3 && a[0] <= b[0] && a[1] <= b[1] && a[2] <= b[2];
  }

  // What is wrong with a run; empty: nothing.
  static std::string judge(const Outcome& outcome, const Outcome& good) {
    std::string bad;
    if (outcome.too_long) bad += "it hangs:\n" + outcome.hanging;
    if (!outcome.left_over.empty()) bad += "processes are left over:\n" + outcome.left_over;
    if (!bad.empty()) return bad;
    if (WIFSIGNALED(outcome.status)) return "the client ends by signal " + std::to_string(WTERMSIG(outcome.status)) + "\n";
    const Report report = report_of(outcome.output);
    const Report expected = report_of(good.output);
    const auto first = report.session.find(1);
    if (first == report.session.end()) {
      const bool refused = WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) != 0 && !outcome.output.empty();
      return refused && expected.session.size() == 1 ? "" : "the client says nothing\n";  // the launcher's own failure
    }
    if (first->second != expected.session.at(1)) {
      if (first->second.starts_with("ok")) bad += "the frames are wrong: " + first->second + "\n";
      if (first->second.find(" 62") != std::string::npos) bad += "the client waits in vain: " + first->second + "\n";
      if (outcome.output.find("softvpu[") == std::string::npos) bad += "no reason in the log\n";
    }
    if (expected.session.contains(2) && (!report.session.contains(2) || report.session.at(2) != expected.session.at(2)))
      bad += "the next session doesn't work: " + (report.session.contains(2) ? report.session.at(2) : "") + "\n";
    if (!holds_no_more(report.holds, expected.holds)) bad += report.holds + ", without a fault it " + expected.holds + "\n";
    return bad;
  }

  const Place place_;
  // Level 2 says which ioctl failed and why a session ended.
  std::vector<std::string> environment_ = {"SOFTVPU_DEBUG=2", "SOFTVPU_WATCHDOG_MS=1000"};
};

}  // namespace softvpu::faults
