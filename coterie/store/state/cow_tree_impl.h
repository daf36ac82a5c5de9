// The operations of a CowTree (cow_tree.h), where they take more than a line.
//
// Invariants: no node is empty; all leaves have height 0 and the children of a node of height h
// have height h - 1; an inner node knows total and first place of each child; a root that is an
// inner node has two children at least. A leaf that gets full from its end or its front leaves a
// full one behind; others split in halves. A node that falls below a quarter joins a neighbour if
// both together fill no more than half a node.
#pragma once

#include "coterie/store/state/cow_tree.h"

namespace coterie::state {

template <class Traits>
auto CowTree<Traits>::at(uint64_t rank) const -> const Element* {
  const Node* node = root_;
  ByRank where{.rank = rank};
  while (node->height > 0) node = tree::inner(node).children[where.child(tree::inner(node))];
  COTERIE_ASSERT(where.rank < node->count);
  return N::elements(node) + where.rank;
}

template <class Traits>
auto CowTree<Traits>::at_for_write(uint64_t rank) -> Element* {
  Node** slot = &root_;
  ByRank where{.rank = rank};
  for (;;) {
    N::unshare(*slot);
    if ((*slot)->height == 0) break;
    Inner& node = tree::inner(*slot);
    slot = &node.children[where.child(node)];
  }
  COTERIE_ASSERT(where.rank < (*slot)->count);
  return N::elements(*slot) + where.rank;
}

template <class Traits>
template <class Probe>
auto CowTree<Traits>::find(const Probe& probe, uint64_t place) const -> const Element* {
  if (root_ == nullptr) return nullptr;
  ByProbe<Probe> where{probe, place};
  const Node* node = root_;
  while (node->height > 0) node = tree::inner(node).children[where.child(tree::inner(node))];
  const unsigned position = where.position(node);
  return where.found ? N::elements(node) + position : nullptr;
}

template <class Traits>
template <class Probe>
auto CowTree<Traits>::find_for_write(const Probe& probe, uint64_t place) -> Element* {
  if (root_ == nullptr) return nullptr;
  ByProbe<Probe> where{probe, place};
  Node** slot = &root_;
  for (;;) {
    N::unshare(*slot);
    if ((*slot)->height == 0) break;
    Inner& node = tree::inner(*slot);
    slot = &node.children[where.child(node)];
  }
  const unsigned position = where.position(*slot);
  return where.found ? N::elements(*slot) + position : nullptr;
}

template <class Traits>
auto CowTree<Traits>::insert(Element element, uint64_t place) -> std::pair<Element*, bool> {
  const auto probe = Traits::probe(
      element);  // a view into the element stays right: it is moved when nobody asks more
  ByProbe<typename Traits::Probe> where{probe, place};
  bool inserted = false;
  Element* at = insert_with(where, element, inserted);
  return {at, inserted};
}

template <class Traits>
auto CowTree<Traits>::insert_at(uint64_t rank, Element element) -> Element* {
  COTERIE_ASSERT(rank <= size());
  ByRank where{.rank = rank, .inserting = true, .found = false};
  bool inserted = false;
  return insert_with(where, element, inserted);
}

template <class Traits>
template <class Locator>
auto CowTree<Traits>::insert_with(Locator& where, Element& element, bool& inserted) -> Element* {
  if (root_ == nullptr) root_ = N::new_leaf(tree::leaf_least);
  Element* at = nullptr;
  Node* right = insert_into(root_, where, element, at, inserted);
  if (right != nullptr) {
    Inner* root = N::new_inner(root_->height + 1u);
    root->count = 2;
    root->children[0] = root_;
    root->children[1] = right;
    describe_child(*root, 0);
    describe_child(*root, 1);
    root->recount();
    root_ = root;
  }
  return at;
}

// Returns the new right neighbour when the node had to be split.
template <class Traits>
template <class Locator>
tree::Node* CowTree<Traits>::insert_into(Node*& slot, Locator& where, Element& element,
                                         Element*& at, bool& inserted) {
  N::unshare(slot);
  if (slot->height == 0) return insert_into_leaf(slot, where, element, at, inserted);
  Inner& node = tree::inner(slot);
  const unsigned i = where.child(node);
  Node* right = insert_into(node.children[i], where, element, at, inserted);
  if (!inserted) return nullptr;
  ++node.total;
  describe_child(node, i);
  return right == nullptr ? nullptr : insert_child(node, i + 1, right);
}

template <class Traits>
template <class Locator>
tree::Node* CowTree<Traits>::insert_into_leaf(Node*& slot, Locator& where, Element& element,
                                              Element*& at, bool& inserted) {
  unsigned position = where.position(slot);
  if (where.found) {
    at = N::elements(slot) + position;
    return nullptr;
  }
  inserted = true;
  Node* right = nullptr;
  Node** target = &slot;
  if (slot->count == leaf_max) {
    const unsigned kept = position == leaf_max ? leaf_max : position == 0 ? 0 : leaf_max / 2;
    right = N::new_leaf(leaf_max);
    N::move_elements(right, 0, slot, kept, leaf_max - kept);
    right->count = static_cast<uint16_t>(leaf_max - kept);
    slot->count = static_cast<uint16_t>(kept);
    if (position > kept || position == leaf_max) {
      target = &right;
      position -= kept;
    }
  } else {
    N::grow_leaf(slot, slot->count + 1u);
  }
  Node* leaf = *target;
  N::move_elements(leaf, position + 1, leaf, position, leaf->count - position);
  if constexpr (Traits::ordered) N::places(leaf)[position] = where.place();
  at = new (N::elements(leaf) + position) Element(std::move(element));
  ++leaf->count;
  return right;
}

// Returns the new right neighbour of `node` when it had to be split. The total of `node` counts the
// child's elements.
template <class Traits>
tree::Node* CowTree<Traits>::insert_child(Inner& node, unsigned position, Node* child) {
  Inner* right = nullptr;
  Inner* target = &node;
  if (node.count == tree::inner_max) {
    const unsigned kept = position == tree::inner_max ? tree::inner_max : tree::inner_max / 2;
    right = N::new_inner(node.height);
    right->take_children(0, node, kept, tree::inner_max - kept);
    right->count = static_cast<uint16_t>(tree::inner_max - kept);
    node.count = static_cast<uint16_t>(kept);
    if (position > kept || position == tree::inner_max) {
      target = right;
      position -= kept;
    }
  }
  target->move_children(position + 1, position, target->count - position);
  target->children[position] = child;
  ++target->count;
  describe_child(*target, position);
  if (right != nullptr) {
    right->recount();
    node.recount();
  }
  return right;
}

template <class Traits>
auto CowTree<Traits>::erase_at(uint64_t rank) -> Element {
  COTERIE_ASSERT(rank < size());
  ByRank where{.rank = rank};
  return erase_with(where);
}

template <class Traits>
template <class Probe>
bool CowTree<Traits>::erase(const Probe& probe) {
  const uint64_t place = Traits::place(probe);
  if (find(probe, place) == nullptr) return false;
  ByProbe<Probe> where{probe, place};
  erase_with(where);
  return true;
}

template <class Traits>
template <class Locator>
auto CowTree<Traits>::erase_with(Locator& where) -> Element {
  Element out;
  erase_from(root_, where, out);
  while (root_->height > 0 && root_->count == 1) {
    Node* child = tree::inner(root_).children[0];
    N::free_shell(root_);
    root_ = child;
  }
  if (root_->count == 0) {
    N::free_shell(root_);
    root_ = nullptr;
  }
  return out;
}

// REQUIRES: the element is there.
template <class Traits>
template <class Locator>
void CowTree<Traits>::erase_from(Node*& slot, Locator& where, Element& out) {
  N::unshare(slot);
  if (slot->height == 0) {
    const unsigned position = where.position(slot);
    COTERIE_ASSERT(where.found && position < slot->count);
    Element* element = N::elements(slot) + position;
    out = std::move(*element);
    element->~Element();
    N::move_elements(slot, position, slot, position + 1, slot->count - position - 1u);
    --slot->count;
    return;
  }
  Inner& node = tree::inner(slot);
  const unsigned i = where.child(node);
  erase_from(node.children[i], where, out);
  --node.total;
  shrink_child(node, i);
}

template <class Traits>
void CowTree<Traits>::shrink_child(Inner& node, unsigned i) {
  Node* child = node.children[i];
  if (child->count == 0) {
    N::free_shell(child);
    node.move_children(i, i + 1, node.count - i - 1u);
    --node.count;
    return;
  }
  describe_child(node, i);
  const unsigned most = child->height == 0 ? leaf_max : tree::inner_max;
  if (child->count >= most / 4) return;
  const auto fits = [&](unsigned left) {
    return node.children[left]->count + node.children[left + 1]->count <=
           static_cast<int>(most / 2);
  };
  if (i + 1u < node.count && fits(i)) return merge(node, i);
  if (i > 0 && fits(i - 1)) merge(node, i - 1);
}

// Joins children `left` and `left` + 1.
template <class Traits>
void CowTree<Traits>::merge(Inner& node, unsigned left) {
  Node*& into = node.children[left];
  Node*& from = node.children[left + 1];
  N::unshare(into);
  N::unshare(from);
  if (into->height == 0) {
    N::grow_leaf(into, static_cast<unsigned>(into->count) + from->count);
    N::move_elements(into, into->count, from, 0, from->count);
  } else {
    tree::inner(into).take_children(into->count, tree::inner(from), 0, from->count);
  }
  into->count = static_cast<uint16_t>(into->count + from->count);
  if (into->height > 0) tree::inner(into).recount();
  N::free_shell(from);
  node.move_children(left + 1, left + 2, node.count - left - 2u);
  --node.count;
  describe_child(node, left);
}

template <class Traits>
uint64_t CowTree<Traits>::rank_of_place(uint64_t place) const {
  if (root_ == nullptr) return 0;
  uint64_t before = 0;
  const Node* node = root_;
  while (node->height > 0) {
    const Inner& here = tree::inner(node);
    // Elements below `place` end in the last child that begins below it.
    unsigned i = static_cast<unsigned>(
        std::lower_bound(here.places, here.places + here.count, place) - here.places);
    if (i == 0) return before;
    --i;
    for (unsigned j = 0; j < i; ++j) before += here.totals[j];
    node = here.children[i];
  }
  const uint64_t* places = N::places(node);
  return before +
         static_cast<uint64_t>(std::lower_bound(places, places + node->count, place) - places);
}

template <class Traits>
template <class Probe>
uint64_t CowTree<Traits>::rank_of(const Probe& probe) const {
  if (root_ == nullptr) return 0;
  ByProbe<Probe> where{probe, Traits::place(probe)};
  uint64_t before = 0;
  const Node* node = root_;
  while (node->height > 0) {
    const Inner& here = tree::inner(node);
    const unsigned i = where.child(here);
    for (unsigned j = 0; j < i; ++j) before += here.totals[j];
    node = here.children[i];
  }
  return before + where.position(node);
}

template <class Traits>
template <class Visit>
bool CowTree<Traits>::visit_from(const Node* node, uint64_t first, Visit& visit) {
  if (node->height == 0) {
    const Element* all = N::elements(node);
    for (uint64_t i = first; i < node->count; ++i) {
      if (!visit(all[i])) return false;
    }
    return true;
  }
  ByRank where{.rank = first};
  const Inner& here = tree::inner(node);
  for (unsigned i = where.child(here); i < here.count; ++i) {
    if (!visit_from(here.children[i], where.rank, visit)) return false;
    where.rank = 0;
  }
  return true;
}

template <class Traits>
uint64_t CowTree<Traits>::digest() const {
  Digest digest;
  digest.add(size());
  digest.add(root_ == nullptr ? 0 : digest_of(root_));
  return digest.value();
}

template <class Traits>
uint64_t CowTree<Traits>::digest_of(const Node* node) {
  if (node->digest_known) return node->digest;
  uint64_t result = 0;
  if (node->height == 0) {
    const Element* all = N::elements(node);
    for (unsigned i = 0; i < node->count; ++i) {
      const uint64_t element = Traits::digest(all[i]);
      result = Traits::ordered ? result + element : tree::follow(result, tree::reduce(element), 1);
    }
  } else {
    const Inner& here = tree::inner(node);
    for (unsigned i = 0; i < here.count; ++i) {
      const uint64_t child = digest_of(here.children[i]);
      result = Traits::ordered ? result + child : tree::follow(result, child, here.totals[i]);
    }
  }
  Node* cached = const_cast<Node*>(node);
  cached->digest = result;
  cached->digest_known = true;
  return result;
}

}  // namespace coterie::state
