// SPDX-License-Identifier: LGPL-2.1-or-later
// Where both sides of a benchmark put their pictures: counts them, notes when the first one came, and
// touches each or hashes all of it. Called by direct.cc and m2m_client.cc.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

struct AVMD5;  // libavutil's

namespace softvpu::bench {

// A picture of YU12 (three planes) or NV12 (two) as it lies in memory; only what is visible counts.
struct Picture {
  std::array<const uint8_t*, 3> data{};
  std::array<size_t, 3> stride{};
  uint32_t width = 0;  // pixels
  uint32_t height = 0;
};

class PictureSink {
 public:
  using Clock = std::chrono::steady_clock;

  // With `hash` the whole picture goes into md5(); such a run isn't for timing.
  explicit PictureSink(bool hash);
  ~PictureSink();
  PictureSink(const PictureSink&) = delete;
  PictureSink& operator=(const PictureSink&) = delete;

  void begin() { start_ = Clock::now(); }
  void take(const Picture& picture);
  void end() { total_ = Clock::now() - start_; }

  uint64_t frames() const { return frames_; }
  uint64_t checksum() const { return checksum_; }                 // of the first bytes of each picture
  std::string md5() const;                                        // empty unless asked for
  std::chrono::duration<double> total() const { return total_; }  // from begin() to end()
  std::chrono::duration<double> first() const { return first_; }  // from begin() to the first picture

 private:
  AVMD5* md5_ = nullptr;
  Clock::time_point start_{};
  std::chrono::duration<double> total_{};
  std::chrono::duration<double> first_{};
  uint64_t frames_ = 0;
  uint64_t checksum_ = 0;
};

}  // namespace softvpu::bench
