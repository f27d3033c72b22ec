// SPDX-License-Identifier: GPL-2.0-or-later
// What the rest of the firmware takes of libavcodec: the decoders made of it, its name, its log, and the loading of it. Called by
// catalog.cc. No header of libavcodec is included here.
#pragma once

#include <string>
#include <vector>

#include "firmware/catalog.h"
#include "firmware/libav/log.h"

namespace softvpu::firmware::libav {

// One entry per row of codecs/table.cc.
std::vector<CatalogEntry> decoders();

// "libavcodec 59.37.100"
std::string name();

// preload_codecs()'s part. Idempotent.
void preload();

}  // namespace softvpu::firmware::libav
