// For tests: a LogDriver writes entries as a leader would and applies them to a State.
#pragma once

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/state/state.h"
#include "coterie/store/state/transaction.h"

namespace coterie::state {

// The command that words mean, encoded. The first word is a name, or #N for the number N.
inline std::string encoded(const std::vector<std::string>& words, uint8_t db = 0) {
  uint16_t number = 0;
  if (words[0][0] == '#') {
    number = static_cast<uint16_t>(std::stoi(words[0].substr(1)));
  } else {
    const CommandSpec* spec = find_command(words[0]);
    EXPECT_NE(spec, nullptr) << words[0];
    if (spec != nullptr) number = spec->number;
  }
  const std::vector<std::string_view> args(words.begin() + 1, words.end());
  PayloadBuilder out;
  encode_command(out, number, db, args);
  return std::string(out.view());
}

// A block of commands that are encoded already.
inline std::string block_of(const BlockHeader& about, const std::vector<std::string>& commands) {
  std::string all;
  for (const std::string& command : commands) all += command;
  BlockHeader header = about;
  header.count = static_cast<uint32_t>(commands.size());
  PayloadBuilder out;
  encode_block_header(out, header, all.size());
  out.append(all);
  return std::string(out.view());
}

inline Entry entry_of(uint64_t index, int64_t stamp_ms, std::string_view body,
                      EntryKind kind = EntryKind::commands) {
  return make_entry({.group = GroupId(1),
                     .kind = kind,
                     .feature_level = 1,
                     .term = Term(1),
                     .index = Index(index),
                     .stamp_ms = stamp_ms,
                     .bytes = {}},
                    body);
}

class LogDriver {
 public:
  using Words = std::vector<std::string>;

  State state;
  ApplyEffects effects;  // of the last entry
  int64_t now_ms = 1'000;

  void apply(std::string_view body, EntryKind kind = EntryKind::commands) {
    effects.clear();
    state.apply(entry_of(state.applied().value + 1, now_ms, body, kind), effects);
  }
  // An entry without commands at that log time.
  void stamp(int64_t at_ms) {
    now_ms = at_ms;
    apply("", EntryKind::stamp);
  }

  SessionId open(uint64_t node, uint64_t nonce = 1) {
    apply(block_of({}, {encoded({"#1", std::to_string(node), "000000000000000000000000000000aa",
                                 std::to_string(nonce)})}));
    EXPECT_EQ(effects.opened.size(), 1u);
    return effects.opened.empty() ? SessionId{} : effects.opened.back().session;
  }
  void close(SessionId session) {
    apply(block_of({}, {encoded({"#2", std::to_string(session.value)})}));
  }
  uint64_t last(SessionId session) const { return state.session(session)->last_applied; }

  // One command of a session, with its next number. The reply; empty: it waits.
  std::string run(SessionId session, const Words& words, uint8_t db = 0) {
    return run_encoded(session, encoded(words, db));
  }
  std::string run_encoded(SessionId session, const std::string& command) {
    const uint64_t number = last(session) + 1;
    apply(block_of({.session = session,
                    .first_number = number,
                    .acknowledged = acknowledge_all ? number - 1 : 0},
                   {command}));
    return reply_of(session, number);
  }
  // The reply of the last entry's effects to that request; empty: none.
  std::string reply_of(SessionId session, uint64_t number) const {
    std::string found;
    for (const SessionReply& reply : effects.replies) {
      if (reply.session == session && reply.number == number) found = reply.reply.text();
    }
    return found;
  }
  bool acknowledge_all = false;
};

// The bytes of the example at the end of a file of docs/formats: its indented lines are
// hexadecimal.
inline std::string documented_example(const std::string& file) {
  std::ifstream in(std::string(COTERIE_SOURCE_DIR) + "/docs/formats/" + file);
  EXPECT_TRUE(in) << file;
  std::string bytes, line;
  bool in_example = false;
  while (std::getline(in, line)) {
    in_example = in_example || line == "## An example";
    if (!in_example || !line.starts_with("    ")) continue;
    std::istringstream digits(line);
    for (std::string byte; digits >> byte;) {
      bytes += static_cast<char>(std::stoi(byte, nullptr, 16));
    }
  }
  return bytes;
}

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// The whole snapshot of a state, in pieces of random sizes.
inline std::string snapshot_of(const State& state, Random& random) {
  SnapshotSource source(state);
  std::string all;
  while (auto piece = source.next(1 + random.below(5'000))) all += piece->view();
  return all;
}

inline Result<State> load(std::string_view snapshot, Random& random) {
  SnapshotLoader loader;
  while (!snapshot.empty()) {
    const size_t count = std::min<size_t>(snapshot.size(), 1 + random.below(9'000));
    if (auto fed = loader.feed(snapshot.substr(0, count)); !fed) return tl::unexpected(fed.error());
    snapshot.remove_prefix(count);
  }
  return loader.finish();
}

}  // namespace coterie::state
