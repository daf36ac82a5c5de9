// See renewal.h.
#include "coterie/store/log/renewal.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/reached.h"

namespace coterie::store {

namespace {

// Reads a piece of the old file and writes it to the new one; sums what it has read.
Step copying(world::Disk& disk, std::weak_ptr<void> owner, const Renewal& renewal, uint64_t offset,
             std::shared_ptr<uint32_t> crc) {
  const uint64_t size_bytes = std::min(renewal_piece_bytes, renewal.used_bytes - offset);
  return [&disk, owner = std::move(owner), name = renewal.name, to = renewal.unfinished_name,
          offset, size_bytes, crc = std::move(crc)](world::Disk::Done done) {
    disk.read(name, offset, size_bytes,
              [&disk, owner, to, offset, crc, done = std::move(done)](Result<Payload> piece) {
                if (owner.expired()) return;
                if (!piece) return done(tl::unexpected(std::move(piece).error()));
                *crc = crc32c(piece->view(), *crc);
                disk.write(to, offset, {*std::move(piece)}, world::Sync::no, done);
              });
  };
}

// A page that the kernel took for clean may have been dropped since the file was judged, and what
// the disk holds been read in its stead.
Step comparing(const Renewal& renewal, std::shared_ptr<uint32_t> crc) {
  return [name = renewal.name, wanted = renewal.crc, crc = std::move(crc)](world::Disk::Done done) {
    if (*crc == wanted) return done({});
    COTERIE_REACHED("segment changed while it was made anew");
    done(fail(Fault::io, name + " has changed since it was read: start the node again"));
  };
}

}  // namespace

void add_renewal(world::Disk& disk, std::weak_ptr<void> owner, std::vector<Step>& steps,
                 const Renewal& renewal) {
  COTERIE_ASSERT(renewal.used_bytes <= renewal.size_bytes);
  steps.push_back(removal(disk, renewal.unfinished_name));
  steps.push_back([&disk, name = renewal.unfinished_name, size_bytes = renewal.size_bytes](
                      world::Disk::Done done) { disk.create(name, size_bytes, std::move(done)); });
  const auto crc = std::make_shared<uint32_t>(0);
  for (uint64_t at = 0; at < renewal.used_bytes; at += renewal_piece_bytes) {
    steps.push_back(copying(disk, owner, renewal, at, crc));
  }
  steps.push_back(comparing(renewal, crc));
  steps.push_back([&disk, name = renewal.unfinished_name](world::Disk::Done done) {
    disk.sync(name, std::move(done));
  });
  steps.push_back(renaming(disk, renewal.unfinished_name, renewal.name));
}

}  // namespace coterie::store
