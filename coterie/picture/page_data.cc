// See page_data.h.
#include "coterie/picture/page_data.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <type_traits>

#include <fmt/format.h>

#include "coterie/picture/layout.h"
#include "coterie/picture/readable.h"

namespace coterie::picture {

namespace {

class Writer {
 public:
  explicit Writer(const Run& run) : run_(run) {
    for (size_t i = 0; i < run.nodes.size(); ++i) lanes_[run.nodes[i].id] = static_cast<int>(i);
  }

  std::string take() { return std::move(out_); }

  void raw(std::string_view text) { out_ += text; }
  void member(std::string_view name) {
    if (out_.back() != '{') out_ += ",\n";
    fmt::format_to(std::back_inserter(out_), "\"{}\":", name);
  }
  void text_member(std::string_view name, std::string_view text) {
    member(name);
    out_ += json_quoted(text);
  }

  // One line of numbers for each thing.
  template <class Things, class Row>
  void rows(std::string_view name, const Things& things, Row row) {
    member(name);
    out_ += '[';
    bool first = true;
    for (const auto& thing : things) {
      out_ += first ? "[" : ",\n[";
      first = false;
      row(thing);
      out_ += ']';
    }
    out_ += ']';
  }
  template <class... Numbers>
  void numbers(Numbers... all) {
    bool first = true;
    ((put(all, first)), ...);
  }

  int64_t at(int64_t ns) const { return ns - run_.span.start_ns; }
  int lane(uint32_t node) const {
    const auto found = lanes_.find(node);
    return found == lanes_.end() ? -1 : found->second;
  }
  // Its place in the table of texts.
  size_t text(std::string_view bytes) {
    const auto [found, fresh] = texts_.emplace(readable(bytes), texts_.size());
    if (fresh) ordered_.push_back(found->first);
    return found->second;
  }
  void texts() {
    member("texts");
    out_ += '[';
    for (size_t i = 0; i < ordered_.size(); ++i) {
      out_ += i == 0 ? "" : ",\n";
      out_ += json_quoted(ordered_[i]);
    }
    out_ += ']';
  }

 private:
  template <class Number>
  void put(Number number, bool& first) {
    static_assert(std::is_integral_v<Number>);
    if (!first) out_ += ',';
    first = false;
    fmt::format_to(std::back_inserter(out_), "{}", static_cast<int64_t>(number));
  }

  const Run& run_;
  std::string out_;
  std::map<uint32_t, int> lanes_;
  std::map<std::string, size_t> texts_;
  std::vector<std::string> ordered_;
};

template <class Enum>
int number_of(Enum value) {
  return static_cast<int>(value);
}

void write_operations(Writer& out, const Run& run) {
  const std::vector<size_t>& violated = run.verdict.operations;
  size_t i = 0;
  out.rows("operations", run.operations, [&](const ClientOperation& one) {
    const proof::Operation& operation = one.operation;
    const bool open = operation.outcome == proof::Outcome::unknown;
    const int64_t returned = std::max(operation.called_ns, operation.returned_ns);
    const bool accused = std::binary_search(violated.begin(), violated.end(), i++);
    out.numbers(operation.client, out.lane(one.node), out.at(operation.called_ns),
                open ? int64_t{-1} : out.at(returned), number_of(operation.outcome),
                out.text(call_text(operation)), out.text(result_text(operation)), accused,
                operation.order ? static_cast<int64_t>(*operation.order) : int64_t{-1});
  });
}

void write_messages(Writer& out, const Run& run) {
  out.rows("messages", run.messages, [&](const Message& message) {
    out.numbers(message.number, out.lane(message.from), out.lane(message.to),
                out.at(message.sent_ns), message.ended_ns - message.sent_ns,
                number_of(message.fate), (message.copy ? 1 : 0) | (message.routine ? 2 : 0),
                out.text(message.kind), out.text(message.text), out.text(message.why),
                message.size_bytes);
  });
  out.rows("disk", run.disk, [&](const DiskWork& work) {
    out.numbers(out.lane(work.node), out.at(work.submitted_ns), work.ended_ns - work.submitted_ns,
                number_of(work.fate), work.durable, out.text(work.text));
  });
}

void write_nodes(Writer& out, const Run& run) {
  out.rows("nodes", run.nodes,
           [&](const Node& node) { out.numbers(node.id, out.text(name_of(node))); });
  out.rows("conditions", run.conditions, [&](const Condition& condition) {
    out.numbers(out.lane(condition.node), number_of(condition.kind),
                out.at(condition.span.start_ns), out.at(condition.span.end_ns),
                out.text(condition.why));
  });
  out.rows("marks", run.marks, [&](const Mark& mark) {
    out.numbers(out.lane(mark.node), number_of(mark.kind), out.at(mark.at_ns), out.text(mark.text));
  });
  out.rows("standings", run.standings, [&](const Standing& standing) {
    out.numbers(out.lane(standing.node), number_of(standing.role), out.at(standing.span.start_ns),
                out.at(standing.span.end_ns), standing.term, out.lane(standing.leader),
                out.text(standing.text));
  });
  out.rows("commits", run.commits, [&](const Commit& commit) {
    out.numbers(out.lane(commit.node), out.at(commit.at_ns), commit.index);
  });
  out.rows("clocks", run.clocks, [&](const ClockReading& reading) {
    out.numbers(out.lane(reading.node), out.at(reading.at_ns), reading.offset_ns, reading.step);
  });
}

void write_cuts(Writer& out, const Run& run) {
  out.rows("cuts", cuts_of(run), [&](const Cut& cut) {
    out.numbers(out.at(cut.span.start_ns), out.at(cut.span.end_ns), cut.one_way,
                out.text(cut.text));
    for (const size_t gap : cut.gaps) out.raw(fmt::format(",{}", gap));
  });
}

}  // namespace

std::string page_data(const Run& run, const Span& focus) {
  Writer out(run);
  out.raw("{");
  const std::string since =
      run.origin_ns == 0 ? "" : fmt::format(" since {}", time_text(run.origin_ns, 1));
  out.text_member("time", readable(run.time) + since);
  out.rows("spans", std::vector<Span>{run.span, focus},
           [&](const Span& span) { out.numbers(out.at(span.start_ns), out.at(span.end_ns)); });
  out.member("origin");
  out.raw(fmt::format("{}", run.span.start_ns));
  write_nodes(out, run);
  write_operations(out, run);
  write_messages(out, run);
  write_cuts(out, run);
  out.texts();
  out.raw("}");
  return out.take();
}

}  // namespace coterie::picture
