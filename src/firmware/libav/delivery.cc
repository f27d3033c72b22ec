// SPDX-License-Identifier: GPL-2.0-or-later
// Handing pictures out: see delivery.h.
#include "firmware/libav/delivery.h"

#include "firmware/libav/history.h"
#include "firmware/libav/picture.h"

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kTagMemory = 2 * History::kMaxUnits;  // access units between a packet and its picture, at most

Size visible_size(const AVFrame& picture) {
  return {static_cast<uint32_t>(picture.width) - static_cast<uint32_t>(picture.crop_left + picture.crop_right),
          static_cast<uint32_t>(picture.height) - static_cast<uint32_t>(picture.crop_top + picture.crop_bottom)};
}

uint64_t number_of(const AVFrame& picture) { return static_cast<uint64_t>(picture.pts); }

}  // namespace

Delivery::Delivery(const CodecRow& row, OutputPool& pool, CodecEvents& events)
    : row_(row), pool_(pool), events_(events), tags_(kTagMemory) {}

void Delivery::announce(const StreamFormat& info) {
  const bool initial = !announced_;
  pool_.lend_at_most(info.min_output_buffers - 1);
  announced_ = info;
  paused_ = true;
  events_.format_changed(info, initial);
}

Result<bool> Delivery::step(bool damaged) {
  if (paused_) return false;
  const AVFrame& picture = *due_.front();
  if (auto changed = announce_if_changed(picture); !changed || *changed) return changed;
  const Size visible = visible_size(picture);
  const bool moved = picture.crop_left != 0 || picture.crop_top != 0;
  pool_.allow_direct(!moved && !damaged);
  if (!moved) {
    if (auto holder = pool_.take_holder(picture)) {
      complete(std::move(*holder), picture, DoneStatus::kOk, true);
      return true;
    }
  }
  auto output = pool_.take_free(visible);
  if (!output) return false;
  const bool fits = copy_picture(picture, visible, output->layout, *output->memory);
  complete(std::move(*output), picture, fits ? DoneStatus::kOk : DoneStatus::kTooSmall, false);
  return true;
}

Result<bool> Delivery::announce_if_changed(const AVFrame& picture) {
  const Tagged* const known = tagged(number_of(picture));
  const StreamFormat info = describe_picture(
      row_, picture, known != nullptr ? known->sequence : SequenceInfo{announced_->interlaced, announced_->min_output_buffers});
  if (same_setup(info, *announced_)) return false;
  if (const auto error = unsupported(row_, info)) return Unexpected(*error);
  announce(info);
  return true;
}

void Delivery::complete(OutputPool::Output output, const AVFrame& picture, DoneStatus status, bool in_place) {
  OutputDone done;
  done.cookie = output.cookie;
  done.status = status;
  done.in_place = in_place;
  if (status == DoneStatus::kOk) {
    if (picture.decode_error_flags != 0 || (picture.flags & AV_FRAME_FLAG_CORRUPT) != 0) done.status = DoneStatus::kError;
    for (uint32_t i = 0; i < output.layout.memory_planes; ++i) done.bytes_used[i] = output.layout.plane_size[i];
  }
  if (const Tagged* known = tagged(number_of(picture))) {
    done.has_tag = true;
    done.tag = Tag{known->tag};
    tags_[known->number % tags_.size()].delivered = true;
  }
  done.type = type_of(picture);
  if (announced_->interlaced) done.field = field_of(picture);
  due_.pop_front();  // releases the picture before the client can queue its memory again
  events_.output_done(done);
}

void Delivery::remember(const AccessUnit& unit, const SequenceInfo& sequence) {
  tags_[unit.number % tags_.size()] = {.number = unit.number, .tag = unit.tag, .sequence = sequence};
}

bool Delivery::is_delivered(uint64_t number) const {
  const Tagged* const known = tagged(number);
  return known == nullptr || known->delivered;
}

const Delivery::Tagged* Delivery::tagged(uint64_t number) const {
  const Tagged& known = tags_[number % tags_.size()];
  return known.number == number && number != 0 ? &known : nullptr;
}

}  // namespace softvpu::firmware::libav
