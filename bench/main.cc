// SPDX-License-Identifier: LGPL-2.1-or-later
// bench_decode: decodes one clip once, through the device or with libavcodec itself, and prints one line of numbers.
// bench/run starts it, in a fresh process for each number, and compares.
#include <linux/videodev2.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clip.h"
#include "direct.h"
#include "m2m_client.h"
#include "picture_sink.h"
#include "processes.h"

namespace softvpu::bench {
namespace {

struct Options {
  std::string side;  // "device" or "direct"
  std::string clip;
  std::string node = "/dev/video10";
  int threads = 1;
  uint32_t raw_fourcc = V4L2_PIX_FMT_YUV420;
  int sessions = 1;  // at a time, each in a thread
  bool warm = false;
  bool hash = false;
  int idle_seconds = 0;
};

struct Used {
  double cpu_seconds = 0;
  long voluntary = 0;
};

Used used_so_far() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_nvcsw};
}

std::string decode(const Options& options, const Clip& clip, PictureSink& sink, const std::function<void()>& before_end = {}) {
  if (options.side == "device") return decode_through_device(options.node, clip, options.raw_fourcc, sink, before_end);
  return decode_directly(clip, options.threads, options.raw_fourcc, sink, before_end);
}

int complain(const std::string& text) {
  std::fprintf(stderr, "bench: %s\n", text.c_str());
  return 1;
}

int run(const Options& options) {
  Clip clip;
  if (!load_clip(options.clip, clip)) return 1;
  if (options.warm) {
    PictureSink sink(false);
    if (const std::string error = decode(options, clip, sink); !error.empty()) return complain(error);
  }
  const uint64_t private_before = private_kib(own_processes(false));
  uint64_t private_after = 0;
  uint64_t idle_switches = 0;
  const auto look = [&] {
    const std::vector<int> pids = own_processes(options.side == "device");
    private_after = private_kib(pids);
    if (options.idle_seconds == 0) return;
    sleep(3);  // what ends a stream is over, and the watchdog has asked for the last time
    const uint64_t before = context_switches(pids);
    sleep(static_cast<unsigned>(options.idle_seconds));
    // Our own looking and sleeping isn't the session's.
    idle_switches = context_switches(pids) - before;
    idle_switches -= idle_switches > 0 ? 1 : 0;
  };

  std::vector<std::unique_ptr<PictureSink>> sinks;
  std::vector<std::string> errors(static_cast<size_t>(options.sessions));
  for (int i = 0; i < options.sessions; ++i) sinks.push_back(std::make_unique<PictureSink>(options.hash));
  const Used before = used_so_far();
  const auto start = PictureSink::Clock::now();
  if (options.sessions == 1) {
    errors[0] = decode(options, clip, *sinks[0], look);
  } else {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < sinks.size(); ++i) threads.emplace_back([&, i] { errors[i] = decode(options, clip, *sinks[i]); });
    for (std::thread& thread : threads) thread.join();
  }
  const double seconds = options.sessions == 1 ? sinks[0]->total().count()
                                               : std::chrono::duration<double>(PictureSink::Clock::now() - start).count();
  uint64_t frames = 0;
  for (size_t i = 0; i < sinks.size(); ++i) {
    if (!errors[i].empty()) return complain(options.clip + ": " + errors[i]);
    if (sinks[i]->checksum() != sinks[0]->checksum()) return complain(options.clip + ": sessions differ");
    frames += sinks[i]->frames();
  }
  std::printf(
      "codec=%s width=%u height=%u frames=%llu checksum=%016llx md5=%s seconds=%.6f first_ms=%.3f cpu_before=%.6f "
      "voluntary_before=%ld private_kib=%lld idle_switches=%llu\n",
      clip.codec.c_str(), clip.width, clip.height, static_cast<unsigned long long>(frames),
      static_cast<unsigned long long>(sinks[0]->checksum()), sinks[0]->md5().c_str(), seconds, sinks[0]->first().count() * 1e3,
      before.cpu_seconds, before.voluntary, static_cast<long long>(private_after) - static_cast<long long>(private_before),
      static_cast<unsigned long long>(idle_switches));
  return 0;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* next = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--warm") {
      options.warm = true;
    } else if (word == "--md5") {
      options.hash = true;
    } else if (word == "--nv12") {
      options.raw_fourcc = V4L2_PIX_FMT_NV12;
    } else if (word.rfind("--", 0) == 0 && next != nullptr) {
      ++i;
      if (word == "--device") {
        options.node = next;
      } else if (word == "--threads") {
        options.threads = std::atoi(next);
      } else if (word == "--sessions") {
        options.sessions = std::atoi(next);
      } else if (word == "--idle") {
        options.idle_seconds = std::atoi(next);
      } else {
        return false;
      }
    } else if (options.side.empty()) {
      options.side = word;
    } else if (options.clip.empty()) {
      options.clip = word;
    } else {
      return false;
    }
  }
  return (options.side == "device" || options.side == "direct") && !options.clip.empty() && options.threads >= 1 &&
         options.sessions >= 1 && options.sessions <= 64 && options.idle_seconds >= 0 && options.idle_seconds <= 3600;
}

}  // namespace
}  // namespace softvpu::bench

int main(int argc, char** argv) {
  softvpu::bench::Options options;
  if (!softvpu::bench::parse(argc, argv, options)) {
    std::fprintf(
        stderr,
        "usage: bench_decode direct|device CLIP [--threads N] [--nv12] [--warm] [--md5] [--sessions N] [--idle SECONDS]\n"
        "                    [--device /dev/video10]\n"
        "Prints one line of numbers about one run; \"device\" wants to be run below: softvpu run --threads N --\n"
        "--warm decodes the clip once before; --threads is libavcodec's, for \"direct\". bench/run compares.\n");
    return 2;
  }
  return softvpu::bench::run(options);
}
