// SPDX-License-Identifier: GPL-2.0-or-later
// What the rest of the firmware takes of this folder: its entries of the catalog. Called by
// catalog.cc. And what its sessions share: how a stream is described, and where a picture lies in
// a client's memory.
#pragma once

#include <optional>
#include <vector>

#include "firmware/catalog.h"
#include "firmware/fwht/frame_header.h"
#include "firmware/fwht/packing.h"

namespace softvpu::firmware::fwht {

std::vector<CatalogEntry> codecs();

// The format that a frame announces.
StreamFormat describe(const FrameHeader& header);

// A picture of `shape` in memory with such planes. nullopt: the layout is of a format for other
// pictures, smaller than the visible size, or reaches past the memory.
std::optional<RawFrame> frame_in(const FrameLayout& layout, const MappedBuffer& memory, const Shape& shape);
std::optional<ConstRawFrame> frame_in(const FrameLayout& layout, std::span<const std::span<const std::byte>> planes,
                                      const Shape& shape);

}  // namespace softvpu::firmware::fwht
