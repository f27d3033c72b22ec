// SPDX-License-Identifier: LGPL-2.1-or-later
// The sides of a codec: what a buffer is for. V4L2's queues have the opposite names, for they are named from the client's end:
// src/v4l2 alone maps between them.
#pragma once

#include <cstdint>

namespace softvpu {

// kInput: what the codec consumes. kOutput: what it produces. kParameters: memory beside the inputs of a stateless decoder; it is
// mapped, but never queued or flushed. The numbers are the wire's (enum svpu_direction).
enum class Side : uint32_t { kInput = 0, kOutput = 1, kParameters = 2 };

}  // namespace softvpu
