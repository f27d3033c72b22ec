// SPDX-License-Identifier: GPL-2.0-or-later
// libavcodec's part of the catalog, and what libavcodec and libyuv do on first use, done before the jail is shut: see library.h.
#include "firmware/libav/library.h"

#include <libyuv/cpu_id.h>

#include <mutex>

#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/decoder.h"

extern "C" {
#include <libavutil/cpu.h>
}

namespace softvpu::firmware::libav {
namespace {

Result<std::unique_ptr<Codec>> make(CodecConfig config, CodecEvents& events) {
  preload();
  const CodecRow* const row = find_row(config.coded);
  if (row == nullptr) return fail(EINVAL, "libavcodec has no row for " + to_string(config.coded));
  return LibavDecoder::create(*row, std::move(config), events);
}

}  // namespace

std::vector<CatalogEntry> decoders() {
  std::vector<CatalogEntry> all;
  for (const CodecRow& row : codec_rows()) all.push_back({row.description, make});
  return all;
}

std::string name() {
  const unsigned version = avcodec_version();
  return "libavcodec " + std::to_string(AV_VERSION_MAJOR(version)) + "." + std::to_string(AV_VERSION_MINOR(version)) + "." +
         std::to_string(AV_VERSION_MICRO(version));
}

void preload() {
  static std::once_flag once;
  std::call_once(once, [] {
    set_log_writer(nullptr);
    (void)av_get_cpu_flags();
    (void)libyuv::TestCpuFlag(libyuv::kCpuInitialized);
    // Opening and closing fills each decoder's static tables.
    for (const CodecRow& row : codec_rows()) {
      const AVCodec* codec = avcodec_find_decoder(row.id);
      if (codec == nullptr) continue;
      ContextPtr context(avcodec_alloc_context3(codec));
      if (!context) continue;
      context->thread_count = 1;
      (void)avcodec_open2(context.get(), codec, nullptr);
    }
  });
}

}  // namespace softvpu::firmware::libav

#if defined(__SANITIZE_THREAD__)
// libavcodec isn't instrumented: its own synchronisation can't be seen, so neither must its memory.
// Callbacks into this room are.
extern "C" __attribute__((weak, visibility("default"))) const char* __tsan_default_suppressions();
const char* __tsan_default_suppressions() { return "called_from_lib:libavcodec.so\ncalled_from_lib:libavutil.so\n"; }
#endif
