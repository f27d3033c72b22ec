// SPDX-License-Identifier: GPL-2.0-or-later
// libavcodec's log callback: see log.h.
#include "firmware/libav/log.h"

#include <cstdarg>
#include <cstdio>

extern "C" {
#include <libavutil/log.h>
}

namespace softvpu::firmware::libav {
namespace {

std::atomic<LogWriter> writer{nullptr};
thread_local int quiet = 0;

void on_log(void* context, int level, const char* format, va_list args) {
  const LogWriter write = writer.load();
  if (write == nullptr || quiet > 0 || level > av_log_get_level()) return;
  char text[192];
  const AVClass* type = context != nullptr ? *static_cast<AVClass**>(context) : nullptr;
  const int used = std::snprintf(text, sizeof(text), "%s: ", type != nullptr ? type->item_name(context) : "libav");
  if (used < 0 || used >= static_cast<int>(sizeof(text))) return;
  std::vsnprintf(text + used, sizeof(text) - static_cast<size_t>(used), format, args);
  for (char* at = text; *at != '\0'; ++at) {
    if (*at == '\n') *at = '\0';
  }
  write(text);
}

}  // namespace

void set_log_writer(LogWriter write) {
  writer.store(write);
  av_log_set_level(AV_LOG_WARNING);
  av_log_set_callback(on_log);
}

QuietLog::QuietLog() { ++quiet; }
QuietLog::~QuietLog() { --quiet; }

}  // namespace softvpu::firmware::libav
