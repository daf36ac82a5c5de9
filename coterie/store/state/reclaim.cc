// See reclaim.h.
#include "coterie/store/state/reclaim.h"

#include <vector>

namespace coterie::state {

namespace {

struct Piece {
  void* garbage;
  void (*free)(void* garbage);
};

// Objects of static storage may be freed after the thread's own: then nothing is put aside any
// more.
thread_local bool ended = false;

struct Backlog {
  std::vector<Piece> pieces;
  ~Backlog() {
    while (free_one()) continue;
    ended = true;
  }
  bool free_one() {
    if (pieces.empty()) return false;
    const Piece piece = pieces.back();
    pieces.pop_back();
    piece.free(piece.garbage);
    return true;
  }
};
thread_local Backlog backlog;

// So a backlog of n pieces is gone after about this many times log(n) entries, however fast it
// grows.
constexpr size_t share = 64;

}  // namespace

void reclaim_later(void* garbage, void (*free)(void* garbage)) {
  if (ended) return free(garbage);
  backlog.pieces.push_back({garbage, free});
}

void reclaim_some() {
  for (size_t count = 1 + backlog.pieces.size() / share; count > 0 && backlog.free_one(); --count)
    continue;
}

void reclaim_all() {
  while (backlog.free_one()) continue;
}

size_t reclaim_backlog() { return backlog.pieces.size(); }

}  // namespace coterie::state
