// See space_time_html.h. The page's own parts, style and script, are in coterie/picture/page/.
#include "coterie/picture/space_time_html.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/picture/layout.h"
#include "coterie/picture/page_data.h"
#include "coterie/picture/page_parts.h"
#include "coterie/picture/readable.h"

namespace coterie::picture {

namespace {

constexpr size_t sentence_bytes_max = 4'000;
constexpr size_t accused_max = 40;  // operations that are listed above the picture
constexpr int halvings_max = 64;
constexpr size_t event_bytes_least = 12;  // of the shortest row in the page's data

std::string text_of(std::string_view bytes, size_t bytes_max = sentence_bytes_max) {
  return html_escaped(readable(bytes, bytes_max));
}

// "1234567" -> "1,234,567"
std::string grouped(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string verdict_word(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::holds:
      return "holds";
    case Verdict::Kind::violated:
      return "violated";
    case Verdict::Kind::bound_met:
      return "not decided";
    case Verdict::Kind::none:
      break;
  }
  return "not judged";
}

std::string sentence_of(const Run& run) {
  if (!run.verdict.why.empty()) return text_of(run.verdict.why);
  switch (run.verdict.kind) {
    case Verdict::Kind::holds:
      return "Everything the clients saw is explained.";
    case Verdict::Kind::violated:
      return "What the clients saw cannot be explained.";
    case Verdict::Kind::bound_met:
      return "The judge met a bound before it could decide.";
    case Verdict::Kind::none:
      break;
  }
  return "A run, as it was seen.";
}

std::string node_suffix(const Run& run, uint32_t id) {
  for (const Node& node : run.nodes) {
    if (id != 0 && node.id == id) return ", at " + text_of(name_of(node), 60);
  }
  return "";
}

std::string accused_item(const Run& run, size_t i) {
  const ClientOperation& one = run.operations[i];
  const proof::Operation& operation = one.operation;
  const bool open = operation.outcome == proof::Outcome::unknown;
  return fmt::format(
      "<li><button type=\"button\" data-operation=\"{}\"><b>client {}</b> <span>{} "
      "&rarr; {}</span> <small>{} &ndash; {}{}</small></button></li>\n",
      i, operation.client, text_of(call_text(operation), 120), text_of(result_text(operation), 120),
      time_text(operation.called_ns), open ? "open" : time_text(operation.returned_ns),
      node_suffix(run, one.node));
}

// The violated operations, as a list that works without the script too. Of many only the last are
// seen at once: a judge convicts where nothing fits any more, and the picture must stay in sight.
std::string accused_list(const Run& run) {
  std::vector<size_t> accused = run.verdict.operations;
  if (accused.empty()) return "";
  std::stable_sort(accused.begin(), accused.end(), [&](size_t a, size_t b) {
    return run.operations[a].operation.called_ns < run.operations[b].operation.called_ns;
  });
  const size_t earlier = accused.size() - decisive_operations(run).size();
  const size_t listed = std::min(earlier, accused_max - decisive_operations_max);
  const std::string list = "<ul class=\"accused\" aria-label=\"Violated operations\">\n";
  std::string out;
  if (earlier > 0) {
    out += fmt::format(
        "<details><summary>{} earlier operations with which these cannot be "
        "explained{}</summary>{}",
        grouped(earlier),
        listed < earlier ? fmt::format(" (the last {} are listed)", listed) : std::string(), list);
    for (size_t i = earlier - listed; i < earlier; ++i) out += accused_item(run, accused[i]);
    out += "</ul></details>\n";
  }
  out += list;
  for (size_t i = earlier; i < accused.size(); ++i) out += accused_item(run, accused[i]);
  return out + "</ul>\n";
}

std::string omitted_note(const Run& run) {
  if (run.omissions.empty()) return "";
  std::string list;
  uint64_t all = 0;
  for (const Omission& omission : run.omissions) {
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", grouped(omission.count),
                        text_of(omission.what, 200));
    all += omission.count;
  }
  std::string out = fmt::format(
      "<details class=\"omitted\" id=\"omitted\"><summary><b>Not everything is drawn:</b> {} "
      "events "
      "are left out</summary><p>Left out: {}.",
      grouped(all), list);
  if (!run.narrow.empty())
    out += " For a part of the run in full: <code>" + text_of(run.narrow) + "</code>";
  return out + "</p></details>\n";
}

std::string header_of(const Run& run) {
  const char* tone = run.verdict.kind == Verdict::Kind::violated ? "bad"
                     : run.verdict.kind == Verdict::Kind::holds  ? "good"
                                                                 : "open";
  std::string out = "<header>\n";
  out += fmt::format("<p class=\"title\"><span class=\"badge {}\">{}</span> {}</p>\n", tone,
                     verdict_word(run.verdict.kind), text_of(run.title, 400));
  out += fmt::format("<h1>{}</h1>\n", sentence_of(run));
  out += accused_list(run);
  if (!run.command.empty()) {
    out += fmt::format(
        "<p class=\"command\"><span>Replay:</span> <code id=\"command\">{}</code> <button "
        "type=\"button\" id=\"copy\">Copy</button></p>\n",
        text_of(run.command));
  }
  return out + omitted_note(run) + "</header>\n";
}

std::string page_of(const Run& run, const Span& focus) {
  const std::string title = run.title.empty() ? "A run" : text_of(run.title, 400);
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  // Nothing is loaded from anywhere, whatever the data say.
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n";
  out += "<title>" + verdict_word(run.verdict.kind) + ": " + title + "</title>\n<style>\n";
  out += page_style();
  out += "</style>\n</head>\n<body>\n";
  out += header_of(run);
  out += page_body();
  out += "<script type=\"application/json\" id=\"run\">";
  out += page_data(run, focus);
  out += "</script>\n<script>\n";
  out += page_script();
  out += "</script>\n</body>\n</html>\n";
  return out;
}

// Half as wide, around the middle of the focus.
Span halved(const Span& window, const Span& focus) {
  const int64_t half = (window.end_ns - window.start_ns) / 2;
  const int64_t middle = focus.start_ns + (focus.end_ns - focus.start_ns) / 2;
  const int64_t start = std::clamp(middle - half / 2, window.start_ns, window.end_ns - half);
  return {start, start + half};
}

Span common(const Span& a, const Span& b) {
  const int64_t start_ns = std::clamp(a.start_ns, b.start_ns, b.end_ns);
  return {start_ns, std::clamp(a.end_ns, start_ns, b.end_ns)};
}

}  // namespace

std::string space_time_html(const Run& run, const HtmlOptions& options) {
  COTERIE_ASSERT(options.bytes_max >= html_bytes_least);
  Run drawn = complete(run);
  if (options.window && options.window->start_ns < options.window->end_ns) {
    const int64_t moved_ns = drawn.origin_ns - run.origin_ns;
    const Span window{options.window->start_ns - moved_ns, options.window->end_ns - moved_ns};
    drawn = narrowed(drawn, common(window, drawn.span));
  }
  const Span focus = focus_of(drawn);
  const auto draw = [&](const Run& what) -> std::optional<std::string> {
    const size_t events = events_of(what);
    if (events > options.events_max || events * event_bytes_least > options.bytes_max)
      return std::nullopt;
    std::string page = page_of(what, common(focus, what.span));
    if (page.size() > options.bytes_max) return std::nullopt;
    return page;
  };
  if (auto page = draw(drawn)) return *page;
  COTERIE_REACHED("picture too large: routine left out");
  Run part = thinned(drawn, focus);
  if (auto page = draw(part)) return *page;
  COTERIE_REACHED("picture too large: narrowed around the violation");
  Span window = part.span;
  for (int i = 0; i < halvings_max && window.start_ns < window.end_ns; ++i) {
    window = halved(window, focus);
    part = narrowed(part, window);
    if (auto page = draw(part)) return *page;
  }
  COTERIE_REACHED("picture too large: only the sentence is left");
  Run bare;
  bare.title = run.title.substr(0, 400);
  bare.command = run.command.substr(0, sentence_bytes_max);
  bare.narrow = run.narrow.substr(0, sentence_bytes_max);
  bare.verdict = {run.verdict.kind, run.verdict.why.substr(0, sentence_bytes_max), {}};
  bare.omissions.push_back(
      {"events, all of them: the violated operations alone are too many", events_of(drawn)});
  return page_of(complete(bare), complete(bare).span);
}

}  // namespace coterie::picture
