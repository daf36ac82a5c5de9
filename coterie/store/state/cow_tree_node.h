// The nodes of a CowTree (cow_tree.h): their layout in memory, making, copying, sharing and freeing
// them.
//
// A leaf is one piece of memory: header, the places of its elements (ordered trees only: what is
// searched lies densely), the elements. It grows from few to leaf_max elements. An inner node has
// room for inner_max children, and for each the number of elements below it and the place of the
// first.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "coterie/base/assert.h"
#include "coterie/store/state/reclaim.h"

namespace coterie::state::tree {

inline constexpr unsigned inner_max = 64;
inline constexpr unsigned leaf_least = 2;  // room in the smallest leaf

struct Node {
  uint32_t references = 1;
  uint16_t count = 0;     // elements, or children
  uint16_t capacity = 0;  // of a leaf
  uint8_t height = 0;     // 0: a leaf
  bool digest_known = false;
  uint64_t digest = 0;
};

struct Inner : Node {
  uint64_t total = 0;  // elements below
  Node* children[inner_max];
  uint64_t totals[inner_max];
  uint64_t places[inner_max];

  void move_children(unsigned to, unsigned from, unsigned n) {
    std::memmove(children + to, children + from, n * sizeof *children);
    std::memmove(totals + to, totals + from, n * sizeof *totals);
    std::memmove(places + to, places + from, n * sizeof *places);
  }
  void take_children(unsigned to, const Inner& other, unsigned from, unsigned n) {
    std::memcpy(children + to, other.children + from, n * sizeof *children);
    std::memcpy(totals + to, other.totals + from, n * sizeof *totals);
    std::memcpy(places + to, other.places + from, n * sizeof *places);
  }
  void recount() {
    total = 0;
    for (unsigned i = 0; i < count; ++i) total += totals[i];
  }
};

inline Inner& inner(Node* node) { return *static_cast<Inner*>(node); }
inline const Inner& inner(const Node* node) { return *static_cast<const Inner*>(node); }
inline uint64_t total(const Node* node) {
  return node->height == 0 ? node->count : inner(node).total;
}

// Nodes of trees of one kind of element.
template <class Traits>
struct Nodes {
  using Element = typename Traits::Element;
  static_assert(alignof(Element) <= alignof(Node));
  static constexpr size_t place_bytes = Traits::ordered ? sizeof(uint64_t) : 0;

  static uint64_t* places(Node* leaf) { return reinterpret_cast<uint64_t*>(leaf + 1); }
  static const uint64_t* places(const Node* leaf) {
    return reinterpret_cast<const uint64_t*>(leaf + 1);
  }
  static Element* elements(Node* leaf) {
    return reinterpret_cast<Element*>(reinterpret_cast<char*>(leaf + 1) +
                                      leaf->capacity * place_bytes);
  }
  static const Element* elements(const Node* leaf) { return elements(const_cast<Node*>(leaf)); }
  static uint64_t first_place(const Node* node) {
    if constexpr (!Traits::ordered) return 0;
    return node->height == 0 ? places(node)[0] : inner(node).places[0];
  }

  static Node* new_leaf(unsigned capacity) {
    void* memory = std::malloc(sizeof(Node) + capacity * (place_bytes + sizeof(Element)));
    COTERIE_ASSERT(memory != nullptr);
    Node* leaf = new (memory) Node;
    leaf->capacity = static_cast<uint16_t>(capacity);
    return leaf;
  }
  static Inner* new_inner(unsigned height) {
    void* memory = std::malloc(sizeof(Inner));
    COTERIE_ASSERT(memory != nullptr);
    Inner* node = new (memory) Inner;
    node->height = static_cast<uint8_t>(height);
    return node;
  }
  // Frees the memory of a node whose elements or children have gone elsewhere.
  static void free_shell(Node* node) { std::free(node); }

  // Drops one reference. Leaves are freed at once, inner nodes later (reclaim.h).
  static void release(Node* node) {
    if (--node->references > 0) return;
    if (node->height > 0) return reclaim_later(node, free_inner);
    Element* all = elements(node);
    for (unsigned i = 0; i < node->count; ++i) all[i].~Element();
    free_shell(node);
  }
  static void free_inner(void* garbage) {
    Inner* node = static_cast<Inner*>(static_cast<Node*>(garbage));
    for (unsigned i = 0; i < node->count; ++i) release(node->children[i]);
    free_shell(node);
  }

  // Makes the node in `slot` this tree's own, to be changed.
  static void unshare(Node*& slot) {
    slot->digest_known = slot->digest_known && slot->references > 1;
    if (slot->references == 1) return;
    Node* copy = nullptr;
    if (slot->height > 0) {
      Inner* node = new_inner(slot->height);
      node->count = slot->count;
      node->total = inner(slot).total;
      node->take_children(0, inner(slot), 0, slot->count);
      for (unsigned i = 0; i < node->count; ++i) ++node->children[i]->references;
      copy = node;
    } else {
      copy = new_leaf(slot->capacity);
      copy->count = slot->count;
      if constexpr (Traits::ordered)
        std::memcpy(places(copy), places(slot), slot->count * place_bytes);
      const Element* from = elements(slot);
      Element* to = elements(copy);
      for (unsigned i = 0; i < slot->count; ++i) new (to + i) Element(from[i]);
    }
    --slot->references;
    slot = copy;
  }

  // Moves n elements within or between leaves that are our own; counts are the caller's.
  static void move_elements(Node* to, unsigned to_at, Node* from, unsigned from_at, unsigned n) {
    if constexpr (Traits::ordered) {
      std::memmove(places(to) + to_at, places(from) + from_at, n * place_bytes);
    }
    std::memmove(static_cast<void*>(elements(to) + to_at),
                 static_cast<void*>(elements(from) + from_at), n * sizeof(Element));
  }

  // Room for at least `least` elements in a leaf of our own. REQUIRES: least <= leaf_max
  static void grow_leaf(Node*& slot, unsigned least) {
    if (slot->capacity >= least) return;
    unsigned capacity = slot->capacity;
    while (capacity < least) capacity *= 2;
    Node* larger = new_leaf(capacity < Traits::leaf_max ? capacity : Traits::leaf_max);
    larger->count = slot->count;
    move_elements(larger, 0, slot, 0, slot->count);
    free_shell(slot);
    slot = larger;
  }
};

}  // namespace coterie::state::tree
