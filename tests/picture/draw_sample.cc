// draw_sample KIND FILE: draws one of the runs that the tests of the page look at, and writes
// beside it what they need to know of it (FILE.json) and the same for a terminal (FILE.txt).
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include <fmt/format.h>

#include "coterie/picture/readable.h"
#include "coterie/picture/space_time_html.h"
#include "coterie/picture/text.h"
#include "tests/picture/sample_run.h"

namespace coterie::picture {

namespace {

// Keys and values that try to be more than text.
Run hostile_run() {
  const std::string texts[] = {"</script><script>document.title='broken'</script>",
                               "\"'><img src=x onerror=\"document.title='broken'\">",
                               "<!--<script>",
                               std::string("a\0b", 3),
                               "\xff\xfe\xc3(",
                               "\xe2\x80\xa8line\xe2\x80\xae separator",
                               "${7*7} `x` \\u003cb\\u003e &lt;b&gt; ]]>"};
  Run run;
  run.title = texts[0];
  run.command = texts[1];
  run.nodes = {{1, texts[0]}, {2, texts[4]}};
  run.verdict = {Verdict::Kind::violated, texts[0] + texts[1] + texts[3] + texts[4], {0, 1}};
  int64_t at_ns = 1'000'000;
  for (const std::string& text : texts) {
    proof::Operation operation;
    operation.client = 1;
    operation.calls = {{"set", text, {text}}};
    operation.result = proof::Value::of(text);
    operation.called_ns = at_ns;
    operation.returned_ns = at_ns + 900'000;
    run.operations.push_back({operation, 1});
    Message message{
        1,    1,    2,    at_ns, at_ns + 500'000, Message::Fate::delivered, false, false,
        text, text, text, 7};
    run.messages.push_back(message);
    run.marks.push_back({1, Mark::Kind::warning, at_ns, text});
    run.omissions.push_back({text, 1});
    at_ns += 1'000'000;
  }
  run.span = {0, at_ns};
  return run;
}

Run history_alone() {
  SampleOptions options;
  options.clients = 6;
  const Run whole = sample_run(options);
  proof::History history;
  for (const ClientOperation& one : whole.operations) history.push_back(one.operation);
  Run run = run_of(history);
  run.title = "history.jsonl, model kv";
  run.verdict = whole.verdict;
  return run;
}

Run run_named(const std::string& kind) {
  SampleOptions options;
  if (kind == "failure") return sample_run(options);
  if (kind == "history") return history_alone();
  if (kind == "hostile") return hostile_run();
  if (kind == "quiet") {
    options.faults = options.falsify = false;
    return sample_run(options);
  }
  options.nodes = 5;  // large: more than fits
  options.clients = 20;
  options.duration_ns = 20'000'000'000;
  options.pause_mean_ns = 20'000'000;
  return sample_run(options);
}

// Where the violated operations are, told without the page's own data.
std::string expected(const Run& run) {
  std::string out = "{\"accused\":[";
  for (const size_t i : run.verdict.operations) {
    const proof::Operation& operation = run.operations[i].operation;
    if (out.back() == '}') out += ',';
    out += fmt::format("{{\"client\":{},\"called\":{},\"returned\":{}}}", operation.client,
                       operation.called_ns - run.span.start_ns,
                       operation.returned_ns - run.span.start_ns);
  }
  out += fmt::format("],\"origin\":{},\"length\":{},\"nodes\":{},\"messages\":{},\"why\":{}}}\n",
                     run.span.start_ns, run.span.end_ns - run.span.start_ns, run.nodes.size(),
                     run.messages.size(), json_quoted(readable(run.verdict.why, 4'000)));
  return out;
}

}  // namespace
}  // namespace coterie::picture

int main(int count, char** arguments) {
  using namespace coterie::picture;
  if (count != 3) {
    std::fputs("usage: draw_sample failure|history|hostile|quiet|large FILE\n", stderr);
    return 64;
  }
  const Run run = run_named(arguments[1]);
  const std::string path = arguments[2];
  std::ofstream(path, std::ios::binary) << space_time_html(run);
  std::ofstream(path + ".json", std::ios::binary) << expected(run);
  std::ofstream(path + ".txt", std::ios::binary) << text_picture(run);
  return 0;
}
