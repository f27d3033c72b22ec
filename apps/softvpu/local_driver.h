// SPDX-License-Identifier: LGPL-2.1-or-later
// The lower half inside the CLI itself, for the verbs that ask it. Called by verb_list.cc and doctor_parts.cc.
#pragma once

#include <memory>

#include "base/result.h"
#include "codec/session.h"

namespace softvpu::cli {

// Errors: ENOENT when there is no codec process to start.
Result<std::unique_ptr<codec::Driver>> local_driver();

}  // namespace softvpu::cli
