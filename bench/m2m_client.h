// SPDX-License-Identifier: LGPL-2.1-or-later
// A plain stateful-decoder client by the book (dev-decoder.rst), single-threaded, over libc: what an application would write.
// Decodes a whole clip. Called by main.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "clip.h"
#include "picture_sink.h"

namespace softvpu::bench {

// `raw_fourcc`: V4L2_PIX_FMT_YUV420 or V4L2_PIX_FMT_NV12. `before_end` runs after the last picture, while the session is there
// and nothing is queued: what idle sessions cost, what they hold. Returns what failed, with errno's text; empty: nothing did.
std::string decode_through_device(const std::string& node, const Clip& clip, uint32_t raw_fourcc, PictureSink& sink,
                                  const std::function<void()>& before_end = {});

}  // namespace softvpu::bench
