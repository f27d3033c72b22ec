// SPDX-License-Identifier: LGPL-2.1-or-later
// See faults.h.
#include "tests/faults/faults.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/faults/calls.h"

namespace softvpu::faults {

size_t points(size_t share, size_t all) {
  const char* asked = getenv("SOFTVPU_FAULT_POINTS");
  if (asked != nullptr) share = static_cast<size_t>(atoi(asked));
  return (asked == nullptr && getenv("SOFTVPU_SAMPLE") == nullptr) || all <= share ? all : share;
}

std::string name_of(const Fault& fault) {
  const CallRow* row = find_call(fault.call);
  return std::string(to_string(fault.who)) + ":" + (row != nullptr ? row->name : "?") + ":" + std::to_string(fault.nth) + ":" +
         std::to_string(fault.error);
}

std::optional<Fault> parse_fault(const char* text) {
  char who[32];
  char call[32];
  Fault fault;
  if (text == nullptr || std::sscanf(text, "%31[^:]:%31[^:]:%u:%d", who, call, &fault.nth, &fault.error) != 4)
    return std::nullopt;
  for (const Who one : {Who::kLauncher, Who::kClient, Who::kWorker, Who::kServer}) {
    if (std::strcmp(to_string(one), who) == 0) fault.who = one;
  }
  for (const CallRow& row : call_table()) {
    if (std::strcmp(row.name, call) != 0) continue;
    fault.call = row.number;
    fault.after = row.after;
  }
  return fault;
}

std::vector<Fault> faults_of(const Outcome& counted, std::initializer_list<Who> whose) {
  std::vector<Fault> all;
  for (const Who who : whose) {
    for (const auto& [number, count] : counted.calls[static_cast<size_t>(who)]) {
      const CallRow* row = find_call(number);
      for (unsigned nth = 1; nth <= count; ++nth) {
        for (const int error : row->errors) {
          if (error != 0) all.push_back({.who = who, .call = number, .nth = nth, .error = error, .after = row->after});
        }
      }
    }
  }
  return all;
}

std::vector<Fault> sample(const std::vector<Fault>& all, size_t share) {
  const size_t count = points(share, all.size());
  if (count == all.size()) return all;
  std::vector<Fault> some;
  for (size_t i = 0; i < count; ++i) some.push_back(all[(2 * i + 1) * all.size() / (2 * count)]);
  return some;
}

}  // namespace softvpu::faults
