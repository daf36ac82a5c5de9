// A scenario is a story of a cluster as text: commands, then `----`, then what came of them. It is
// read as documentation and checked as a test: what comes must be what stands there
// (tests/golden/raft).
//
// Time stands still unless a command lets it pass, and nobody's timer fires unless it is told;
// after each command all that is under way arrives (but see elect, tick and step). So a story has
// no chance in it but what its commands say.
//
//   cluster N [single]      founds a group of nodes 1 to N; first command of a scenario. single:
//   one entry a message timeout N               time passes until node N's timer; only N is told
//   elect N                 the same, but things happen only until N leads
//   tick N                  time passes until node N's timer; nothing arrives yet
//   step K                  K things happen: a message arrives, a write is durable
//   lose N                  what N has said and nobody has heard yet is lost
//   pass D                  time passes (milliseconds); nobody is told
//   propose N TEXT...       each word is an entry
//   read N                  a read at node N
//   transfer N TO           the leader N hands over to TO
//   compact N KEEP          node N makes a snapshot and keeps KEEP entries before it
//   crash N / restart N / wipe N / damage N FROM
//   disk N hold|release     its writes are not durable until released
//   partition 1 2 | 3       who is on different sides does not hear each other
//   heal
//   hello N                 the others hear which replica node N holds
//   hello N M               node M alone hears it
//   down N PEER             node N sees that its connection to PEER closed
//   state / log             prints all nodes / their logs; the committed entries stand before the
//   bar
#pragma once

#include <string>
#include <string_view>

namespace coterie::raft {

// The scenario with its outputs as they come now. Input that is no scenario is answered in the
// output, in its place.
std::string run_scenario(std::string_view text);

}  // namespace coterie::raft
