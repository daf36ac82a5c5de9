// See papers_format.h.
#include "coterie/store/log/papers_format.h"

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/reached.h"

namespace coterie::store {

namespace {

constexpr std::string_view papers_magic = "COTPAPER";
constexpr size_t papers_fixed_bytes = 64;

void append_copy(PayloadBuilder& out, const Papers& papers) {
  const size_t start = out.size();
  char* at = out.extend(papers_fixed_bytes);
  papers_magic.copy(at, papers_magic.size());
  store_le(at + 8, papers_format_version);
  store_le(at + 12, uint32_t{0});
  store_le(at + 16, papers.cluster.high);
  store_le(at + 24, papers.cluster.low);
  store_le(at + 32, papers.node.value);
  store_le(at + 40, papers.replica.high);
  store_le(at + 48, papers.replica.low);
  store_le(at + 56, static_cast<uint64_t>(papers.founding.size()));
  out.append(papers.founding);
  char crc[4];
  store_le(crc, crc32c(out.view().substr(start)));
  out.overwrite(start + 12, {crc, sizeof crc});
}

// The copy at the front of `bytes`; `used` says how long it is.
Result<std::optional<Papers>> decode_copy(std::string_view bytes, size_t& used) {
  used = 0;
  if (bytes.size() < papers_fixed_bytes || bytes.substr(0, 8) != papers_magic) return std::nullopt;
  const char* at = bytes.data();
  const auto length = load_le<uint64_t>(at + 56);
  if (length > founding_bytes_max || length > bytes.size() - papers_fixed_bytes) {
    return std::nullopt;
  }
  const std::string_view rest = bytes.substr(16, papers_fixed_bytes - 16 + length);
  constexpr std::string_view no_crc("\0\0\0\0", 4);
  if (load_le<uint32_t>(at + 12) != crc32c(rest, crc32c(no_crc, crc32c({at, 12})))) {
    return std::nullopt;
  }
  if (load_le<uint32_t>(at + 8) != papers_format_version) {
    return fail(Fault::invalid,
                fmt::format("data directory of format {}, this program knows {}: use the program "
                            "that wrote it, or an empty directory",
                            load_le<uint32_t>(at + 8), papers_format_version));
  }
  Papers papers;
  papers.cluster.high = load_le<uint64_t>(at + 16);
  papers.cluster.low = load_le<uint64_t>(at + 24);
  papers.node = NodeId(load_le<uint64_t>(at + 32));
  papers.replica.high = load_le<uint64_t>(at + 40);
  papers.replica.low = load_le<uint64_t>(at + 48);
  papers.founding = std::string(bytes.substr(papers_fixed_bytes, length));
  used = papers_fixed_bytes + length;
  return papers;
}

}  // namespace

Payload encode_papers(const Papers& papers) {
  COTERIE_ASSERT(papers.founding.size() <= founding_bytes_max);
  PayloadBuilder out(2 * (papers_fixed_bytes + papers.founding.size()));
  append_copy(out, papers);
  append_copy(out, papers);
  return out.take();
}

Result<PapersScan> scan_papers(std::string_view file) {
  PapersScan scan;
  // Both copies are equally long, so the second begins in the middle.
  for (const size_t start : {size_t{0}, file.size() / 2}) {
    size_t used = 0;
    COTERIE_TRY(papers, decode_copy(file.substr(start), used));
    if (papers && !scan.papers) {
      scan.papers = std::move(papers);
    } else if (!papers) {
      scan.one_bad = true;
    }
  }
  if (!scan.papers) {
    COTERIE_REACHED("both copies of the identity bad");
  } else if (scan.one_bad) {
    COTERIE_REACHED("one copy of the identity bad, the other one used");
  }
  return scan;
}

}  // namespace coterie::store
