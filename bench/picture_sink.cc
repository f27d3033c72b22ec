// SPDX-License-Identifier: LGPL-2.1-or-later
// Counting and hashing pictures: see picture_sink.h.
#include "picture_sink.h"

#include <cstdio>

extern "C" {
#include <libavutil/md5.h>
#include <libavutil/mem.h>
}

namespace softvpu::bench {

PictureSink::PictureSink(bool hash) {
  if (!hash) return;
  md5_ = av_md5_alloc();
  av_md5_init(md5_);
}

PictureSink::~PictureSink() { av_free(md5_); }

void PictureSink::take(const Picture& picture) {
  if (frames_++ == 0) first_ = Clock::now() - start_;
  for (size_t i = 0; i < 64; ++i) checksum_ = checksum_ * 31 + picture.data[0][i];
  if (md5_ == nullptr) return;
  const size_t half_width = (size_t{picture.width} + 1) / 2;
  const size_t half_height = (size_t{picture.height} + 1) / 2;
  const bool interleaved = picture.data[2] == nullptr;
  for (size_t row = 0; row < picture.height; ++row) av_md5_update(md5_, picture.data[0] + row * picture.stride[0], picture.width);
  for (size_t plane = 1; plane < (interleaved ? 2 : 3); ++plane)
    for (size_t row = 0; row < half_height; ++row)
      av_md5_update(md5_, picture.data[plane] + row * picture.stride[plane], interleaved ? 2 * half_width : half_width);
}

std::string PictureSink::md5() const {
  if (md5_ == nullptr) return {};
  uint8_t digest[16];
  av_md5_final(md5_, digest);
  std::string text;
  for (const uint8_t byte : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

}  // namespace softvpu::bench
