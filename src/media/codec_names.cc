// SPDX-License-Identifier: LGPL-2.1-or-later
// One row a name. The first name of a format is the one that is printed. See codec_names.h.
#include "media/codec_names.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace softvpu {
namespace {

struct Row {
  std::string_view name;
  FourCC coded;
};

constexpr std::array kRows = {
    Row{"h264", kH264}, Row{"avc", kH264}, Row{"hevc", kHevc},   Row{"h265", kHevc},
    Row{"vp8", kVp8},   Row{"vp9", kVp9},  Row{"mpeg2", kMpeg2}, Row{"fwht", make_fourcc('F', 'W', 'H', 'T')},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

FourCC named(std::string_view word) {
  const std::string name = lower(word);
  for (const Row& row : kRows)
    if (name == row.name) return row.coded;
  for (const Row& row : kRows)
    if (word == to_string(row.coded)) return row.coded;
  return FourCC::kNone;
}

bool has(std::span<const FourCC> all, FourCC coded) { return std::find(all.begin(), all.end(), coded) != all.end(); }

std::string names_of(std::span<const FourCC> all) {
  std::string names;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!has(all.first(i), all[i])) names += (names.empty() ? "" : ", ") + codec_name(all[i]);
  }
  return names;
}

std::string all_names() {
  std::string all;
  for (size_t i = 0; i < kRows.size(); ++i) all += (i == 0 ? "" : ", ") + std::string(kRows[i].name);
  return all;
}

}  // namespace

std::string codec_name(FourCC coded) {
  for (const Row& row : kRows)
    if (row.coded == coded) return std::string(row.name);
  return to_string(coded);
}

Result<std::vector<FourCC>> parse_codec_list(std::string_view list) {
  std::vector<FourCC> all;
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    const FourCC coded = named(word);
    if (coded == FourCC::kNone)
      return fail(EINVAL, "\"" + std::string(word) + "\" is no codec's name; the names are " + all_names());
    if (!has(all, coded)) all.push_back(coded);
    if (comma == std::string_view::npos) return all;
    list.remove_prefix(comma + 1);
  }
}

Result<std::vector<FourCC>> choose_codecs(std::string_view list, std::span<const FourCC> offered) {
  auto chosen = parse_codec_list(list);
  if (!chosen) return chosen;
  for (const FourCC coded : *chosen) {
    if (!has(offered, coded))
      return fail(ENOENT, "the firmware has no codec for " + codec_name(coded) + "; it has " + names_of(offered));
  }
  return chosen;
}

}  // namespace softvpu
