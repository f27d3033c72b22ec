// SPDX-License-Identifier: LGPL-2.1-or-later
// The search for a request, part by part.
#include "v4l2/ioctl/table.h"

namespace softvpu::v4l2 {

const IoctlRow* IoctlTable::find(uint32_t request) const {
  for (const Part part : parts_) {
    if (part == nullptr) break;
    const IoctlRows rows = part();
    const auto found = std::lower_bound(rows.begin(), rows.end(), _IOC_NR(request),
                                        [](const IoctlRow& row, uint32_t number) { return _IOC_NR(row.request) < number; });
    if (found != rows.end() && found->request == request) return &*found;
  }
  return nullptr;
}

std::vector<IoctlRow> IoctlTable::all() const {
  std::vector<IoctlRow> rows;
  for (const Part part : parts_)
    if (part != nullptr) rows.insert(rows.end(), part().begin(), part().end());
  std::sort(rows.begin(), rows.end(),
            [](const IoctlRow& a, const IoctlRow& b) { return _IOC_NR(a.request) < _IOC_NR(b.request); });
  return rows;
}

}  // namespace softvpu::v4l2
