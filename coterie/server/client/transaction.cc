// See transaction.h.
#include "coterie/server/client/transaction.h"

#include <charconv>

#include "coterie/server/resp/reply_conversion.h"
#include "coterie/store/state/batch.h"

namespace coterie::server {

namespace {
constexpr size_t item_overhead_bytes = 64;
}

void Transaction::begin(uint8_t db) {
  end();
  active_ = true;
  db_ = db;
}

void Transaction::end() {
  active_ = false;
  broken_ = false;
  only_state_ = true;
  state_commands_ = 0;
  bytes_ = 0;
  items_.clear();
  encoded_.take();
}

void Transaction::refuse() {
  const uint8_t db = db_;
  begin(db);
  broken_ = true;
}

void Transaction::add_item(TransactionItem item, size_t bytes) {
  bytes_ += bytes + item_overhead_bytes;
  items_.push_back(std::move(item));
}

void Transaction::queue_state(const state::CommandSpec& spec,
                              std::span<const std::string_view> args) {
  if (broken_) return;
  const size_t size = state::encode_command(encoded_, spec.number, db_, args);
  ++state_commands_;
  add_item({}, size);
}

void Transaction::queue_publish(const state::CommandSpec& spec,
                                std::span<const std::string_view> args) {
  if (broken_) return;
  queue_state(spec, args);
  items_.back().kind = TransactionItem::Kind::publish;
  items_.back().words.emplace_back(args[0]);
  bytes_ += args[0].size();
  only_state_ = false;
}

void Transaction::queue_local(std::span<const std::string_view> words) {
  if (broken_) return;
  TransactionItem item;
  item.kind = TransactionItem::Kind::local;
  size_t size = 0;
  for (std::string_view word : words) {
    size += word.size() + sizeof(std::string);
    item.words.emplace_back(word);
  }
  only_state_ = false;
  add_item(std::move(item), size);
}

Reply weave(const Reply& answer, const std::vector<TransactionItem>& items,
            const std::function<void(const std::vector<std::string>&, ReplyBuilder&)>& local,
            const std::function<int64_t(std::string_view)>& receivers) {
  std::string_view rest = answer.view();
  if (rest.empty() || rest[0] != '*' || rest.starts_with("*-1")) return answer;
  rest.remove_prefix(rest.find('\n') + 1);
  ReplyBuilder out(answer.size() + 64);
  out.array(items.size());
  for (const TransactionItem& item : items) {
    if (item.kind == TransactionItem::Kind::local) {
      local(item.words, out);
      continue;
    }
    const size_t size = resp::first_reply_bytes(rest);
    const std::string_view element = rest.substr(0, size);
    rest.remove_prefix(size);
    if (item.kind == TransactionItem::Kind::publish && element.starts_with(':')) {
      out.integer(receivers(item.words[0]));
    } else {
      out.raw(element);
    }
  }
  return out.take();
}

}  // namespace coterie::server
