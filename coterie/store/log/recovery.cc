// See recovery.h.
#include "coterie/store/log/recovery.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/reached.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store {

namespace {

const world::FileInfo* find(const std::vector<world::FileInfo>& files, std::string_view name) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const world::FileInfo& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

Result<Payload> load_whole(const world::FileInfo& file, const FileLoader& load) {
  if (file.size_bytes > payload_bytes_max) {
    return fail(Fault::invalid, file.name + " is larger than any file of the log");
  }
  return load(file.name, 0, file.size_bytes);
}

// A file that did not come to bear the name under which it counts.
bool is_unfinished(std::string_view name) {
  return name == identity_file_new || name == state_file_new || is_unfinished_segment(name) ||
         is_unfinished_snapshot(name);
}

// The identity, or a note why there is none.
Result<void> recover_papers(const std::vector<world::FileInfo>& files, const FileLoader& load,
                            RecoveredDirectory& out) {
  const world::FileInfo* file = find(files, identity_file);
  if (file == nullptr) {
    if (!out.all_files.empty()) {
      COTERIE_REACHED("files without an identity");
      out.recovery.notes.push_back(
          "the identity file is missing: the other files belong to an unfinished first start, or "
          "to a replica that cannot be known any more");
    }
    return {};
  }
  COTERIE_TRY(bytes, load_whole(*file, load));
  COTERIE_TRY(scan, scan_papers(bytes.view()));
  if (!scan.papers) {
    out.recovery.notes.push_back("the identity file is damaged: this replica is as wiped");
  } else if (scan.one_bad) {
    out.recovery.notes.push_back("one copy in the identity file is damaged, the other one is used");
  }
  out.recovery.papers = std::move(scan.papers);
  return {};
}

// Whether any file holds more than an unfinished first start may have left.
bool holds_data(const std::vector<world::FileInfo>& files, const FileLoader& load) {
  return std::any_of(files.begin(), files.end(), [&](const world::FileInfo& file) {
    if (snapshot_index(file.name)) return true;
    if (!segment_sequence(file.name)) return false;
    const auto bytes = load_whole(file, load);
    if (!bytes) return true;
    const std::string_view view = bytes->view();
    return view.find_first_not_of('\0', std::min(view.size(), segment_header_bytes)) !=
           std::string_view::npos;
  });
}

void lose_state(RecoveredDirectory& out, const std::string& why) {
  COTERIE_REACHED("term and vote lost");
  out.recovery.notes.push_back(why + ": this replica is as wiped");
  out.recovery.former = std::move(out.recovery.papers);
  out.recovery.papers.reset();
}

Result<void> recover_state(const std::vector<world::FileInfo>& files, const FileLoader& load,
                           const ReplicaId& replica, RecoveredDirectory& out) {
  const world::FileInfo* file = find(files, state_file);
  if (file == nullptr) {
    lose_state(out, "the state file with term and vote is missing");
    return {};
  }
  COTERIE_TRY(bytes, load_whole(*file, load));
  COTERIE_TRY(scan, scan_state(bytes.view(), replica));
  if (!scan.state) {
    lose_state(out, "the state file with term and vote is damaged");
    return {};
  }
  if (scan.one_bad) {
    out.recovery.notes.push_back("one slot of the state file is damaged, the other one is used");
  }
  out.state = *scan.state;
  out.state_spare_slot = scan.spare_slot;
  return {};
}

Result<SnapshotFile> load_candidate(const world::FileInfo& file, const FileLoader& load,
                                    SnapshotTaker* taker) {
  const auto read = [&](uint64_t offset, uint64_t size_bytes) {
    return load(file.name, offset, size_bytes);
  };
  return load_snapshot(file.size_bytes, read, snapshot_index(file.name), taker);
}

// The newest snapshot that is whole and of use.
Result<void> recover_snapshot(const std::vector<world::FileInfo>& files, const FileLoader& load,
                              SnapshotTaker* taker, RecoveredDirectory& out) {
  // Names order by index.
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const std::optional<Index> index = snapshot_index(file->name);
    if (!index) continue;
    if (out.recovery.snapshot) {
      out.useless.push_back(file->name);
      continue;
    }
    auto loaded = load_candidate(*file, load, taker);
    if (loaded) {
      out.recovery.snapshot = *std::move(loaded);
      continue;
    }
    const Error& error = loaded.error();
    if (error.fault == Fault::invalid) {
      return fail(Fault::invalid, fmt::format("{}: {}", file->name, error.message));
    }
    COTERIE_REACHED("damaged snapshot passed over");
    if (error.fault == Fault::refused) COTERIE_REACHED("snapshot of no use passed over");
    out.recovery.notes.push_back(
        fmt::format("snapshot {} cannot be used ({})", file->name, error.message));
    out.snapshot_missing = std::max(out.snapshot_missing, *index);
    // What the disk could not read now, or this program not understand, may be read later.
    if (error.fault == Fault::corrupt) out.useless.push_back(file->name);
  }
  return {};
}

Result<std::vector<SegmentScan>> scan_segments(const std::vector<world::FileInfo>& files,
                                               const FileLoader& load, const ReplicaId& replica) {
  std::vector<SegmentScan> scans;
  for (const world::FileInfo& file : files) {
    const auto sequence = segment_sequence(file.name);
    if (!sequence) continue;
    auto bytes = load_whole(file, load);
    if (!bytes) {
      COTERIE_REACHED("segment that cannot be read");
      SegmentScan& scan = scans.emplace_back();
      scan.sequence = *sequence;
      scan.tail = SegmentTail::lost;
      continue;
    }
    COTERIE_TRY(scan, scan_segment(*bytes, *sequence, replica));
    scans.push_back(std::move(scan));
  }
  return scans;
}

Term newest_term(const std::vector<Entry>& entries) {
  Term newest;
  for (const Entry& entry : entries) newest = std::max(newest, entry.term);
  return newest;
}

// Brings together what the state file, the snapshot and the segments say.
void conclude(RecoveredDirectory& out) {
  Recovery& recovery = out.recovery;
  HardState& hard_state = out.state.hard_state;
  recovery.notes.insert(recovery.notes.end(), out.log.notes.begin(), out.log.notes.end());
  if (out.snapshot_missing >= out.log.next) {
    // It was durable under its name: what it held may have been acknowledged.
    COTERIE_REACHED("snapshot beyond the log cannot be used");
    recovery.notes.push_back(fmt::format("entries {} to {} were in that snapshot only",
                                         out.log.next, out.snapshot_missing));
    out.log.damaged = true;
  }
  if (out.log.damaged) {
    recovery.notes.push_back(
        "the log is damaged: this replica neither votes nor leads until it has been repaired from "
        "its peers; if too few of them are whole to elect a leader, stop it and ask `coterie "
        "recover` what can be saved");
    hard_state.damaged = true;
  }
  const Term newest = newest_term(out.log.entries);
  if (recovery.papers && newest > hard_state.term) {
    // The term is durable before any entry of it.
    lose_state(out, fmt::format("the state file says term {}, but the log holds entries of term {}",
                                hard_state.term, newest));
  }
  hard_state.term = std::max(hard_state.term, newest);
  if (recovery.snapshot && recovery.snapshot->term > hard_state.term) {
    // It came from a leader whose term was not durable here yet: nothing was promised in that term.
    COTERIE_REACHED("term raised to the snapshot's");
    hard_state.term = recovery.snapshot->term;
    hard_state.vote = {};
  }
  if (recovery.papers) {
    recovery.clean = !out.state.unsynced;
  } else {
    // What is left serves to write a new state file, if that is what the operator wants.
    hard_state.vote = {};
  }
  recovery.hard_state = hard_state;
  recovery.entries = std::move(out.log.entries);
}

}  // namespace

bool is_log_file(std::string_view name) {
  return name == identity_file || name == state_file || segment_sequence(name) ||
         snapshot_index(name) || is_unfinished(name);
}

Result<RecoveredDirectory> recover_directory(const std::vector<world::FileInfo>& files,
                                             const FileLoader& load, SnapshotTaker* taker) {
  RecoveredDirectory out;
  for (const world::FileInfo& file : files) {
    if (!is_log_file(file.name)) continue;
    out.all_files.push_back(file.name);
    if (is_unfinished(file.name)) out.useless.push_back(file.name);
    if (const auto sequence = segment_sequence(file.name)) {
      out.sequence_max = std::max(out.sequence_max, *sequence);
    }
  }
  COTERIE_CHECK(recover_papers(files, load, out));
  if (!out.recovery.papers) {
    out.recovery.orphaned = holds_data(files, load);
    return out;
  }
  const ReplicaId replica = out.recovery.papers->replica;
  COTERIE_CHECK(recover_state(files, load, replica, out));
  COTERIE_CHECK(recover_snapshot(files, load, taker, out));
  COTERIE_TRY(scans, scan_segments(files, load, replica));
  out.log = stitch_log(std::move(scans), out.state, out.recovery.snapshot);
  out.sequence_max = std::max(out.sequence_max, out.state.newest_segment);
  conclude(out);
  return out;
}

}  // namespace coterie::store
