// What the submissions to a simulated disk do when their time has come, or how they fail. See
// disk.h.
#include <algorithm>

#include "coterie/base/reached.h"
#include "coterie/world/sim/disk.h"

namespace coterie::sim {

namespace {

Result<Payload> nothing() { return Payload(); }

Result<Payload> missing(std::string_view name) {
  return fail(Fault::not_found, "there is no file " + std::string(name));
}

}  // namespace

bool SimDisk::fails(DiskOperation operation, double probability, Fault& fault) {
  auto& [count, planned] = failing_[static_cast<size_t>(operation)];
  if (count > 0) {
    --count;
    fault = planned;
    return true;
  }
  fault = Fault::io;
  return random_.chance(probability);
}

Result<Payload> SimDisk::carry_out(Pending& pending) {
  switch (pending.operation) {
    case DiskOperation::create:
      return carry_out_create(pending);
    case DiskOperation::write:
      return carry_out_write(pending);
    case DiskOperation::sync:
      return carry_out_sync(pending);
    case DiskOperation::read:
      return read_range(pending.name, pending.offset, pending.size_bytes);
    case DiskOperation::rename:
      return carry_out_rename(pending);
    case DiskOperation::remove:
      return carry_out_remove(pending);
  }
  return nothing();
}

Result<Payload> SimDisk::carry_out_create(const Pending& pending) {
  Fault fault = Fault::io;
  if (fails(DiskOperation::create, 0, fault)) return fail(fault, "cannot create " + pending.name);
  if (files_.contains(pending.name)) {
    return fail(Fault::refused, "file exists already: " + pending.name);
  }
  if (pending.size_bytes > room()) {
    return fail(Fault::no_space, "the disk is full: cannot create " + pending.name);
  }
  files_.emplace(pending.name, std::make_shared<FileImage>(pending.size_bytes));
  used_bytes_ += pending.size_bytes;
  removed_.clear();
  return nothing();
}

void SimDisk::write_parts(FileImage& file, const Pending& pending, uint64_t limit_bytes,
                          bool durable) {
  uint64_t offset = pending.offset;
  const uint64_t size_before = file.size_bytes();
  for (const Payload& part : pending.parts) {
    const uint64_t count = std::min<uint64_t>(part.size(), limit_bytes);
    file.write(offset, part.view().substr(0, count), durable);
    offset += count;
    limit_bytes -= count;
    counters_.written_bytes += count;
  }
  used_bytes_ += file.size_bytes() - size_before;
}

Result<Payload> SimDisk::carry_out_write(Pending& pending) {
  FileImage* file = find(pending.name);
  if (file == nullptr) return missing(pending.name);
  const bool durable = pending.sync == world::Sync::yes;
  if (durable) counters_.syncs += 1;
  const uint64_t end = pending.offset + pending.size_bytes;
  const bool grows = pending.size_bytes > 0 && end > file->size_bytes();
  if (grows && end - file->size_bytes() > room()) {
    return fail(Fault::no_space, "the disk is full: cannot write to " + pending.name);
  }
  Fault fault = Fault::io;
  if (fails(DiskOperation::write, options_.write_failure_probability, fault)) {
    if (fault != Fault::no_space) {
      write_parts(*file, pending, random_.below(pending.size_bytes + 1), false);
      if (durable) file->fail_sync();
    }
    return fail(fault, "cannot write to " + pending.name);
  }
  if (durable && fails(DiskOperation::sync, options_.sync_failure_probability, fault)) {
    write_parts(*file, pending, pending.size_bytes, false);
    file->fail_sync();
    return fail(fault, "cannot sync " + pending.name);
  }
  if (!misdirect_next_.empty() && pending.name.ends_with(misdirect_next_) &&
      file->size_bytes() >= 2 * sector_bytes + pending.size_bytes) {
    COTERIE_REACHED("simulated write goes to another place");
    misdirect_next_.clear();
    const uint64_t places = (file->size_bytes() - pending.size_bytes) / sector_bytes;
    const uint64_t place = random_.below(places);
    // The place within the sector stays; the write lands elsewhere, and reports success.
    const uint64_t shift = place * sector_bytes + pending.offset % sector_bytes;
    pending.offset = shift + pending.size_bytes > file->size_bytes() ? place * sector_bytes : shift;
  }
  write_parts(*file, pending, pending.size_bytes, durable);
  return nothing();
}

Result<Payload> SimDisk::carry_out_sync(const Pending& pending) {
  FileImage* file = find(pending.name);
  if (file == nullptr) return missing(pending.name);
  counters_.syncs += 1;
  Fault fault = Fault::io;
  if (fails(DiskOperation::sync, options_.sync_failure_probability, fault)) {
    file->fail_sync();
    return fail(fault, "cannot sync " + pending.name);
  }
  file->sync();
  return nothing();
}

Result<Payload> SimDisk::read_range(std::string_view name, uint64_t offset, uint64_t size_bytes) {
  const FileImage* file = find(name);
  if (file == nullptr) return missing(name);
  if (offset > file->size_bytes() || size_bytes > file->size_bytes() - offset) {
    return fail(Fault::invalid, "read beyond the end of " + std::string(name));
  }
  Fault fault = Fault::io;
  if (fails(DiskOperation::read, options_.read_failure_probability, fault) ||
      !file->readable(offset, size_bytes)) {
    return fail(fault, "cannot read " + std::string(name));
  }
  PayloadBuilder out(size_bytes);
  if (size_bytes > 0) file->read(offset, size_bytes, out.extend(size_bytes));
  return out.take();
}

Result<Payload> SimDisk::carry_out_rename(const Pending& pending) {
  Fault fault = Fault::io;
  if (fails(DiskOperation::rename, 0, fault)) return fail(fault, "cannot rename " + pending.name);
  const auto from = files_.find(pending.name);
  if (from == files_.end()) return missing(pending.name);
  if (pending.name == pending.to) return nothing();
  std::shared_ptr<FileImage> file = std::move(from->second);
  files_.erase(from);
  std::shared_ptr<FileImage>& place = files_[pending.to];
  if (place != nullptr) used_bytes_ -= place->size_bytes();
  place = std::move(file);
  removed_.clear();
  return nothing();
}

Result<Payload> SimDisk::carry_out_remove(const Pending& pending) {
  Fault fault = Fault::io;
  if (fails(DiskOperation::remove, 0, fault)) return fail(fault, "cannot remove " + pending.name);
  const auto found = files_.find(pending.name);
  if (found == files_.end()) return missing(pending.name);
  used_bytes_ -= found->second->size_bytes();
  removed_.emplace_back(pending.name, std::move(found->second));
  files_.erase(found);
  return nothing();
}

}  // namespace coterie::sim
