// SPDX-License-Identifier: GPL-2.0-or-later
// What this firmware can decode and encode. The worker answers QUERY_CAPABILITIES from it and makes its codec by it. Each folder
// with codecs in it contributes its own entries; catalog.cc lists the folders.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/codec.h"
#include "media/codec_info.h"

namespace softvpu::firmware {

struct CatalogEntry {
  CodecInfo info;
  // `config` is for this entry's role and coded format, `events` outlives the codec. Errors: ENOSYS when its library was built
  // without it, ENOMEM.
  Result<std::unique_ptr<Codec>> (*make)(CodecConfig config, CodecEvents& events) = nullptr;
};

// Immutable, so for any thread.
class Catalog {
 public:
  // A role and a coded format name an entry; of two with the same name only the first is ever found.
  explicit Catalog(std::vector<CatalogEntry> entries) : entries_(std::move(entries)) {}

  std::span<const CatalogEntry> entries() const { return entries_; }
  // nullptr: there is none.
  const CatalogEntry* find(Role role, FourCC coded) const;
  // Errors: EINVAL for a codec that isn't listed, and those of CatalogEntry::make.
  Result<std::unique_ptr<Codec>> make(CodecConfig config, CodecEvents& events) const;
  // The entries of the coded formats in a list such as "h264,vp8". Errors: those of choose_codecs() (media/codec_names.h).
  Result<Catalog> limited_to(std::string_view list) const;

 private:
  std::vector<CatalogEntry> entries_;
};

// That of this program.
const Catalog& codec_catalog();

// For people: "libavcodec 59.37.100".
std::string firmware_name();

// Where the codecs' complaints go: `write` gets one line, from any of their threads. nullptr (the default): nowhere.
void set_codec_log(void (*write)(const char* line));

// Loads what the codecs' libraries load lazily (tables, CPU features, …), so that nothing is left to be read from a file system
// once the jail is shut. Any thread, before the jail.
void preload_codecs();

}  // namespace softvpu::firmware
