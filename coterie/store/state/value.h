// A Value is what a key holds: a string, a list, a hash or a set. The last three are counted trees
// (cow_tree.h): copies share their nodes, a change copies a path of some KiB whatever the size, and
// the element of a rank is found in logarithmic time. Hashes and sets are ordered by the hash of
// their member, then by the member: the order depends on the members alone, not on history,
// allocator or machine, and colliding members cost no more than others.
//
// Every value knows the bytes of its content, for the estimate of memory.
#pragma once

#include <cstdint>
#include <new>
#include <string_view>

#include "coterie/base/digest.h"
#include "coterie/store/state/bytes.h"
#include "coterie/store/state/cow_tree.h"

namespace coterie::state {

enum class ValueType : uint8_t {
  string = 1,
  list = 2,
  hash = 3,
  set = 4
};  // format: snapshots hold the numbers

const char* type_name(ValueType type);  // as TYPE answers

struct ListTraits {
  using Element = Bytes;
  static constexpr bool ordered = false;
  static constexpr unsigned leaf_max = 128;
  static uint64_t digest(const Bytes& element) { return hash_of(element.view()); }
};

class ListValue {
 public:
  uint64_t size() const { return tree_.size(); }
  uint64_t content_bytes() const { return bytes_; }
  const Bytes& at(uint64_t rank) const {
    return *tree_.at(rank);
  }  // REQUIRES: rank < size(); 0 is the head
  void push_front(std::string_view element) { insert(0, element); }
  void push_back(std::string_view element) { insert(size(), element); }
  void insert(uint64_t rank,
              std::string_view element);              // before that rank. REQUIRES: rank <= size()
  void set(uint64_t rank, std::string_view element);  // REQUIRES: rank < size()
  Bytes erase(uint64_t rank);                         // REQUIRES: rank < size()
  Bytes pop_front() { return erase(0); }
  Bytes pop_back() { return erase(size() - 1); }
  // Calls visit(const Bytes&) for up to `count` elements from rank `first`, in order.
  template <class Visit>
  void visit(uint64_t first, uint64_t count, Visit&& visit) const {
    if (count == 0) return;
    tree_.visit(first, [&](const Bytes& element) { return visit(element), --count > 0; });
  }
  uint64_t digest() const { return tree_.digest(); }

 private:
  CowTree<ListTraits> tree_;
  uint64_t bytes_ = 0;
};

struct HashField {
  Bytes field;
  Bytes value;
};

struct HashTraits {
  using Element = HashField;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 64;
  using Probe = std::string_view;
  static Probe probe(const HashField& element) { return element.field.view(); }
  static uint64_t place(Probe field) { return hash_of(field); }
  static uint64_t digest(const HashField& element);
};

class HashValue {
 public:
  uint64_t size() const { return tree_.size(); }
  uint64_t content_bytes() const { return bytes_; }
  const Bytes* find(std::string_view field) const;           // nullptr: absent
  bool set(std::string_view field, std::string_view value);  // true: the field is new
  bool erase(std::string_view field);
  const HashField& at(uint64_t rank) const {
    return *tree_.at(rank);
  }  // in hash order. REQUIRES: rank < size()
  uint64_t rank_from(uint64_t hash) const {
    return tree_.rank_of_place(hash);
  }  // of the first whose hash_of() >= hash
  template <class Visit>
  void visit(uint64_t first, uint64_t count,
             Visit&& visit) const {  // visit(const HashField&), in hash order
    if (count == 0) return;
    tree_.visit(first, [&](const HashField& element) { return visit(element), --count > 0; });
  }
  uint64_t digest() const { return tree_.digest(); }

 private:
  CowTree<HashTraits> tree_;
  uint64_t bytes_ = 0;
};

struct SetTraits {
  using Element = Bytes;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 128;
  using Probe = std::string_view;
  static Probe probe(const Bytes& element) { return element.view(); }
  static uint64_t place(Probe member) { return hash_of(member); }
  static uint64_t digest(const Bytes& element) { return hash_of(element.view(), 1); }
};

class SetValue {
 public:
  uint64_t size() const { return tree_.size(); }
  uint64_t content_bytes() const { return bytes_; }
  bool contains(std::string_view member) const;
  bool add(std::string_view member);  // true: it is new
  bool erase(std::string_view member);
  const Bytes& at(uint64_t rank) const {
    return *tree_.at(rank);
  }  // in hash order. REQUIRES: rank < size()
  uint64_t rank_from(uint64_t hash) const {
    return tree_.rank_of_place(hash);
  }  // of the first whose hash_of() >= hash
  template <class Visit>
  void visit(uint64_t first, uint64_t count,
             Visit&& visit) const {  // visit(const Bytes&), in hash order
    if (count == 0) return;
    tree_.visit(first, [&](const Bytes& element) { return visit(element), --count > 0; });
  }
  uint64_t digest() const { return tree_.digest(); }

 private:
  CowTree<SetTraits> tree_;
  uint64_t bytes_ = 0;
};

class Value {
 public:
  Value() : type_(ValueType::string) { new (&string_) Bytes(); }  // an empty string
  explicit Value(std::string_view string) : type_(ValueType::string) {
    new (&string_) Bytes(string);
  }
  explicit Value(Bytes string) : type_(ValueType::string) {
    new (&string_) Bytes(std::move(string));
  }
  explicit Value(ValueType type);  // empty
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(Value other) noexcept;
  ~Value() { destroy(); }

  ValueType type() const { return type_; }
  bool is(ValueType type) const { return type_ == type; }
  // REQUIRES: type() is that type (asserted).
  const Bytes& string() const { return check(ValueType::string), string_; }
  const ListValue& list() const { return check(ValueType::list), list_; }
  const HashValue& hash() const { return check(ValueType::hash), hash_; }
  const SetValue& set() const { return check(ValueType::set), set_; }
  Bytes& string() { return check(ValueType::string), string_; }
  ListValue& list() { return check(ValueType::list), list_; }
  HashValue& hash() { return check(ValueType::hash), hash_; }
  SetValue& set() { return check(ValueType::set), set_; }

  bool is_empty_container()
      const;                  // a list, hash or set without elements: such a key does not exist
  uint64_t elements() const;  // 1 for a string
  uint64_t content_bytes() const;  // with an allowance for each element
  uint64_t digest() const;         // of type and content

 private:
  void check(ValueType type) const {
    if (type_ != type) [[unlikely]]
      wrong_type();
  }
  [[noreturn]] static void wrong_type();
  void destroy();

  union {
    Bytes string_;
    ListValue list_;
    HashValue hash_;
    SetValue set_;
  };
  ValueType type_;
};

}  // namespace coterie::state
