// SPDX-License-Identifier: LGPL-2.1-or-later
// What the state machines of core/ answer to a client's call, as an error. Called by roles.
#pragma once

#include "base/result.h"
#include "core/verdict.h"

namespace softvpu::v4l2 {

Status status_of(svpu_verdict verdict);

}  // namespace softvpu::v4l2
