// SPDX-License-Identifier: GPL-2.0-or-later
// Which parameter sets count: see parameter_sets.h.
#include "firmware/libav/parameter_sets.h"

#include <algorithm>

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kFirstKind = 0;

}  // namespace

void ParameterSets::add(Bytes access_unit) {
  if (!row_.byte_stream()) return;
  for (ParameterSet& set : row_.stream->parameter_sets(access_unit)) add_set(std::move(set));
}

void ParameterSets::add_set(ParameterSet set) {
  if (row_.stream->one_parameter_set) {
    if (!sets_.empty() && sets_.front().bytes == set.bytes) return;
    sets_.clear();
  }
  const auto same_name = [&](const ParameterSet& other) { return other.kind == set.kind && other.id == set.id; };
  const auto newest = std::find_if(sets_.rbegin(), sets_.rend(), same_name);
  if (newest != sets_.rend() && newest->bytes == set.bytes) {
    // A repetition. It counts only where a set that came since may have made libavcodec forget it.
    const bool forgotten = set.kind != kFirstKind &&
                           std::any_of(sets_.rbegin(), newest, [&](const ParameterSet& other) { return other.kind < set.kind; });
    if (!forgotten) return;
  }
  std::erase_if(sets_, [&](const ParameterSet& other) { return same_name(other) && other.bytes == set.bytes; });
  sets_.push_back(std::move(set));
  publish();
}

void ParameterSets::publish() {
  size_t bytes = 0;
  size_t kept = 0;
  while (kept < sets_.size() && bytes + sets_[sets_.size() - 1 - kept].bytes.size() <= kMaxBytes)
    bytes += sets_[sets_.size() - 1 - kept++].bytes.size();
  sets_.erase(sets_.begin(), sets_.end() - static_cast<ptrdiff_t>(kept));
  ParameterSetList list;
  for (const ParameterSet& set : sets_) list.push_back(set.bytes);
  list_ = std::make_shared<const ParameterSetList>(std::move(list));
}

}  // namespace softvpu::firmware::libav
