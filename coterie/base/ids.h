// Identities are types: a term is never an index, a node never a replica.
//   node     a named place in the cluster (1, 2, 3 ...), with addresses; it survives its disk.
//   replica  a random 128-bit identity, made and synced when a data directory is first used. A node
//   whose disk was
//            wiped holds a new replica: what the old one promised, the new one does not remember.
//   term, index  Raft's (Ongaro & Ousterhout 2014, section 5.1, 5.3). Index 0 and term 0 mean "none
//   yet".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include <fmt/format.h>

namespace coterie {

template <class Tag>
struct Id {
  uint64_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(uint64_t v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;

  constexpr Id next() const { return Id(value + 1); }
  constexpr Id previous() const { return Id(value - 1); }  // REQUIRES: value > 0
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr Id operator+(Id a, uint64_t n) { return Id(a.value + n); }
  friend constexpr Id operator-(Id a, uint64_t n) { return Id(a.value - n); }
  friend constexpr int64_t operator-(Id a, Id b) { return static_cast<int64_t>(a.value - b.value); }
};

using NodeId = Id<struct NodeTag>;
using GroupId = Id<struct GroupTag>;  // one Raft group; the router returns one group today
using Term = Id<struct TermTag>;
using Index = Id<struct IndexTag>;
using SessionId = Id<struct SessionTag>;  // from the log: the index of the entry that opened it
using Revision =
    Id<struct RevisionTag>;  // one per changing command; a key keeps that of its last change

// 128 random bits. All zero means "none".
struct Identity {
  uint64_t high = 0;
  uint64_t low = 0;

  constexpr auto operator<=>(const Identity&) const = default;
  constexpr explicit operator bool() const { return (high | low) != 0; }
  std::string text() const { return fmt::format("{:016x}{:016x}", high, low); }
};

struct ReplicaId : Identity {
  constexpr auto operator<=>(const ReplicaId&) const = default;
};
struct ClusterId : Identity {
  constexpr auto operator<=>(const ClusterId&) const = default;
};

}  // namespace coterie

template <class Tag>
struct fmt::formatter<coterie::Id<Tag>> : fmt::formatter<uint64_t> {
  auto format(coterie::Id<Tag> id, fmt::format_context& context) const {
    return fmt::formatter<uint64_t>::format(id.value, context);
  }
};

template <class Tag>
struct std::hash<coterie::Id<Tag>> {
  size_t operator()(coterie::Id<Tag> id) const noexcept { return std::hash<uint64_t>{}(id.value); }
};
