// SPDX-License-Identifier: GPL-2.0-or-later
// Drives a decoder in tests as a client would: feeds inputs, sets outputs up at every announced format, takes pictures and gives
// the memory back, and checks what must always hold (every buffer answered once, nothing written outside a picture's memory).
// Included by tests and fuzz targets only.
#pragma once

#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/shared_memory.h"
#include "firmware/catalog.h"

extern "C" {
#include <libavutil/md5.h>
#include <libavutil/mem.h>
}

namespace softvpu::firmware::testing {

// Memory with an unmapped page on both sides and a canary between what may be written and what may be read.
inline std::shared_ptr<MappedBuffer> guarded_memory(size_t length, size_t tail) {
  constexpr size_t kPage = 4096;
  const size_t mapped = page_align(length + tail);
  void* at = mmap(nullptr, mapped + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  auto* data = static_cast<std::byte*>(at) + kPage;
  mprotect(data, mapped, PROT_READ | PROT_WRITE);
  std::memset(data + length, 0xc5, mapped - length);
  auto memory = std::make_shared<MappedBuffer>();
  memory->num_planes = 1;
  memory->plane[0] = {data, length, mapped};
  memory->owner = std::shared_ptr<void>(at, [mapped](void* base) { munmap(base, mapped + 2 * kPage); });
  return memory;
}

inline bool canary_intact(const MappedBuffer& memory) {
  const auto& plane = memory.plane[0];
  for (size_t i = plane.length; i < plane.mapped_length; ++i) {
    if (plane.data[i] != std::byte{0xc5}) return false;
  }
  return true;
}

// MD5 of the visible part, as I420 whatever the layout: what ffmpeg's framemd5 sums up.
inline std::string picture_md5(const FrameLayout& layout, const std::byte* base, Size visible) {
  struct Free {
    void operator()(AVMD5* md5) const { av_free(md5); }
  };
  std::unique_ptr<AVMD5, Free> md5(av_md5_alloc());
  av_md5_init(md5.get());
  const auto* bytes = reinterpret_cast<const uint8_t*>(base);
  for (uint32_t y = 0; y < visible.height; ++y) av_md5_update(md5.get(), bytes + size_t{y} * layout.stride[0], visible.width);
  const uint32_t width = (visible.width + 1) / 2;
  const uint32_t height = (visible.height + 1) / 2;
  std::vector<uint8_t> row(width);
  for (uint32_t component = 1; component <= 2; ++component) {
    for (uint32_t y = 0; y < height; ++y) {
      if (layout.fourcc == kYuv420) {
        av_md5_update(md5.get(), bytes + layout.offset[component] + size_t{y} * layout.stride[component], width);
      } else {
        const uint8_t* uv = bytes + layout.offset[1] + size_t{y} * layout.stride[1];
        for (uint32_t x = 0; x < width; ++x) row[x] = uv[2 * x + component - 1];
        av_md5_update(md5.get(), row.data(), width);
      }
    }
  }
  uint8_t sum[16];
  av_md5_final(md5.get(), sum);
  std::string text;
  for (const uint8_t byte : sum) {
    char hex[3];
    std::snprintf(hex, sizeof(hex), "%02x", byte);
    text += hex;
  }
  return text;
}

struct Picture {
  std::string md5;
  Size size;
  OutputDone done;
  uint64_t tag() const { return static_cast<uint64_t>(done.tag); }
};

class Client final : public CodecEvents {
 public:
  struct Options {
    FourCC coded = kH264;
    uint32_t threads = 1;
    uint32_t outputs = 8;  // 0: as many as the stream's format asks for, and those that the client keeps for itself
    FourCC raw = kYuv420;
    bool sums = true;
    Size size_hint = {};
  };

  explicit Client(Options options) : options_(options) {
    auto made = codec_catalog().make(
        {.coded = options.coded, .threads = options.threads, .size_hint = options.size_hint, .wake = [] {}}, *this);
    if (made) decoder_ = std::move(*made);
  }

  Codec& decoder() { return *decoder_; }
  bool made() const { return decoder_ != nullptr; }

  // Queues a copy of the bytes. Returns its id.
  uint64_t feed(std::span<const uint8_t> bytes, uint64_t tag) {
    auto copy = std::make_shared<std::vector<uint8_t>>(bytes.begin(), bytes.end());
    const uint64_t id = ++next_id_;
    inputs_[id] = 0;
    decoder_->queue_input({.cookie = Cookie{id}, .tag = Tag{tag}, .plane = {std::as_bytes(std::span(*copy))}, .owner = copy});
    return id;
  }
  // Steps until nothing moves; outputs go back to the queue at once.
  void run() {
    while (true) {
      if (setup_wanted_ && hold_resume == false) set_up();
      requeue();
      if (!decoder_->step() && !(setup_wanted_ && !hold_resume) && (idle_.size() <= kept_back || hold_outputs || !errors.empty()))
        return;
    }
  }
  void drain() {
    decoder_->drain();
    run();
  }
  void seek() {
    decoder_->flush(Side::kInput);
    setup_wanted_ = false;
  }

  // As a client's STREAMOFF, REQBUFS, STREAMON on CAPTURE.
  void set_up() {
    setup_wanted_ = false;
    if (keep_setup && layout_.components != 0) return decoder_->resume();
    decoder_->flush(Side::kOutput);
    idle_.clear();
    auto layout = layout_for(options_.raw, info.coded);
    if (!layout) return;
    layout_ = *layout;
    decoder_->set_layout(layout_);
    const size_t outputs = options_.outputs != 0 ? options_.outputs : info.min_output_buffers + kept_back;
    for (size_t i = 0; i < outputs; ++i) idle_.push_back(guarded_memory(layout_.plane_size[0], readable_tail(layout_)));
    if (!hold_outputs) requeue();
    decoder_->resume();
  }
  void requeue() {
    if (hold_outputs || !errors.empty()) return;
    while (idle_.size() > kept_back) {
      const uint64_t id = ++next_id_;
      queued_[id] = {idle_.front(), layout_};
      decoder_->queue_output({Cookie{id}, idle_.front()});
      idle_.pop_front();
    }
  }

  void input_done(Cookie cookie, DoneStatus status) override {
    const auto id = static_cast<uint64_t>(cookie);
    if (!errors.empty()) complain("an input was answered after the failure");
    const auto found = inputs_.find(id);
    if (found == inputs_.end() || found->second++ != 0) complain("an input was answered twice, or never queued");
    if (status == DoneStatus::kError) ++damaged_inputs;
    if (status == DoneStatus::kCancelled) ++cancelled_inputs;
    if (!consumed_order_.empty() && status != DoneStatus::kCancelled && id < consumed_order_.back())
      complain("inputs out of order");
    consumed_order_.push_back(id);
  }
  void output_done(const OutputDone& done) override {
    if (!errors.empty()) complain("an output was answered after the failure");
    const auto found = queued_.find(static_cast<uint64_t>(done.cookie));
    if (found == queued_.end()) return complain("an output was answered twice, or never queued");
    const Queued queued = found->second;
    queued_.erase(found);
    if (queued.memory->num_planes > 0 && !canary_intact(*queued.memory)) complain("bytes past the picture were written");
    if (done.status == DoneStatus::kCancelled) {
      if (keep_cancelled) idle_.push_back(queued.memory);
      ++cancelled_outputs;
      return;
    }
    if (done.bytes_used[0] != 0) {
      Picture picture{"", info.visible.size(), done};
      if (options_.sums) picture.md5 = picture_md5(queued.layout, queued.memory->plane[0].data, info.visible.size());
      pictures.push_back(std::move(picture));
    } else {
      ++empty_outputs;
    }
    if (stopped) complain("a picture after drained()");
    idle_.push_back(queued.memory);
  }
  void format_changed(const StreamFormat& now, bool initial) override {
    if (initial != formats.empty()) complain("wrong value of initial");
    info = now;
    formats.push_back(now);
    setup_wanted_ = true;
  }
  void drained(DoneStatus status) override {
    if (status == DoneStatus::kError) ++damaged_drains;
    stopped = true;
    ++drains;
  }
  void failed(const Error& error) override { errors.push_back(error); }

  void resume_after_drain() {
    stopped = false;
    decoder_->resume();
  }
  // Inputs that should have been answered, and weren't.
  size_t open_inputs() const {
    if (!errors.empty()) return 0;
    size_t open = 0;
    for (const auto& [id, answers] : inputs_) open += answers == 0 ? 1 : 0;
    return open;
  }
  size_t queued_outputs() const { return errors.empty() ? queued_.size() : 0; }

  StreamFormat info;
  std::vector<StreamFormat> formats;
  std::vector<Picture> pictures;
  std::vector<Error> errors;
  std::vector<std::string> complaints;
  size_t damaged_inputs = 0, damaged_drains = 0, cancelled_inputs = 0, cancelled_outputs = 0, empty_outputs = 0, drains = 0;
  bool stopped = false;
  size_t kept_back = 0;         // of the finished outputs the newest ones stay with the client until others follow
  bool hold_outputs = false;    // finished outputs stay with the client
  bool hold_resume = false;     // an announced format waits
  bool keep_cancelled = false;  // outputs that come back cancelled are queued again
  bool keep_setup = false;      // announcements after the first are ignored

 private:
  struct Queued {
    std::shared_ptr<MappedBuffer> memory;
    FrameLayout layout;
  };
  void complain(const char* what) { complaints.emplace_back(what); }

  Options options_;
  FrameLayout layout_;
  uint64_t next_id_ = 0;
  std::map<uint64_t, int> inputs_;
  std::map<uint64_t, Queued> queued_;
  std::deque<std::shared_ptr<MappedBuffer>> idle_;
  std::vector<uint64_t> consumed_order_;
  bool setup_wanted_ = false;
  std::unique_ptr<Codec> decoder_;  // last: it answers nothing any more when the rest goes
};

}  // namespace softvpu::firmware::testing
