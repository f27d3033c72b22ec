// SPDX-License-Identifier: GPL-2.0-or-later
// get_buffer2 over the client's outputs: see output_pool.h.
#include "firmware/libav/output_pool.h"

#include <algorithm>

#include "firmware/libav/picture.h"

extern "C" {
#include <libavutil/buffer.h>
}

namespace softvpu::firmware::libav {
namespace {

constexpr uintptr_t kAlignment = 64;     // of rows and planes: libavcodec's widest SIMD
constexpr size_t kNotForLibavcodec = 3;  // free outputs, of which the client may keep two
constexpr uint32_t kSpareRows = 16;      // of own memory, beside the readable tail

// As layout_for(), with rows as libavcodec needs them: what it writes at once may be as wide as
// kAlignment, in every plane.
Result<FrameLayout> decoding_layout(Size size) {
  return layout_for(kYuv420, {align_up(size.width, 2 * static_cast<uint32_t>(kAlignment)), size.height});
}

}  // namespace

OutputPool::OutputPool(const CodecRow& row, std::function<void()> wake) : row_(row), wake_(std::move(wake)) {}

OutputPool::~OutputPool() { av_buffer_pool_uninit(&own_); }

void OutputPool::set_layout(const FrameLayout& layout) {
  const std::lock_guard lock(mutex_);
  layout_ = layout;
}

void OutputPool::lend_at_most(size_t count) {
  const std::lock_guard lock(mutex_);
  most_leases_ = count;
}

void OutputPool::queue(OutputBuffer buffer) {
  const std::lock_guard lock(mutex_);
  queued_.push_back({.output = {buffer.cookie, std::move(buffer.memory), layout_}});
}

size_t OutputPool::free_count() const {
  return static_cast<size_t>(
      std::count_if(queued_.begin(), queued_.end(), [](const Queued& q) { return !q.output.memory->held; }));
}

std::optional<Cookie> OutputPool::take_back() {
  const std::lock_guard lock(mutex_);
  if (queued_.empty()) return std::nullopt;
  auto chosen = std::find_if(queued_.begin(), queued_.end(), [](const Queued& q) { return !q.output.memory->held; });
  if (chosen == queued_.end()) chosen = std::find_if(queued_.begin(), queued_.end(), [](const Queued& q) { return !q.lent; });
  if (chosen == queued_.end()) chosen = queued_.begin();
  const Cookie cookie = chosen->output.cookie;
  queued_.erase(chosen);
  return cookie;
}

std::vector<Cookie> OutputPool::flush() {
  const std::lock_guard lock(mutex_);
  std::vector<Cookie> cookies;
  for (const Queued& queued : queued_) cookies.push_back(queued.output.cookie);
  queued_.clear();
  return cookies;
}

std::optional<OutputPool::Output> OutputPool::take_holder(const AVFrame& frame) {
  const std::lock_guard lock(mutex_);
  if (frame.buf[0] == nullptr) return std::nullopt;
  const auto lease = std::find_if(leases_.begin(), leases_.end(), [&](const Lease* l) { return l->data == frame.buf[0]->data; });
  if (lease == leases_.end()) return std::nullopt;
  const auto holder =
      std::find_if(queued_.begin(), queued_.end(), [&](const Queued& q) { return q.output.cookie == (*lease)->cookie; });
  if (holder == queued_.end()) return std::nullopt;
  Output output = std::move(holder->output);
  queued_.erase(holder);
  return output;
}

std::optional<OutputPool::Output> OutputPool::take_free(Size visible) {
  const std::lock_guard lock(mutex_);
  const auto is_free = [](const Queued& q) { return !q.output.memory->held; };
  auto chosen = std::find_if(queued_.rbegin(), queued_.rend(), [&](const Queued& q) {
    return is_free(q) && q.output.layout.size.width >= visible.width && q.output.layout.size.height >= visible.height;
  });
  if (chosen == queued_.rend()) chosen = std::find_if(queued_.rbegin(), queued_.rend(), is_free);
  if (chosen == queued_.rend()) return std::nullopt;
  Output output = std::move(chosen->output);
  queued_.erase(std::next(chosen).base());
  populate(*output.memory);
  return output;
}

void OutputPool::allow_direct(bool allowed) {
  const std::lock_guard lock(mutex_);
  direct_ = allowed;
}

void OutputPool::set_interlaced(bool interlaced) {
  const std::lock_guard lock(mutex_);
  interlaced_ = interlaced;
}

void OutputPool::watch(uint64_t number) {
  const std::lock_guard lock(mutex_);
  watched_ = static_cast<int64_t>(number);
}

bool OutputPool::is_unfinished(const AVFrame& frame) const {
  const std::lock_guard lock(mutex_);
  return libav::is_unfinished(frame);
}

uint64_t OutputPool::direct_count() const {
  const std::lock_guard lock(mutex_);
  return direct_count_;
}

int OutputPool::allocate(AVCodecContext* context, AVFrame* frame, int flags) {
  // Formats that can't be delivered end the session when the picture is due; until then they need
  // memory like any other.
  if (!is_yuv420(frame->format)) return avcodec_default_get_buffer2(context, frame, flags);
  const std::lock_guard lock(mutex_);
  const Size size = written_size(row_, frame->width, frame->height, interlaced_);
  const auto native = decoding_layout(size);
  if (!native) return AVERROR(EINVAL);
  if (!lend(frame, *native)) {
    if (const int error = allocate_own(frame, *native); error < 0) return error;
  }
  if (frame->pts == watched_) mark_unfinished(*frame);
  return 0;
}

// libavcodec uses one stride for a picture and its references, so an output must have the strides
// of the pool's own memory.
bool OutputPool::fits(const Output& output, const FrameLayout& native) const {
  if (output.layout.fourcc != kYuv420 || output.layout.size.height < native.size.height ||
      output.layout.size.width < native.size.width || output.layout.memory_planes != 1) {
    return false;
  }
  for (uint32_t i = 0; i < native.components; ++i) {
    if (output.layout.stride[i] != native.stride[i]) return false;
  }
  const auto components = components_in(output.layout, *output.memory);
  if (!components) return false;
  for (uint32_t i = 0; i < components->count; ++i) {
    if (reinterpret_cast<uintptr_t>(components->data[i]) % kAlignment != 0) return false;
  }
  return output.memory->plane[0].mapped_length >= size_t{output.layout.plane_size[0]} + readable_tail(output.layout);
}

bool OutputPool::lend(AVFrame* frame, const FrameLayout& native) {
  if (!direct_ || leases_.size() >= most_leases_ || free_count() <= kNotForLibavcodec) return false;
  const auto chosen = std::find_if(queued_.rbegin(), queued_.rend(),
                                   [&](const Queued& q) { return !q.output.memory->held && fits(q.output, native); });
  if (chosen == queued_.rend()) return false;
  const Output& output = chosen->output;
  const auto components = components_in(output.layout, *output.memory);
  auto* data = reinterpret_cast<uint8_t*>(output.memory->plane[0].data);
  auto* lease = new Lease;
  lease->memory = output.memory;
  lease->cookie = output.cookie;
  lease->data = data;
  lease->pool.store(this, std::memory_order_release);
  frame->buf[0] = av_buffer_create(data, output.memory->plane[0].length, release, lease, 0);
  if (frame->buf[0] == nullptr) {
    delete lease;
    return false;
  }
  for (uint32_t i = 0; i < components->count; ++i) {
    frame->data[i] = components->data[i];
    frame->linesize[i] = components->stride[i];
  }
  frame->extended_data = frame->data;
  populate(*output.memory);
  output.memory->held = true;
  chosen->lent = true;
  leases_.push_back(lease);
  ++direct_count_;
  return true;
}

void OutputPool::release(void* opaque, uint8_t*) {
  std::unique_ptr<Lease> lease(static_cast<Lease*>(opaque));
  OutputPool& pool = *lease->pool.load(std::memory_order_acquire);
  {
    const std::lock_guard lock(pool.mutex_);
    lease->memory->held = false;
    pool.leases_.erase(std::find(pool.leases_.begin(), pool.leases_.end(), lease.get()));
    for (Queued& queued : pool.queued_) {
      if (queued.output.memory == lease->memory) queued.lent = false;
    }
  }
  if (pool.wake_) pool.wake_();
}

int OutputPool::allocate_own(AVFrame* frame, const FrameLayout& native) {
  const size_t rows = native.size.height + kSpareRows;
  const size_t luma = native.stride[0] * rows;
  const size_t chroma = native.stride[1] * (rows / 2);
  const size_t size = luma + 2 * chroma + readable_tail(native) + kAlignment;
  if (size != own_size_ || !(native == native_)) {
    av_buffer_pool_uninit(&own_);  // buffers that are out live on
    own_ = av_buffer_pool_init(size, av_buffer_allocz);
    own_size_ = size;
    native_ = native;
  }
  if (own_ == nullptr) return AVERROR(ENOMEM);
  frame->buf[0] = av_buffer_pool_get(own_);
  if (frame->buf[0] == nullptr) return AVERROR(ENOMEM);
  const auto base = reinterpret_cast<uintptr_t>(frame->buf[0]->data);
  auto* data = frame->buf[0]->data + (kAlignment - base % kAlignment) % kAlignment;
  frame->data[0] = data;
  frame->data[1] = data + luma;
  frame->data[2] = data + luma + chroma;
  frame->linesize[0] = static_cast<int>(native.stride[0]);
  frame->linesize[1] = static_cast<int>(native.stride[1]);
  frame->linesize[2] = static_cast<int>(native.stride[2]);
  frame->extended_data = frame->data;
  return 0;
}

}  // namespace softvpu::firmware::libav
