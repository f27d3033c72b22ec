// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu doctor`: what on this machine would stop it, and how to fix that. Called by main.cc.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/softvpu/doctor_checks.h"
#include "apps/softvpu/messages.h"
#include "apps/softvpu/verbs.h"

namespace softvpu::cli {
namespace {

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      break;
  }
  return "fail";
}

void print_text(const std::vector<Check>& checks, bool usable) {
  for (const Check& check : checks) {
    fmt::print("{:4}  {}: {}\n", word(check.verdict), check.name, check.found);
    if (!check.means.empty()) fmt::print("      means: {}\n", check.means);
    if (!check.fix.empty()) fmt::print("      fix:   {}\n", check.fix);
  }
  fmt::print("{}\n",
             usable ? "usable: softvpu run -- v4l2-ctl -d /dev/video10 --all" : "not usable until every \"fail\" above is fixed");
}

void print_json(const std::vector<Check>& checks, bool usable) {
  nlohmann::ordered_json all = {{"usable", usable}, {"checks", nlohmann::ordered_json::array()}};
  for (const Check& check : checks) {
    all["checks"].push_back({{"name", check.name},
                             {"verdict", word(check.verdict)},
                             {"found", check.found},
                             {"means", check.means},
                             {"fix", check.fix}});
  }
  fmt::print("{}\n", all.dump(2));
}

}  // namespace

int verb_doctor(const DoctorOptions& options) {
  std::vector<Check> checks;
  const auto add = [&checks](std::vector<Check> more) { checks.insert(checks.end(), more.begin(), more.end()); };
  add(check_kernel());
  add(check_limits());
  add(check_parts());
  add(check_clients());
  if (!options.command.empty()) add(check_program(options.command));

  bool usable = true;
  for (const Check& check : checks) usable = usable && check.verdict != Verdict::kFail;
  if (usable) {
    add(check_end_to_end());
    for (const Check& check : checks) usable = usable && check.verdict != Verdict::kFail;
  }
  if (options.json) {
    print_json(checks, usable);
  } else {
    print_text(checks, usable);
  }
  return usable ? kExitOk : kExitFailed;
}

}  // namespace softvpu::cli
