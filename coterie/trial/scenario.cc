// See scenario.h.
#include "coterie/trial/scenario.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "coterie/trial/words.h"

namespace coterie::trial {

namespace {

constexpr size_t text_bytes_max = 1'000'000;
constexpr size_t faults_max = 10'000;
constexpr size_t left_out_max = 100'000;
constexpr size_t held_max = 100'000;

// Numbers of a set as ranges: 1-3,5.
std::string ranges_of(const std::set<uint64_t>& numbers) {
  std::string text;
  for (auto it = numbers.begin(); it != numbers.end();) {
    const uint64_t first = *it;
    uint64_t last = first;
    while (++it != numbers.end() && *it == last + 1) last = *it;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (last != first) text += fmt::format("-{}", last);
  }
  return text;
}

bool parse_ranges(std::string_view text, std::set<uint64_t>& numbers) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view range = text.substr(0, end);
    const size_t dash = range.find('-');
    uint64_t first = 0, last = 0;
    if (!parse_number(range.substr(0, dash), first)) return false;
    last = first;
    if (dash != std::string_view::npos && !parse_number(range.substr(dash + 1), last)) return false;
    if (last < first || last - first > left_out_max) return false;
    for (uint64_t number = first; number <= last; ++number) numbers.insert(number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return !numbers.empty() && numbers.size() <= left_out_max;
}

std::string client_line(uint32_t number, const PlannedClient& client) {
  std::string line = fmt::format("client {} {}", number, workload::kind_name(client.kind));
  if (client.hurry_permille != 0) line += fmt::format(" hurry {}", client.hurry_permille);
  if (!client.held.empty()) return line + "\n";
  if (client.conversations_max != UINT64_MAX)
    line += fmt::format(" at-most {}", client.conversations_max);
  const std::set<uint64_t> left_out(client.left_out.begin(),
                                    client.left_out.upper_bound(client.conversations_max));
  if (!left_out.empty()) line += " without " + ranges_of(left_out);
  return line + "\n";
}

std::string held_line(uint32_t client, uint64_t conversation, const PlannedConversation& held) {
  std::string line =
      fmt::format("at {} client {} holds {}", write_ms(held.at), client, conversation);
  if (held.node) line += fmt::format(" node {}", held.node);
  return line;
}

// The lines that begin with a time, in their order.
std::vector<std::string> timed_lines(const Plan& plan) {
  std::vector<std::pair<Duration, std::string>> timed;
  for (const PlannedFault& fault : plan.faults) timed.emplace_back(fault.at, describe(fault));
  for (const auto& [number, client] : plan.clients) {
    for (const auto& [conversation, held] : client.held)
      timed.emplace_back(held.at, held_line(number, conversation, held));
  }
  std::stable_sort(timed.begin(), timed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> lines;
  lines.reserve(timed.size());
  for (auto& [at, line] : timed) lines.push_back(std::move(line));
  return lines;
}

// Reads one line after the other into a scenario.
class Reader {
 public:
  // An error without the line's number.
  Result<void> line(std::string_view text) {
    const size_t mark = text.find('#');
    if (mark == 0) {
      std::string_view comment = text.substr(1);
      if (comment.starts_with(' ')) comment.remove_prefix(1);
      scenario.comment += std::string(comment) + "\n";
      return {};
    }
    text = text.substr(0, mark);
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (text.empty()) return {};
    words_ = words_of(text);
    if (text.starts_with("at ") && words_.size() > 2 && words_[2] == "client") return held();
    if (text.starts_with("at ")) {
      COTERIE_TRY(fault, parse_fault(text));
      if (scenario.plan.faults.size() == faults_max) return bad("at most 10000 faults");
      scenario.plan.faults.push_back(fault);
      return {};
    }
    if (words_[0] == "client") return client();
    if (words_[0] == "knob") return knob();
    return setting();
  }

  Result<Scenario> finish() {
    const Plan& plan = scenario.plan;
    if (plan.clients.empty()) return fail(Fault::invalid, "a scenario needs a client");
    for (const PlannedFault& fault : plan.faults) {
      if (fault.node.value > plan.nodes || fault.peer.value > plan.nodes)
        return fail(Fault::invalid, describe(fault) + ": there is no such node");
    }
    for (auto& [number, held] : held_) {
      const auto client = scenario.plan.clients.find(number);
      if (client == scenario.plan.clients.end())
        return fail(Fault::invalid, fmt::format("there is no client {} to hold anything", number));
      if (client->second.conversations_max != UINT64_MAX || !client->second.left_out.empty())
        return fail(Fault::invalid,
                    fmt::format("client {} holds what has its own line, and takes neither "
                                "`at-most` nor `without`",
                                number));
      for (const auto& [conversation, one] : held) {
        if (one.node.value > plan.nodes)
          return fail(Fault::invalid,
                      held_line(number, conversation, one) + ": there is no such node");
      }
      client->second.held = std::move(held);
    }
    std::stable_sort(scenario.plan.faults.begin(), scenario.plan.faults.end(),
                     [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
    return std::move(scenario);
  }

  Scenario scenario;

 private:
  static tl::unexpected<Error> bad(std::string why) { return fail(Fault::invalid, std::move(why)); }

  Result<void> client() {
    uint64_t number = 0;
    PlannedClient client;
    if (words_.size() < 3 || !parse_number(words_[1], number) || number >= 100)
      return bad("expected `client NUMBER KIND`, numbers below 100");
    const auto kind = workload::kind_of(words_[2]);
    if (!kind) return bad(fmt::format("there are no clients of kind `{}`", words_[2]));
    client.kind = *kind;
    if (words_.size() % 2 == 0) return bad("a word has no value");
    for (size_t i = 3; i < words_.size(); i += 2) {
      const std::string_view word = words_[i], value = words_[i + 1];
      const bool read = word == "hurry"     ? parse_number(value, client.hurry_permille)
                        : word == "at-most" ? parse_number(value, client.conversations_max)
                        : word == "without" ? parse_ranges(value, client.left_out)
                                            : false;
      if (!read) return bad(fmt::format("`{} {}` is not understood", word, value));
    }
    if (!scenario.plan.clients.emplace(static_cast<uint32_t>(number), client).second)
      return bad("this client is there already");
    return {};
  }

  Result<void> held() {
    uint32_t number = 0;
    uint64_t conversation = 0;
    PlannedConversation one;
    const bool read =
        (words_.size() == 6 || words_.size() == 8) && parse_ms(words_[1], one.at) &&
        parse_number(words_[3], number) && words_[4] == "holds" &&
        parse_number(words_[5], conversation) && conversation > 0 &&
        (words_.size() == 6 || (words_[6] == "node" && parse_number(words_[7], one.node.value)));
    if (!read) return bad("expected `at <n>ms client NUMBER holds CONVERSATION [node NODE]`");
    if (held_count_ == held_max) return bad("at most 100000 conversations");
    ++held_count_;
    if (!held_[number].emplace(conversation, one).second)
      return bad("the client holds this conversation already");
    return {};
  }

  Result<void> knob() {
    bool known = false, read = false;
    if (words_.size() == 3) {
      for_each_knob(scenario.plan.knobs, [&](std::string_view name, uint64_t& value) {
        if (name != words_[1]) return;
        known = true;
        read = parse_number(words_[2], value);
      });
    }
    if (!known) return bad("expected `knob NAME NUMBER` with the name of a knob");
    if (!read) return bad(fmt::format("`{}` is no number", words_[2]));
    return {};
  }

  Result<void> setting() {
    if (words_.size() != 2) return bad(fmt::format("`{}` takes one value", words_[0]));
    Plan& plan = scenario.plan;
    const std::string_view name = words_[0], value = words_[1];
    uint64_t number = 0;
    const auto numeric = [&](std::string_view unit, uint64_t least, uint64_t most) {
      return value.ends_with(unit) &&
             parse_number(value.substr(0, value.size() - unit.size()), number) && number >= least &&
             number <= most;
    };
    const auto switched = [&](bool& on) {
      on = value == "yes";
      return on || value == "no";
    };
    bool good = true;
    if (name == "mutant") {
      scenario.mutant = std::string(value);
    } else if (name == "expect") {
      good = parse_failure(value, scenario.expected);
    } else if (name == "seed") {
      good = parse_number(value, plan.seed);
    } else if (name == "nodes") {
      if ((good = numeric("", 1, 9))) plan.nodes = static_cast<uint32_t>(number);
    } else if (name == "duration") {
      good = parse_ms(value, plan.duration) && plan.duration >= milliseconds(1);
    } else if (name == "pause") {
      if ((good = numeric("us", 0, 60'000'000))) plan.pause_us = number;
    } else if (name == "frozen") {
      if ((good = numeric("ms", 0, 3'600'000))) plan.frozen_ms = number;
    } else if (name == "keys") {
      if ((good = numeric("", 1, 1'000))) plan.keys = static_cast<uint32_t>(number);
    } else if (name == "value-bytes") {
      if ((good = numeric("", 0, 1 << 20))) plan.value_bytes = static_cast<uint32_t>(number);
    } else if (name == "early") {
      good = switched(plan.early);
    } else if (name == "freeze") {
      good = switched(plan.freeze);
    } else {
      return bad(fmt::format("`{}` is not understood", name));
    }
    if (!good) return bad(fmt::format("`{}` does not take `{}`", name, value));
    return {};
  }

  static bool parse_failure(std::string_view word, Failure& failure) {
    for (size_t i = 0; i < failures; ++i) {
      if (failure_word(static_cast<Failure>(i)) != word) continue;
      failure = static_cast<Failure>(i);
      return true;
    }
    return false;
  }

  std::vector<std::string_view> words_;
  std::map<uint32_t, std::map<uint64_t, PlannedConversation>> held_;  // by client
  size_t held_count_ = 0;
};

}  // namespace

Remarks remarks_of(const Plan& plan, const Decisions& decisions) {
  Remarks remarks;
  for (const Decided& decided : decisions.faults) {
    if (!decided.about.empty() && decided.of == decided.single)
      remarks[describe(decided.single)] = decided.about;
  }
  for (const Begun& begun : decisions.conversations) {
    const auto client = plan.clients.find(begun.client);
    if (client == plan.clients.end()) continue;
    const auto held = client->second.held.find(begun.number);
    if (held != client->second.held.end())
      remarks[held_line(begun.client, begun.number, held->second)] = begun.words;
  }
  return remarks;
}

std::string write_scenario(const Scenario& scenario, const Remarks& remarks) {
  const Plan& plan = scenario.plan;
  std::string text;
  for (size_t start = 0; start < scenario.comment.size();) {
    const size_t end = std::min(scenario.comment.find('\n', start), scenario.comment.size());
    text += "# " + scenario.comment.substr(start, end - start) + "\n";
    start = end + 1;
  }
  if (!scenario.mutant.empty()) text += "mutant " + scenario.mutant + "\n";
  text += fmt::format("expect {}\n", failure_word(scenario.expected));
  text += fmt::format("seed {}\nnodes {}\nduration {}\n", plan.seed, plan.nodes,
                      write_ms(plan.duration));
  if (plan.pause_us != Plan().pause_us) text += fmt::format("pause {}us\n", plan.pause_us);
  text += fmt::format("keys {}\n", plan.keys);
  if (plan.value_bytes != 0) text += fmt::format("value-bytes {}\n", plan.value_bytes);
  text +=
      fmt::format("early {}\nfreeze {}\n", plan.early ? "yes" : "no", plan.freeze ? "yes" : "no");
  if (plan.frozen_ms != 0) text += fmt::format("frozen {}ms\n", plan.frozen_ms);
  for_each_knob(plan.knobs, [&](std::string_view name, uint64_t value) {
    if (value != 0) text += fmt::format("knob {} {}\n", name, value);
  });
  for (const auto& [number, client] : plan.clients) text += client_line(number, client);
  for (const std::string& line : timed_lines(plan)) {
    const auto remark = remarks.find(line);
    text += line + (remark == remarks.end() ? "" : "  # " + remark->second) + "\n";
  }
  return text;
}

Result<Scenario> read_scenario(std::string_view text) {
  if (text.size() > text_bytes_max)
    return fail(Fault::invalid, "a scenario has at most a million bytes");
  Reader reader;
  reader.scenario.plan.clients.clear();
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (auto read = reader.line(text.substr(0, end)); !read)
      return fail(Fault::invalid, fmt::format("line {}: {}", number, read.error().message));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.finish();
}

}  // namespace coterie::trial
