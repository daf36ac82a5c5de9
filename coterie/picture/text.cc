// See text.h. The lanes are in text_lanes.cc.
#include "coterie/picture/text.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/picture/layout.h"
#include "coterie/picture/readable.h"
#include "coterie/picture/text_lanes.h"

namespace coterie::picture {

namespace {

constexpr size_t name_columns_max = 16;

std::string ascii(std::string_view text, size_t bytes_max = 400) {
  return readable(text, bytes_max, Alphabet::ascii);
}

// Lines of at most `width` columns, broken at blanks where there are any.
std::string wrapped(const std::string& text, size_t width) {
  std::string out;
  size_t at = 0;
  while (text.size() - at > width) {
    size_t end = text.rfind(' ', at + width);
    if (end == std::string::npos || end <= at) end = at + width;
    out += text.substr(at, end - at) + "\n";
    at = end + (text[end] == ' ' ? 1 : 0);
  }
  return out + text.substr(at) + "\n";
}

std::string cut_to(std::string line, size_t width) {
  if (line.size() > width) line = line.substr(0, width - 3) + "...";
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

struct Line {
  int64_t at_ns = 0;
  std::string where;
  std::string what;
  bool accused = false;
};

class TextPicture {
 public:
  TextPicture(const Run& run, const TextOptions& options)
      : run_(complete(run)),
        options_(options),
        window_(window_of(run_, options, run_.origin_ns - run.origin_ns)) {}

  std::string draw() {
    head();
    lanes();
    events();
    return std::move(out_);
  }

 private:
  // `moved_ns`: by how much complete() has moved the axis.
  static Span window_of(const Run& run, const TextOptions& options, int64_t moved_ns) {
    Span window = focus_of(run);
    if (options.window)
      window = {options.window->start_ns - moved_ns, options.window->end_ns - moved_ns};
    window.start_ns = std::clamp(window.start_ns, run.span.start_ns, run.span.end_ns);
    window.end_ns = std::clamp(window.end_ns, window.start_ns, run.span.end_ns);
    return window.start_ns < window.end_ns ? window : run.span;
  }

  bool accused(size_t i) const {
    return std::binary_search(run_.verdict.operations.begin(), run_.verdict.operations.end(), i);
  }

  void head() {
    if (!run_.title.empty()) out_ += wrapped(ascii(run_.title), options_.width);
    const char* word = run_.verdict.kind == Verdict::Kind::violated    ? "VIOLATED: "
                       : run_.verdict.kind == Verdict::Kind::bound_met ? "NOT DECIDED: "
                       : run_.verdict.kind == Verdict::Kind::holds     ? "HOLDS. "
                                                                       : "";
    const std::string sentence = word + ascii(run_.verdict.why, 4'000);
    if (!sentence.empty()) out_ += wrapped(sentence, options_.width);
    if (!run_.command.empty())
      out_ += wrapped("Replay: " + ascii(run_.command, 4'000), options_.width);
    for (const Omission& omission : run_.omissions) {
      out_ += wrapped(fmt::format("Not in it: {} {}.", omission.count, ascii(omission.what)),
                      options_.width);
    }
    out_ += "\n";
  }

  void lanes() {
    std::vector<uint32_t> clients = ordered_clients();
    const size_t hidden = clients.size() - std::min(clients.size(), options_.clients_max);
    clients.resize(clients.size() - hidden);
    size_t names = std::string_view("client 999").size();
    for (const Node& node : run_.nodes) names = std::max(names, name_text(node).size());
    const TextAxis axis{window_, options_.width - names - 1};
    const auto row = [&](const std::string& name, const std::string& text) {
      out_ += cut_to(fmt::format("{:<{}} {}", name, names, text), options_.width);
    };
    row("", time_row(axis));
    for (size_t lane = 0; lane < run_.nodes.size(); ++lane)
      row(name_text(run_.nodes[lane]), node_row(run_, lane, axis));
    if (const std::string cuts = cut_row(run_, axis); !cuts.empty()) row("cut", cuts);
    for (const uint32_t client : clients)
      row(fmt::format("client {}", client), client_row(run_, client, axis));
    if (hidden > 0) out_ += fmt::format("({} more clients)\n", hidden);
    const int64_t length = window_.end_ns - window_.start_ns;
    if (run_.origin_ns != 0)
      out_ += wrapped("Times count from " + time_text(run_.origin_ns, 1) + ".", options_.width);
    out_ += wrapped(fmt::format("{} of {} are shown. {}", time_text(length, length / 1'000),
                                time_text(run_.span.end_ns - run_.span.start_ns, 1'000'000),
                                run_.nodes.empty() ? "# violated"
                                                   : "= leads - follows ? candidate ~ paused "
                                                     "x crash ^ start / cut # violated"),
                    options_.width) +
            "\n";
  }

  static std::string name_text(const Node& node) {
    return ascii(name_of(node), name_columns_max).substr(0, name_columns_max);
  }

  // Those of violated operations first.
  std::vector<uint32_t> ordered_clients() const {
    std::set<uint32_t> guilty, all;
    for (size_t i = 0; i < run_.operations.size(); ++i) {
      const uint32_t client = run_.operations[i].operation.client;
      all.insert(client);
      if (accused(i)) guilty.insert(client);
    }
    std::vector<uint32_t> ordered(guilty.begin(), guilty.end());
    for (const uint32_t client : all) {
      if (!guilty.contains(client)) ordered.push_back(client);
    }
    return ordered;
  }

  bool in_window(int64_t at_ns) const {
    return at_ns >= window_.start_ns && at_ns <= window_.end_ns;
  }

  // Not the routine, of which there would be most.
  std::vector<Line> all_lines() const {
    std::vector<Line> lines;
    for (size_t i = 0; i < run_.operations.size(); ++i) {
      const proof::Operation& operation = run_.operations[i].operation;
      if (!in_window(operation.called_ns) && !accused(i)) continue;
      const std::string end = operation.outcome == proof::Outcome::unknown
                                  ? ""
                                  : ", until " + time_text(operation.returned_ns);
      lines.push_back({operation.called_ns, fmt::format("client {}", operation.client),
                       call_text(operation) + " -> " + result_text(operation) + end, accused(i)});
    }
    for (const Message& message : run_.messages) {
      const bool plain = message.fate == Message::Fate::delivered && !message.copy;
      if (!in_window(message.sent_ns) || (message.routine && plain)) continue;
      const char* fate = message.fate == Message::Fate::lost        ? ": lost"
                         : message.fate == Message::Fate::cut       ? ": cut off"
                         : message.fate == Message::Fate::under_way ? ": under way"
                                                                    : "";
      lines.push_back({message.sent_ns, fmt::format("{} > {}", message.from, message.to),
                       message.text + fate + (message.copy ? " (again)" : ""), false});
    }
    add_node_lines(lines);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line& a, const Line& b) { return a.at_ns < b.at_ns; });
    return lines;
  }

  void add_node_lines(std::vector<Line>& lines) const {
    const auto add = [&](uint32_t node, int64_t at_ns, std::string what) {
      if (!in_window(at_ns)) return;
      lines.push_back({at_ns, node == 0 ? std::string() : fmt::format("node {}", node),
                       std::move(what), false});
    };
    for (const Mark& mark : run_.marks) {
      if (mark.kind != Mark::Kind::logged) add(mark.node, mark.at_ns, word_of(mark) + mark.text);
    }
    for (const Condition& condition : run_.conditions) {
      if (condition.kind != Condition::Kind::paused) continue;
      add(condition.node, condition.span.start_ns,
          "paused until " + time_text(condition.span.end_ns));
    }
    for (const Standing& standing : run_.standings) {
      if (standing.role == Standing::Role::leader)
        add(standing.node, standing.span.start_ns, fmt::format("leads in term {}", standing.term));
    }
    for (const Cut& cut : cuts_of(run_))
      add(0, cut.span.start_ns, "cut: " + cut.text + ", until " + time_text(cut.span.end_ns));
    for (const DiskWork& work : run_.disk) {
      if (work.fate == DiskWork::Fate::failed) add(work.node, work.ended_ns, "disk: " + work.text);
    }
  }

  static std::string word_of(const Mark& mark) {
    return mark.kind == Mark::Kind::crashed ? "crashed: " : "";
  }

  // Those nearest to a call or return of a violated operation; without any, to the end of the
  // window when something went wrong, to its start otherwise.
  int64_t distance(const Line& line) const {
    if (line.accused) return -1;
    int64_t least = INT64_MAX;
    for (const size_t i : run_.verdict.operations) {
      const proof::Operation& operation = run_.operations[i].operation;
      least = std::min(least, std::abs(line.at_ns - operation.called_ns));
      if (operation.outcome != proof::Outcome::unknown)
        least = std::min(least, std::abs(line.at_ns - operation.returned_ns));
    }
    if (!run_.verdict.operations.empty()) return least;
    return run_.verdict.kind == Verdict::Kind::violated ? window_.end_ns - line.at_ns
                                                        : line.at_ns - window_.start_ns;
  }

  void events() {
    std::vector<Line> lines = all_lines();
    const size_t all = lines.size();
    if (all > options_.events_max) {
      std::stable_sort(lines.begin(), lines.end(),
                       [&](const Line& a, const Line& b) { return distance(a) < distance(b); });
      lines.resize(options_.events_max);
      std::stable_sort(lines.begin(), lines.end(),
                       [](const Line& a, const Line& b) { return a.at_ns < b.at_ns; });
    }
    for (const Line& line : lines) {
      out_ += cut_to(fmt::format("{}{:>13}  {:<10} {}", line.accused ? "##" : "  ",
                                 time_text(line.at_ns), line.where, ascii(line.what)),
                     options_.width);
    }
    if (all > lines.size()) {
      out_ += wrapped(
          fmt::format("({} more events in these {}, farther from what is violated)",
                      all - lines.size(), time_text(window_.end_ns - window_.start_ns, 1'000'000)),
          options_.width);
    }
  }

  Run run_;
  TextOptions options_;
  Span window_;
  std::string out_;
};

}  // namespace

std::string text_picture(const Run& run, const TextOptions& options) {
  COTERIE_ASSERT(options.width >= 40);
  return TextPicture(run, options).draw();
}

}  // namespace coterie::picture
