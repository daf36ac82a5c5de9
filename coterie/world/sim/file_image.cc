// See file_image.h.
#include "coterie/world/sim/file_image.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::sim {

FileImage::FileImage(uint64_t size_bytes)
    : size_bytes_(size_bytes), durable_size_bytes_(size_bytes) {
  pages_.resize((size_bytes + page_bytes - 1) / page_bytes);
}

FileImage::Page& FileImage::page_at(uint64_t offset) {
  const uint64_t number = offset / page_bytes;
  if (number >= pages_.size()) pages_.resize(number + 1);
  if (pages_[number] == nullptr) pages_[number] = std::make_unique<Page>(Page{});
  return *pages_[number];
}

void FileImage::put(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const uint64_t within = offset % page_bytes;
    const uint64_t count = std::min<uint64_t>(bytes.size(), page_bytes - within);
    std::memcpy(page_at(offset).data() + within, bytes.data(), count);
    bytes.remove_prefix(count);
    offset += count;
  }
}

void FileImage::put_zeros(uint64_t offset, uint64_t size_bytes) {
  while (size_bytes > 0) {
    const uint64_t within = offset % page_bytes;
    const uint64_t count = std::min<uint64_t>(size_bytes, page_bytes - within);
    const uint64_t number = offset / page_bytes;
    if (number < pages_.size() && pages_[number] != nullptr) {
      std::memset(pages_[number]->data() + within, 0, count);
    }
    size_bytes -= count;
    offset += count;
  }
}

void FileImage::read(uint64_t offset, uint64_t size_bytes, char* out) const {
  COTERIE_ASSERT(offset <= size_bytes_ && size_bytes <= size_bytes_ - offset);
  while (size_bytes > 0) {
    const uint64_t within = offset % page_bytes;
    const uint64_t count = std::min<uint64_t>(size_bytes, page_bytes - within);
    const uint64_t number = offset / page_bytes;
    if (number < pages_.size() && pages_[number] != nullptr) {
      std::memcpy(out, pages_[number]->data() + within, count);
    } else {
      std::memset(out, 0, count);
    }
    size_bytes -= count;
    offset += count;
    out += count;
  }
}

// The bytes of a range inside one sector; empty when its page was never written.
Payload FileImage::saved(uint64_t offset, uint64_t size_bytes) const {
  const uint64_t number = offset / page_bytes;
  if (number >= pages_.size() || pages_[number] == nullptr) return {};
  return Payload::copy_of({pages_[number]->data() + offset % page_bytes, size_bytes});
}

void FileImage::remember(uint64_t offset, uint64_t size_bytes) {
  while (size_bytes > 0) {
    const uint64_t count = std::min(size_bytes, sector_bytes - offset % sector_bytes);
    unsynced_.push_back({offset, static_cast<uint32_t>(count), false, saved(offset, count)});
    offset += count;
    size_bytes -= count;
  }
  if (unsynced_.size() <= unsynced_sectors_max) return;
  COTERIE_REACHED("simulated kernel writes dirty pages back by itself");
  const auto middle = unsynced_.begin() + static_cast<ptrdiff_t>(unsynced_.size() / 2);
  for (auto piece = unsynced_.begin(); piece != middle; ++piece) {
    if (!piece->abandoned) durable_size_bytes_ = std::max(durable_size_bytes_, piece->end());
  }
  unsynced_.erase(unsynced_.begin(), middle);
}

void FileImage::write(uint64_t offset, std::string_view bytes, bool durable) {
  if (bytes.empty()) return;
  const uint64_t end = offset + bytes.size();
  if (!durable) {
    remember(offset, bytes.size());
  } else if (!unsynced_.empty()) {
    const uint64_t first = offset / sector_bytes;
    const uint64_t last = (end - 1) / sector_bytes;
    std::erase_if(unsynced_, [&](const Unsynced& piece) {
      return first <= piece.sector() && piece.sector() <= last;
    });
  }
  put(offset, bytes);
  size_bytes_ = std::max(size_bytes_, end);
  if (durable) durable_size_bytes_ = std::max(durable_size_bytes_, end);
  if (!unreadable_.empty()) {
    std::erase_if(unreadable_, [&](uint64_t sector) {
      return offset / sector_bytes <= sector && sector <= (end - 1) / sector_bytes;
    });
  }
}

void FileImage::sync() {
  durable_size_bytes_ = size_bytes_;
  if (std::none_of(unsynced_.begin(), unsynced_.end(),
                   [](const Unsynced& p) { return p.abandoned; })) {
    unsynced_.clear();
    return;
  }
  // A later write of the same sector brings the whole sector to the disk, the abandoned bytes with
  // it.
  std::map<uint64_t, size_t> written;
  for (size_t i = 0; i < unsynced_.size(); ++i) {
    if (!unsynced_[i].abandoned) written[unsynced_[i].sector()] = i;
  }
  std::vector<Unsynced> rest;
  for (size_t i = 0; i < unsynced_.size(); ++i) {
    const auto found = written.find(unsynced_[i].sector());
    if (found == written.end() || found->second < i) rest.push_back(std::move(unsynced_[i]));
  }
  unsynced_ = std::move(rest);
}

void FileImage::fail_sync() {
  for (Unsynced& piece : unsynced_) piece.abandoned = true;
}

void FileImage::take_back(const Unsynced& piece) {
  if (piece.replaced.empty()) {
    put_zeros(piece.offset, piece.size_bytes);
  } else {
    put(piece.offset, piece.replaced.view());
  }
}

// Of the unsynced pieces of one sector, oldest first, the first `kept` survive; the next one may do
// so in part.
void FileImage::settle_sector(Random& random, const CrashOptions& options,
                              const std::vector<size_t>& pieces, size_t kept) {
  if (kept == pieces.size()) return;
  for (size_t i = pieces.size(); i-- > kept + 1;) take_back(unsynced_[pieces[i]]);
  const Unsynced& piece = unsynced_[pieces[kept]];
  std::array<char, sector_bytes> meant{};
  const uint64_t there = piece.size_bytes;
  read(piece.offset, there, meant.data());
  take_back(piece);
  if (random.chance(options.garbage_probability)) {
    COTERIE_REACHED("simulated crash leaves garbage in a sector");
    for (char& byte : meant) byte = static_cast<char>(random.below(256));
    put(piece.offset, {meant.data(), there});
  } else if (random.chance(options.torn_probability)) {
    COTERIE_REACHED("simulated crash tears a sector");
    const uint64_t cut = random.below(there);
    if (random.chance(0.5)) {
      put(piece.offset, {meant.data(), cut});
    } else {
      put(piece.offset + cut, {meant.data() + cut, there - cut});
    }
  }
}

void FileImage::cut_to(uint64_t size_bytes) {
  if (size_bytes < size_bytes_) put_zeros(size_bytes, size_bytes_ - size_bytes);
  size_bytes_ = size_bytes;
  pages_.resize((size_bytes + page_bytes - 1) / page_bytes);
}

void FileImage::lose_power(Random& random, const CrashOptions& options, Survival survival) {
  std::map<uint64_t, std::vector<size_t>> by_sector;
  for (size_t i = 0; i < unsynced_.size(); ++i) by_sector[unsynced_[i].sector()].push_back(i);
  const size_t prefix = survival == Survival::none     ? 0
                        : survival == Survival::prefix ? random.below(unsynced_.size() + 1)
                                                       : unsynced_.size();
  uint64_t size_kept = survival == Survival::all ? size_bytes_ : durable_size_bytes_;
  for (size_t i = 0; survival == Survival::prefix && i < prefix; ++i) {
    size_kept = std::max(size_kept, unsynced_[i].end());
  }
  if (survival == Survival::mixture) {
    const uint64_t grown = size_bytes_ - durable_size_bytes_;
    size_kept += random.chance(0.3) ? 0 : random.chance(0.5) ? grown : random.below(grown + 1);
  }
  uint64_t page = UINT64_MAX;
  uint64_t page_fate = 0;  // of a mixture: 0 lost, 1 kept, 2 sector by sector
  for (const auto& [sector, pieces] : by_sector) {
    if (survival == Survival::all) break;
    if (sector * sector_bytes / page_bytes != page) {
      page = sector * sector_bytes / page_bytes;
      page_fate = random.below(3);
    }
    size_t kept = 0;
    if (survival == Survival::mixture) {
      kept = page_fate == 2 ? random.below(pieces.size() + 1) : page_fate * pieces.size();
    } else {
      while (kept < pieces.size() && pieces[kept] < prefix) ++kept;
    }
    // Under `none` and `prefix` all that follows is lost without a trace, but for the one that was
    // being written.
    const bool in_flight =
        survival == Survival::mixture ||
        (survival == Survival::prefix && kept < pieces.size() && pieces[kept] == prefix);
    settle_sector(
        random, in_flight ? options : CrashOptions{.torn_probability = 0, .garbage_probability = 0},
        pieces, kept);
  }
  cut_to(size_kept);
  durable_size_bytes_ = size_kept;
  unsynced_.clear();
}

void FileImage::flip_bit(uint64_t offset, unsigned bit) {
  COTERIE_ASSERT(offset < size_bytes_ && bit < 8);
  char& byte = page_at(offset)[offset % page_bytes];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1u << bit));
}

void FileImage::overwrite_silently(uint64_t offset, std::string_view bytes) {
  COTERIE_ASSERT(offset <= size_bytes_ && bytes.size() <= size_bytes_ - offset);
  put(offset, bytes);
}

void FileImage::mark_unreadable(uint64_t offset, uint64_t size_bytes) {
  COTERIE_ASSERT(size_bytes > 0 && offset < size_bytes_);
  for (uint64_t s = offset / sector_bytes; s <= (offset + size_bytes - 1) / sector_bytes; ++s) {
    unreadable_.push_back(s);
  }
}

bool FileImage::readable(uint64_t offset, uint64_t size_bytes) const {
  if (size_bytes == 0) return true;
  return std::none_of(unreadable_.begin(), unreadable_.end(), [&](uint64_t sector) {
    return offset / sector_bytes <= sector && sector <= (offset + size_bytes - 1) / sector_bytes;
  });
}

}  // namespace coterie::sim
