// SPDX-License-Identifier: GPL-2.0-or-later
// What the rest of the firmware takes of this folder: the encoders that call a library, for the catalog. Called by catalog.cc.
#pragma once

#include <vector>

#include "firmware/catalog.h"

namespace softvpu::firmware::encode {

std::vector<CatalogEntry> encoders();

}  // namespace softvpu::firmware::encode
