// How many of a group's voters decide: a majority, because any two majorities share a member
// (Ongaro & Ousterhout 2014, section 5.4.3).
#pragma once

#include <cstddef>

namespace coterie::raft {

// Of that many voters. REQUIRES nothing; 1 for none, which no group has.
size_t quorum_size(size_t voters);

}  // namespace coterie::raft
