// A data directory made of any bytes. The input is read twice: as the bytes of each kind of file,
// and as a plan for a directory whose checksums are right but whose content makes little sense, so
// that the fuzzer gets to where the segments are put together. Recovery ends, and what it gives has
// the shape that the rest relies on.
#include <map>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/recover_files.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace {

using namespace coterie;
using namespace coterie::store;

constexpr uint64_t file_bytes = 8192;
constexpr ReplicaId replica{{1, 2}};

class Plan {
 public:
  explicit Plan(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  uint32_t below(uint32_t bound) { return byte() % bound; }

 private:
  std::string_view rest_;
};

std::string segment_of(uint32_t sequence) {
  std::string file = encode_segment_header({sequence, {}, replica, file_bytes}).text();
  file.resize(file_bytes, '\0');
  return file;
}

LogEnd place(Plan& plan) {
  return {plan.below(5), segment_header_bytes + plan.below(9) * batch_alignment_bytes};
}

void add_record(Plan& plan, BatchBuilder& batch) {
  switch (plan.below(8)) {
    case 0:
      return batch.add(RecordKind::opening, encode_opening(place(plan)));
    case 1:
      return batch.add(RecordKind::reset, encode_reset(Index(1 + plan.below(12))));
    default: {
      const Entry header{.group = GroupId(1),
                         .kind = EntryKind::commands,
                         .feature_level = 1,
                         .term = Term(plan.below(6)),
                         .index = Index(1 + plan.below(12)),
                         .stamp_ms = 0,
                         .bytes = {}};
      batch.add(RecordKind::entry, make_entry(header, std::string(plan.below(200), 'x')).bytes);
    }
  }
}

void add_batch(Plan& plan, std::map<std::string, std::string>& files) {
  const uint32_t sequence = 1 + plan.below(4);
  std::string& file = files[segment_name(sequence)];
  if (file.empty()) file = segment_of(sequence);
  const uint64_t start = segment_header_bytes + plan.below(8) * batch_alignment_bytes;
  BatchBuilder batch(sequence, replica, start);
  if (start == segment_header_bytes && plan.below(4) > 0) {
    batch.add(RecordKind::opening, encode_opening({sequence - 1, place(plan).offset}));
  }
  for (uint32_t count = 1 + plan.below(4); count > 0; --count) add_record(plan, batch);
  std::string bytes;
  for (const Payload& part : batch.take()) bytes += part.view();
  if (start + bytes.size() <= file.size()) file.replace(start, bytes.size(), bytes);
}

std::string state_of(Plan& plan) {
  StateRecord state;
  state.counter = 1;
  state.hard_state = {Term(plan.below(8)), {}, plan.below(4) == 0};
  state.unsynced = plan.below(4) == 0;
  state.stopped = plan.below(4) == 0;
  state.open_segment = plan.below(5);
  state.newest_segment = plan.below(6);
  state.first_segment = plan.below(3);
  state.end = place(plan);
  state.cut = place(plan);
  state.cut_segment = plan.below(4);
  return encode_state_slot(state, replica).text();
}

void expect_shape(const Result<RecoveredDirectory>& recovered) {
  if (!recovered) return;
  if (!recovered->recovery.papers && !recovered->recovery.former) return;
  const Recovery& found = recovered->recovery;
  const Index snapshot = found.snapshot ? found.snapshot->index : Index(0);
  for (size_t i = 1; i < found.entries.size(); ++i) {
    COTERIE_ASSERT(found.entries[i].index == found.entries[i - 1].index.next());
  }
  if (!found.entries.empty()) {
    COTERIE_ASSERT(found.entries.front().index <= snapshot.next());
    COTERIE_ASSERT(found.entries.back().index >= snapshot);
    COTERIE_ASSERT(recovered->log.next == found.entries.back().index.next());
  }
  for (const LiveSegment& live : recovered->log.live) {
    COTERIE_ASSERT(live.sequence <= recovered->log.end.sequence);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view given(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> files;
  files["identity"] = encode_papers({{}, NodeId(1), replica, ""}).text();
  Plan plan(given);
  files["state"] = state_of(plan);
  if (plan.below(3) == 0) {
    const SnapshotFile about{Index(1 + plan.below(12)), Term(plan.below(6)), "", 0};
    files[snapshot_name(about.index)] =
        encode_snapshot_header(about).text() +
        encode_snapshot_footer(snapshot_header_crc(about), 0, 0).text();
  }
  while (!plan.done()) add_batch(plan, files);
  expect_shape(recover(files));

  // The same bytes, as they are.
  const std::string text(given);
  (void)scan_papers(given);
  (void)scan_state(given, replica);
  (void)check_snapshot(given);
  files = {{"identity", files["identity"]}, {"state", text}, {segment_name(1), segment_of(1)}};
  files[segment_name(1)].replace(segment_header_bytes, std::string::npos, text);
  expect_shape(recover(files));
  return 0;
}
