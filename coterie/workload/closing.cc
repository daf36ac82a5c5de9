// The last reader: when all is quiet it reads every key that the scripts may have written, once.
// The judges take these reads like any others, so what was acknowledged and is not there convicts.
#include <fmt/format.h>

#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

struct Read {
  std::vector<std::string> words;
  proof::Call call;
  proof::Value (*reading)(const resp::Value&);
};

Read get(const std::string& key) { return {{"GET", key}, {"get", key, {}}, as_text}; }

std::vector<Read> all_reads(const ScriptOptions& options, uint32_t clients) {
  std::vector<Read> reads;
  const auto named = [](std::string_view prefix, uint64_t n) {
    return fmt::format("{}{}", prefix, n);
  };
  for (uint64_t n = 0; n < options.keys; ++n) reads.push_back(get(named(string_prefix, n)));
  reads.push_back(get(fmt::format("{}cell", string_prefix)));
  for (uint64_t n = 0; n < 2; ++n) reads.push_back(get(named(counter_prefix, n)));
  for (uint64_t n = 0; n < 3; ++n) reads.push_back(get(named(account_prefix, n)));
  for (uint32_t client = 0; client < clients; ++client) reads.push_back(get(once_counter(client)));
  for (uint64_t n = 0; n < 2; ++n) {
    const std::string set = named(set_prefix, n), hash = named(hash_prefix, n),
                      queue = named(queue_prefix, n);
    reads.push_back({{"SMEMBERS", set}, {"smembers", set, {}}, as_list});
    reads.push_back({{"HGETALL", hash}, {"hgetall", hash, {}}, as_list});
    reads.push_back({{"LRANGE", queue, "0", "-1"}, {"lrange", queue, {}}, as_list});
  }
  return reads;
}

class ClosingReads final : public Conversation {
 public:
  ClosingReads(const ScriptOptions& options, std::vector<Read> reads)
      : Conversation(options), reads_(std::move(reads)) {}

 protected:
  Words begin() override { return reads_[conversations() - 1].words; }
  Words heard(const Heard& heard) override {
    const Read& read = reads_[conversations() - 1];
    record(operation(heard, {read.call}, read.reading(heard.value)));
    return {};
  }

 private:
  std::vector<Read> reads_;
};

}  // namespace

std::unique_ptr<Script> closing_reads(const ScriptOptions& options, uint32_t clients) {
  std::vector<Read> reads = all_reads(options, clients);
  ScriptOptions own = options;
  own.pause_mean = {};
  own.hurry = 0;
  own.left_out.clear();
  own.starts.clear();
  own.conversations_max = reads.size();
  return std::make_unique<ClosingReads>(own, std::move(reads));
}

}  // namespace coterie::workload
