// A small run that a reader can hold in the head, for the tests of the pictures: three nodes of
// which the third is cut off, crashes and comes back, and a read that misses a write.
#pragma once

#include "coterie/picture/run.h"

namespace coterie::picture {

inline constexpr int64_t test_ms = 1'000'000;

inline ClientOperation test_operation(uint32_t client, proof::Call call, std::string result,
                                      int64_t called_ms, int64_t returned_ms, uint32_t node) {
  proof::Operation operation;
  operation.client = client;
  operation.calls = {std::move(call)};
  operation.result = proof::Value::of(std::move(result));
  operation.called_ns = called_ms * test_ms;
  operation.returned_ns = returned_ms * test_ms;
  return {std::move(operation), node};
}

inline Run test_run() {
  using Fate = Message::Fate;
  Run run;
  run.title = "seed 7, 3 nodes";
  run.command = "coterie sim --seed 7 --html failure.html";
  run.span = {0, 1'000 * test_ms};
  run.nodes = {{1, {}}, {2, {}}, {3, {}}};
  run.operations = {test_operation(1, {"set", "x", {"1"}}, "OK", 100, 140, 1),
                    test_operation(2, {"get", "x", {}}, "0", 500, 560, 3),
                    test_operation(1, {"set", "y", {"2"}}, "OK", 600, 800, 1),
                    test_operation(2, {"get", "y", {}}, "2", 900, 901, 3)};
  run.operations[2].operation.outcome = proof::Outcome::unknown;
  run.verdict = {Verdict::Kind::violated,
                 "client 2 read x = 0 after client 1's write of 1 had returned.",
                 {1, 0}};
  const auto message = [](uint64_t number, uint32_t from, uint32_t to, int64_t sent, int64_t ended,
                          Fate fate, const char* text) {
    return Message{number, from, to, sent * test_ms, ended * test_ms, fate, false, false, "append",
                   text,   {},   100};
  };
  run.messages = {message(1, 1, 2, 101, 105, Fate::delivered, "append 3 t1"),
                  message(2, 1, 3, 101, 101, Fate::lost, "append 3 t1"),
                  message(3, 2, 1, 106, 110, Fate::delivered, "has 3 t1"),
                  message(3, 2, 1, 106, 112, Fate::delivered, "has 3 t1"),
                  message(4, 3, 1, 510, 700, Fate::cut, "vote request t2"),
                  message(5, 1, 2, 950, 0, Fate::under_way, "heartbeat t1")};
  run.messages[3].copy = true;
  run.messages[5].routine = true;
  run.conditions = {{3, Condition::Kind::down, {200 * test_ms, 400 * test_ms}, "crash"},
                    {2, Condition::Kind::paused, {650 * test_ms, 700 * test_ms}, {}}};
  run.marks = {{3, Mark::Kind::crashed, 200 * test_ms, "crash"},
               {3, Mark::Kind::started, 400 * test_ms, "started"},
               {1, Mark::Kind::logged, 420 * test_ms, "a plain line"}};
  for (const uint32_t peer : {1u, 2u}) {
    run.blocked.push_back({3, peer, {480 * test_ms, 720 * test_ms}});
    run.blocked.push_back({peer, 3, {480 * test_ms, 720 * test_ms}});
  }
  run.disk = {{1, 101 * test_ms, 103 * test_ms, DiskWork::Fate::done, true, "write log synced"},
              {3, 199 * test_ms, 200 * test_ms, DiskWork::Fate::lost, true, "write log synced"}};
  run.standings = {{1, {0, 1'000 * test_ms}, Standing::Role::leader, 1, 1, {}},
                   {2, {0, 1'000 * test_ms}, Standing::Role::follower, 1, 1, {}},
                   {3, {0, 200 * test_ms}, Standing::Role::follower, 1, 1, {}},
                   {3, {400 * test_ms, 505 * test_ms}, Standing::Role::follower, 1, 0, {}},
                   {3, {505 * test_ms, 1'000 * test_ms}, Standing::Role::candidate, 2, 0, {}}};
  run.commits = {{1, 110 * test_ms, 3}};
  run.clocks = {{3, 0, 50 * test_ms, false}, {3, 1'000 * test_ms, 60 * test_ms, false}};
  return run;
}

}  // namespace coterie::picture
