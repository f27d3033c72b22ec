// SPDX-License-Identifier: LGPL-2.1-or-later
// The other side of the comparison: libavcodec called in the program itself, with its own pictures. Called by main.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "clip.h"
#include "picture_sink.h"

namespace softvpu::bench {

// Decodes all of `clip` with `threads` of libavcodec's threads. V4L2_PIX_FMT_NV12: each picture is converted besides, by the same
// function as the device's. `before_end`: as decode_through_device(). Returns what failed; empty: nothing did.
std::string decode_directly(const Clip& clip, int threads, uint32_t raw_fourcc, PictureSink& sink,
                            const std::function<void()>& before_end = {});

}  // namespace softvpu::bench
