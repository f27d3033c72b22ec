// SPDX-License-Identifier: LGPL-2.1-or-later
// A plain stateful-decoder client by the book (dev-decoder.rst), single-threaded, over libc: what an application would write.
// Decodes a whole clip and counts frames; used by the benchmarks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "clip.h"

namespace softvpu::bench {

struct DecodeReport {
  bool ok = false;
  std::string error;  // what failed, with errno's text
  uint64_t frames = 0;
  uint64_t checksum = 0;                        // of the first bytes of each frame, so that both sides really touched them
  std::chrono::duration<double> total{};        // open to last frame
  std::chrono::duration<double> first_frame{};  // open to the first frame dequeued
  uint64_t worker_rss_kib = 0;                  // of the codec process, at the last frame; 0 when it can't be seen
};

// `raw_fourcc`: V4L2_PIX_FMT_YUV420 or V4L2_PIX_FMT_NV12.
DecodeReport decode_through_device(const std::string& node, const Clip& clip, uint32_t raw_fourcc);

}  // namespace softvpu::bench
