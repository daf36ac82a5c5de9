// Large structures are freed a little at a time: what nobody refers to any more is put aside, and
// each applied entry frees some of it. So neither FLUSHALL, nor the end of a snapshot that kept old
// versions alive, nor DEL of a list of millions makes a turn long.
//
// What is put aside belongs to the thread, as the counts of references do (it is memory, not state:
// nothing that a machine computes depends on it). It is freed at the latest when the thread ends.
#pragma once

#include <cstddef>

namespace coterie::state {

// Takes over `garbage`, to be freed by `free`, which may put aside more.
void reclaim_later(void* garbage, void (*free)(void* garbage));

// Frees some of what was put aside: a fixed share of it, one piece at least. A piece is some
// thousand elements at most.
void reclaim_some();
void reclaim_all();
size_t reclaim_backlog();  // pieces put aside

}  // namespace coterie::state
