// SPDX-License-Identifier: GPL-2.0-or-later
// The codecs of this program, from the folders that have them: see catalog.h.
#include "firmware/catalog.h"

#include <algorithm>
#include <iterator>

#include "firmware/encode/library.h"
#include "firmware/fwht/library.h"
#include "firmware/libav/library.h"
#include "media/codec_names.h"

namespace softvpu::firmware {

const CatalogEntry* Catalog::find(Role role, FourCC coded) const {
  for (const CatalogEntry& entry : entries_) {
    if (entry.info.role == role && entry.info.coded == coded) return &entry;
  }
  return nullptr;
}

Result<std::unique_ptr<Codec>> Catalog::make(CodecConfig config, CodecEvents& events) const {
  const CatalogEntry* const entry = find(config.role, config.coded);
  if (entry == nullptr) {
    return fail(EINVAL,
                std::string("no ") + (config.role == Role::kEncoder ? "encoder" : "decoder") + " for " + to_string(config.coded));
  }
  return entry->make(std::move(config), events);
}

Result<Catalog> Catalog::limited_to(std::string_view list) const {
  std::vector<FourCC> offered;
  for (const CatalogEntry& entry : entries_) offered.push_back(entry.info.coded);
  const auto chosen = choose_codecs(list, offered);
  if (!chosen) return Unexpected(chosen.error());
  std::vector<CatalogEntry> kept;
  std::ranges::copy_if(entries_, std::back_inserter(kept),
                       [&](const CatalogEntry& entry) { return std::ranges::count(*chosen, entry.info.coded) != 0; });
  return Catalog(std::move(kept));
}

const Catalog& codec_catalog() {
  static const Catalog& catalog = *[] {
    std::vector<CatalogEntry> entries = libav::decoders();
    std::ranges::move(encode::encoders(), std::back_inserter(entries));
    std::ranges::move(fwht::codecs(), std::back_inserter(entries));
    return new Catalog(std::move(entries));
  }();
  return catalog;
}

std::string firmware_name() { return libav::name(); }

void set_codec_log(void (*write)(const char* line)) { libav::set_log_writer(write); }

void preload_codecs() { libav::preload(); }

}  // namespace softvpu::firmware
