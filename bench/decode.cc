// SPDX-License-Identifier: LGPL-2.1-or-later
// bench_decode: throughput through the device against libavcodec called directly with the same number of threads, pair by pair in
// one process, per clip; plus open-to-first-frame time and the codec process's memory. Run it below `softvpu run --threads N`.
#include <linux/videodev2.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "clip.h"
#include "m2m_client.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace softvpu::bench {
namespace {

using Seconds = std::chrono::duration<double>;

struct DirectReport {
  uint64_t frames = 0;
  uint64_t checksum = 0;
  Seconds total{};
  Seconds first_frame{};
};

// libavcodec in this process, same packets, same threads, its own frame pool.
DirectReport decode_directly(const Clip& clip, int threads) {
  const auto start = std::chrono::steady_clock::now();
  DirectReport report;
  AVCodecContext* context = avcodec_alloc_context3(avcodec_find_decoder_by_name(clip.codec.c_str()));
  context->thread_count = threads;
  if (avcodec_open2(context, nullptr, nullptr) < 0) {
    avcodec_free_context(&context);
    return report;
  }
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  const auto receive = [&] {
    while (avcodec_receive_frame(context, frame) == 0) {
      if (report.frames++ == 0) report.first_frame = std::chrono::steady_clock::now() - start;
      for (int i = 0; i < 64; ++i) report.checksum = report.checksum * 31 + frame->data[0][i];
      av_frame_unref(frame);
    }
  };
  for (const Packet& source : clip.packets) {
    av_new_packet(packet, static_cast<int>(source.data.size()));
    std::memcpy(packet->data, source.data.data(), source.data.size());
    avcodec_send_packet(context, packet);
    av_packet_unref(packet);
    receive();
  }
  avcodec_send_packet(context, nullptr);
  receive();
  report.total = std::chrono::steady_clock::now() - start;
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&context);
  return report;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int bench_clip(const std::string& node, const std::string& path, int threads, int rounds) {
  Clip clip;
  if (!load_clip(path, clip)) return 1;
  std::vector<double> ratios_yuv, ratios_nv12, direct_fps, device_fps, first_direct, first_device;
  uint64_t worker_rss = 0;
  for (int round = 0; round < rounds; ++round) {
    const DirectReport direct = decode_directly(clip, threads);
    const DecodeReport device = decode_through_device(node, clip, V4L2_PIX_FMT_YUV420);
    const DecodeReport nv12 = decode_through_device(node, clip, V4L2_PIX_FMT_NV12);
    for (const DecodeReport* report : {&device, &nv12}) {
      if (!report->ok) {
        std::fprintf(stderr, "bench: %s: %s\n", path.c_str(), report->error.c_str());
        return 1;
      }
      if (report->frames != direct.frames || report->checksum != direct.checksum) {
        std::fprintf(stderr, "bench: %s: the device gave %llu frames, libavcodec %llu, or other bytes: nothing to compare\n",
                     path.c_str(), static_cast<unsigned long long>(report->frames),
                     static_cast<unsigned long long>(direct.frames));
        return 1;
      }
    }
    const double frames = static_cast<double>(direct.frames);
    direct_fps.push_back(frames / direct.total.count());
    device_fps.push_back(frames / device.total.count());
    ratios_yuv.push_back(direct.total / device.total);
    ratios_nv12.push_back(direct.total / nv12.total);
    first_direct.push_back(direct.first_frame.count() * 1e3);
    first_device.push_back(device.first_frame.count() * 1e3);
    worker_rss = std::max(worker_rss, device.worker_rss_kib);
  }
  std::printf(
      "%-11s %4ux%-4u  libavcodec %7.1f fps  device %7.1f fps  ratio YU12 %.3f  NV12 %.3f  first frame %.1f ms (libavcodec %.1f) "
      " codec process %.1f MiB\n",
      clip.codec.c_str(), clip.width, clip.height, median(direct_fps), median(device_fps), median(ratios_yuv),
      median(ratios_nv12), median(first_device), median(first_direct), static_cast<double>(worker_rss) / 1024.0);
  std::fflush(stdout);
  return 0;
}

}  // namespace
}  // namespace softvpu::bench

int main(int argc, char** argv) {
  std::string node = "/dev/video10";
  int threads = 1;
  int rounds = 5;
  std::vector<std::string> clips;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--device" && i + 1 < argc) {
      node = argv[++i];
    } else if (arg == "--threads" && i + 1 < argc) {
      threads = std::atoi(argv[++i]);
    } else if (arg == "--rounds" && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else if (arg.rfind("--", 0) == 0) {
      clips.clear();
      break;
    } else {
      clips.push_back(arg);
    }
  }
  if (clips.empty() || rounds < 1) {
    std::fprintf(
        stderr,
        "usage: softvpu run --threads N -- bench_decode [--device /dev/video10] [--threads N (1)] [--rounds N (5)] CLIP...\n"
        "prints medians over the rounds; a ratio of 1 is libavcodec's own speed. bench/run makes clips and runs it per codec.\n");
    return 2;
  }
  int status = 0;
  for (const std::string& clip : clips) status |= softvpu::bench::bench_clip(node, clip, threads, rounds);
  return status;
}
