// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints errors to stderr. Called by every verb.
#include "apps/softvpu/messages.h"

#include <fmt/format.h>

#include <cstdio>

namespace softvpu::cli {

int complain(const Complaint& complaint) {
  fmt::print(stderr, "softvpu: {}\n", complaint.happened);
  if (!complaint.expected.empty()) fmt::print(stderr, "  expected: {}\n", complaint.expected);
  if (!complaint.try_this.empty()) fmt::print(stderr, "  try: {}\n", complaint.try_this);
  return complaint.status;
}

}  // namespace softvpu::cli
