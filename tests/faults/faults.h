// SPDX-License-Identifier: LGPL-2.1-or-later
// All faults that a run can have, a sample of them, and their names.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tests/faults/injector.h"

namespace softvpu::faults {

// "worker:mmap:17:12": whose, which call, which of them, the errno.
std::string name_of(const Fault& fault);
// nullopt: not a fault's name, or nullptr.
std::optional<Fault> parse_fault(const char* text);
// Every fault that a run with these calls can have.
std::vector<Fault> faults_of(const Outcome& counted, std::initializer_list<Who> whose);
// As many as points() says, spread evenly.
std::vector<Fault> sample(const std::vector<Fault>& all, size_t share);
// How many points of `all` are tried: all (make test-all), or `share` (make test), or what a person asked for.
size_t points(size_t share, size_t all);

}  // namespace softvpu::faults
