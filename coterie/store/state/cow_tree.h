// A CowTree is a sequence of elements in a counted B+ tree whose nodes are shared between copies:
// copying a tree copies one reference; changing an element first copies those nodes on the path to
// it that another copy shares (copy on write: a few nodes of at most some KiB, whatever the size).
// Every node knows the number of elements below it, so ranks are found in logarithmic time (Bayer &
// McCreight 1972; counted as in Knuth, volume 3, section 6.2.3).
//
// Unordered trees are addressed by rank (lists). Ordered trees are addressed by a probe (a key):
// elements stand in the order of their place (64 bits, for example a hash), and those of one place
// in the order of their probes. So the order depends on the elements alone.
//
// The digest is that of the sequence and does not depend on the form of the tree. It is kept in the
// nodes: asked again, it costs what has changed.
//
//   struct Traits {
//     using Element = ...;                      // may be moved by memmove
//     static constexpr bool ordered = ...;
//     static constexpr unsigned leaf_max = ...; // elements of a leaf: a leaf should take some KiB
//     static uint64_t digest(const Element&);
//     // ordered trees only:
//     using Probe = ...;                        // has < and ==
//     static Probe probe(const Element&);
//     static uint64_t place(const Probe&);
//   };
//
// Pointers to elements are valid until the next change of this tree or of one that shares with it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "coterie/store/state/cow_tree_node.h"
#include "coterie/store/state/tree_digest.h"

namespace coterie::state {

template <class Traits>
class CowTree {
 public:
  using Element = typename Traits::Element;

  CowTree() = default;
  CowTree(const CowTree& other) : root_(other.root_) {
    if (root_ != nullptr) ++root_->references;
  }
  CowTree(CowTree&& other) noexcept : root_(std::exchange(other.root_, nullptr)) {}
  CowTree& operator=(CowTree other) noexcept {
    std::swap(root_, other.root_);
    return *this;
  }
  ~CowTree() {
    if (root_ != nullptr) N::release(root_);
  }

  uint64_t size() const { return root_ == nullptr ? 0 : tree::total(root_); }
  bool empty() const { return root_ == nullptr; }
  void clear() { *this = CowTree(); }

  // By rank. REQUIRES: rank < size(), for insert_at rank <= size().
  const Element* at(uint64_t rank) const;
  Element* at_for_write(uint64_t rank);
  Element* insert_at(uint64_t rank, Element element);
  Element erase_at(uint64_t rank);
  void push_back(Element element) {
    insert_at(size(), std::move(element));
  }  // ordered: REQUIRES that it is the last

  // By probe, in ordered trees.
  template <class Probe>
  const Element* find(const Probe& probe, uint64_t place) const;
  template <class Probe>
  const Element* find(const Probe& probe) const {
    return find(probe, Traits::place(probe));
  }
  // The element for changing what does not affect its probe. nullptr: there is none.
  template <class Probe>
  Element* find_for_write(const Probe& probe, uint64_t place);
  template <class Probe>
  Element* find_for_write(const Probe& probe) {
    return find_for_write(probe, Traits::place(probe));
  }
  // Inserts unless one with that probe is there: the element of that probe, for changing, and
  // whether it is new.
  std::pair<Element*, bool> insert(Element element, uint64_t place);
  std::pair<Element*, bool> insert(Element element) {
    const uint64_t place = Traits::place(Traits::probe(element));
    return insert(std::move(element), place);
  }
  template <class Probe>
  bool erase(const Probe& probe);
  // The number of elements before the first whose place is not below `place`.
  uint64_t rank_of_place(uint64_t place) const;
  // The number of elements before that of the probe, or before where it would stand.
  template <class Probe>
  uint64_t rank_of(const Probe& probe) const;

  // Calls visit(const Element&) -> bool in order from a rank on, until it returns false.
  template <class Visit>
  void visit(uint64_t first, Visit&& visit) const {
    if (root_ != nullptr && first < size()) visit_from(root_, first, visit);
  }

  uint64_t digest() const;
  // True when both are one tree in memory: nothing was changed since one was copied from the other.
  bool shares_all_with(const CowTree& other) const { return root_ == other.root_; }

 private:
  using N = tree::Nodes<Traits>;
  using Node = tree::Node;
  using Inner = tree::Inner;
  static constexpr unsigned leaf_max = Traits::leaf_max;

  // Locators say where to go in a node. ByRank finds the place to insert before when `inserting`.
  struct ByRank {
    uint64_t rank;
    bool inserting = false;
    bool found = true;

    unsigned child(const Inner& node) {
      unsigned i = 0;
      for (; i + 1u < node.count && rank >= node.totals[i] + (inserting ? 1 : 0); ++i)
        rank -= node.totals[i];
      return i;
    }
    unsigned position(const Node*) { return static_cast<unsigned>(rank); }
    uint64_t place() const { return 0; }
  };
  template <class Probe>
  struct ByProbe {
    const Probe& probe;
    uint64_t sought;
    bool found = false;

    // The last child that does not begin after the probe.
    unsigned child(const Inner& node) {
      const uint64_t* end = node.places + node.count;
      unsigned i = static_cast<unsigned>(std::upper_bound(node.places, end, sought) - node.places);
      while (i > 0 && node.places[i - 1] == sought &&
             probe < Traits::probe(first_element(node.children[i - 1])))
        --i;
      return i > 0 ? i - 1 : 0;
    }
    unsigned position(const Node* leaf) {
      const uint64_t* places = N::places(leaf);
      unsigned i =
          static_cast<unsigned>(std::lower_bound(places, places + leaf->count, sought) - places);
      for (; i < leaf->count && places[i] == sought; ++i) {
        const auto& there = Traits::probe(N::elements(leaf)[i]);
        if (there == probe) return found = true, i;
        if (probe < there) break;
      }
      return i;
    }
    uint64_t place() const { return sought; }
  };

  static const Element& first_element(const Node* node) {
    while (node->height > 0) node = tree::inner(node).children[0];
    return *N::elements(node);
  }

  template <class Locator>
  static Node* insert_into(Node*& slot, Locator& where, Element& element, Element*& at,
                           bool& inserted);
  template <class Locator>
  static Node* insert_into_leaf(Node*& slot, Locator& where, Element& element, Element*& at,
                                bool& inserted);
  static Node* insert_child(Inner& node, unsigned position, Node* child);
  template <class Locator>
  static void erase_from(Node*& slot, Locator& where, Element& out);
  static void shrink_child(Inner& node, unsigned i);
  static void merge(Inner& node, unsigned left);
  static void describe_child(Inner& node, unsigned i) {
    node.totals[i] = tree::total(node.children[i]);
    node.places[i] = N::first_place(node.children[i]);
  }
  template <class Locator>
  Element* insert_with(Locator& where, Element& element, bool& inserted);
  template <class Locator>
  Element erase_with(Locator& where);
  template <class Visit>
  static bool visit_from(const Node* node, uint64_t first, Visit& visit);
  static uint64_t digest_of(const Node* node);

  Node* root_ = nullptr;
};

}  // namespace coterie::state

#include "coterie/store/state/cow_tree_impl.h"
