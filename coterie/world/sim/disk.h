// The disk of a simulated node. It keeps the contract of world::Disk to the letter and no further:
// what is not promised does not happen for long. Usable alone: submissions queue up until
// complete_one() or run_completions(); or the simulation decides when each is due. The disk
// outlives the node: after crash() a new node finds what survived.
//
//   sim::SimDisk disk(seed);
//   disk.create("a", 4096, [](Result<void> done) {...});
//   disk.run_completions();
//   disk.crash({.survival = sim::Survival::none});
//
// What survives a loss of power is said in file_image.h. Besides: a submission that has not
// completed may have happened, in part or not at all; a removal may be undone until a later create
// or rename has completed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/world/sim/file_image.h"
#include "coterie/world/sim/options.h"
#include "coterie/world/world.h"

namespace coterie::sim {

enum class DiskOperation : uint8_t { create, write, sync, read, rename, remove };
const char* disk_operation_name(DiskOperation operation);

// What the simulation, or a test, may know of a submission.
struct Submission {
  uint64_t number = 0;  // rises by one, never used again
  DiskOperation operation = DiskOperation::write;
  bool durable = false;  // done means that something is durable
  uint64_t size_bytes = 0;
  std::string_view name;                        // this and `parts` are valid during the call
  const std::vector<Payload>* parts = nullptr;  // of a write
};

struct DiskCounters {
  uint64_t submitted = 0;
  uint64_t completed = 0;
  uint64_t syncs = 0;  // write with Sync::yes included
  uint64_t written_bytes = 0;
};

class SimDisk final : public world::Disk {
 public:
  explicit SimDisk(uint64_t seed, DiskOptions options = {});

  Result<std::vector<world::FileInfo>> list() override;
  Result<Payload> load(std::string_view name) override;
  Result<Payload> load_piece(std::string_view name, uint64_t offset, uint64_t size_bytes) override;
  void create(std::string_view name, uint64_t size_bytes, Done done) override;
  void write(std::string_view name, uint64_t offset, std::vector<Payload> parts, world::Sync sync,
             Done done) override;
  void sync(std::string_view name, Done done) override;
  void read(std::string_view name, uint64_t offset, uint64_t size_bytes, ReadDone done) override;
  void rename(std::string_view from, std::string_view to, Done done) override;
  void remove(std::string_view name, Done done) override;

  // Alone: completes the oldest submission that can complete; false when there is none.
  bool complete_one();
  // The same for any one that may complete next: those on one file stay in order, others need not.
  bool complete_any(Random& random);
  // Until nothing is left that can complete, those included that are submitted on the way.
  void run_completions();
  size_t pending() const { return pending_.size() - finished_; }

  // In a simulation: told of each submission, from within it; it may not call the disk or the node.
  void on_submission(std::function<void(const Submission&)> listener) {
    listener_ = std::move(listener);
  }
  // It is due: takes effect now, unless an earlier one on its file has yet to or the disk is
  // stalled; then as soon as that is over. `executed` gets the numbers of those that have taken
  // effect by this call, in order.
  void due(uint64_t number, std::vector<uint64_t>& executed);
  bool awaits(uint64_t number) const;  // submitted, not yet delivered, and no crash since
  // Calls done. REQUIRES: executed, and not delivered yet.
  void deliver(uint64_t number);

  // The node's process has ended, or its machine: nothing more completes; callbacks are dropped
  // uncalled.
  void crash(Random& random, const CrashOptions& options = {});
  void crash(const CrashOptions& options = {}) { crash(random_, options); }
  void wipe();  // all files are gone; as crash otherwise

  // Faults. The next `count` operations of that kind fail; `sync` means writes with Sync::yes too.
  void fail_next(DiskOperation operation, Fault fault = Fault::io, unsigned count = 1);
  bool will_fail(DiskOperation operation) const {  // of fail_next(), some are left
    return failing_[static_cast<size_t>(operation)].first > 0;
  }
  // While stalled, at most until a crash, nothing takes effect; what fell due meanwhile does when
  // due() or resume() is called.
  void stall() { stalled_ = true; }
  void resume(std::vector<uint64_t>& executed);
  void resume();  // alone
  void set_capacity(uint64_t bytes) { options_.capacity_bytes = bytes; }
  void flip_bit(std::string_view name, uint64_t offset, unsigned bit);  // REQUIRES: inside the file
  void mark_unreadable(std::string_view name, uint64_t offset, uint64_t size_bytes);
  // The next write to a file whose name ends so goes to another place in it, by whole sectors, and
  // reports success. REQUIRES: not empty
  void misdirect_next_write(std::string_view suffix) { misdirect_next_ = suffix; }
  // REQUIRES no further calls of list() and load() from here on, until a crash. The simulation says
  // so after the first turn.
  void forbid_recovery() { recovering_ = false; }

  const DiskOptions& options() const { return options_; }
  void set_options(const DiskOptions& options) { options_ = options; }
  // The error with which an executed submission will be delivered; null when it went well.
  // REQUIRES: awaits(number)
  const Error* outcome(uint64_t number);
  // How long this submission takes, drawn from the disk's own stream.
  Duration draw_delay(const Submission& submission);

  // For tests: what reads would see, without a submission.
  bool exists(std::string_view name) const { return files_.contains(name); }
  std::vector<std::string> names() const;
  std::string content(std::string_view name) const;  // REQUIRES: exists
  uint64_t used_bytes() const { return used_bytes_; }
  const DiskCounters& counters() const { return counters_; }

 private:
  struct Pending {
    uint64_t number = 0;
    DiskOperation operation = DiskOperation::write;
    world::Sync sync = world::Sync::no;
    bool is_due = false;
    bool executed = false;
    bool finished = false;  // delivered, or being delivered
    std::string name;
    std::string to;
    uint64_t offset = 0;
    uint64_t size_bytes = 0;
    std::vector<Payload> parts;
    Done done;
    ReadDone read_done;
    Result<Payload> result;

    bool touches(const std::string& other) const {
      return name == other || (!to.empty() && to == other);
    }
    bool makes_durable() const;
  };

  Pending& submit(DiskOperation operation, std::string_view name);
  void announce(const Pending& pending);
  Pending& at(uint64_t number);  // REQUIRES: awaits(number)
  bool may_execute(const Pending& pending) const;
  void execute(Pending& pending);
  void execute_due(std::vector<uint64_t>& executed);
  Result<Payload> carry_out(Pending& pending);
  Result<Payload> carry_out_create(const Pending& pending);
  Result<Payload> carry_out_write(Pending& pending);
  Result<Payload> carry_out_sync(const Pending& pending);
  Result<Payload> read_range(std::string_view name, uint64_t offset, uint64_t size_bytes);
  Result<Payload> carry_out_rename(const Pending& pending);
  Result<Payload> carry_out_remove(const Pending& pending);
  bool fails(DiskOperation operation, double probability, Fault& fault);
  FileImage* find(std::string_view name);
  uint64_t room() const;
  void write_parts(FileImage& file, const Pending& pending, uint64_t limit_bytes, bool durable);
  void settle_pending(Random& random, const CrashOptions& options, Survival survival);
  bool settle_one(Random& random, const CrashOptions& options, Survival survival, Pending& pending);
  void drop_pending();

  DiskOptions options_;
  Random random_;        // faults and crashes
  Random delay_random_;  // delays
  std::map<std::string, std::shared_ptr<FileImage>, std::less<>> files_;
  std::vector<std::pair<std::string, std::shared_ptr<FileImage>>> removed_;  // and not yet for good
  uint64_t used_bytes_ = 0;
  std::deque<Pending> pending_;  // by number, without gaps; finished ones leave at the front
  size_t finished_ = 0;
  size_t overdue_ = 0;  // due, and waiting for an earlier one or for resume()
  uint64_t next_number_ = 0;
  std::function<void(const Submission&)> listener_;
  std::array<std::pair<unsigned, Fault>, 6> failing_{};
  bool stalled_ = false;
  std::string misdirect_next_;  // empty: none
  bool recovering_ = true;
  DiskCounters counters_;
};

}  // namespace coterie::sim
