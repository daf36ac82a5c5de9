// See mutex.h.
#include "coterie/proof/mutex.h"

#include <algorithm>

#include <fmt/format.h>

namespace coterie::proof {

namespace {

// Something with a token that was given or accepted.
struct Grant {
  uint32_t step = 0;
  int64_t token = 0;
};

class Rules {
 public:
  Rules(const History& history, const Part& part, const ValuePool& pool, const ExpirySlack& slack)
      : history_(history), part_(part), pool_(pool), slack_(slack) {}

  std::optional<Conviction> run() {
    if (auto wrong = check_holds()) return wrong;
    return check_tokens();
  }

 private:
  const Step& step(uint32_t i) const { return part_.steps[i]; }
  const PartCall& call(uint32_t i) const { return *part_.calls_of(step(i)); }
  uint32_t client(uint32_t i) const { return history_[step(i).operation].client; }
  bool says_one(uint32_t i) const {
    return call(i).expect == Expect::text && pool_.text(call(i).result) == "1";
  }

  struct Hold {
    uint32_t acquire;
    int64_t from;
    int64_t until;
  };

  // The earliest moment at which the lease can be over.
  int64_t lease_end(uint32_t acquire) const {
    const int64_t ttl_ms = call(acquire).number;
    if (ttl_ms == 0) return never;
    const double ttl = static_cast<double>(ttl_ms) * 1e6;
    const double least = ttl - ttl * static_cast<double>(slack_.ppm) / 1e6 -
                         static_cast<double>(slack_.absolute_ns) +
                         static_cast<double>(step(acquire).called);
    return least >= 9e18 ? never : static_cast<int64_t>(least);
  }

  std::optional<Conviction> check_holds() const {
    boost::unordered_flat_map<uint32_t, std::vector<uint32_t>> releases;  // by owner, by call
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      // One that was refused has released nothing.
      if (call(i).word == Word::release && (step(i).optional || says_one(i)))
        releases[call(i).a].push_back(i);
    }
    std::vector<Hold> holds;
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      if (call(i).word != Word::acquire || call(i).expect != Expect::text) continue;
      Hold hold{i, step(i).returned, lease_end(i)};
      for (const uint32_t release : releases[call(i).a]) {
        if (step(release).returned < step(i).called) continue;
        hold.until = std::min(hold.until, step(release).called);
        break;
      }
      if (hold.from < hold.until) holds.push_back(hold);
    }
    std::sort(holds.begin(), holds.end(),
              [](const Hold& a, const Hold& b) { return a.from < b.from; });
    const Hold* longest = nullptr;
    for (const Hold& hold : holds) {
      if (longest != nullptr && hold.from < longest->until) {
        return Conviction{fmt::format("client {} was given the lock while client {} surely held it",
                                      client(hold.acquire), client(longest->acquire)),
                          {step(longest->acquire).operation, step(hold.acquire).operation}};
      }
      if (longest == nullptr || hold.until > longest->until) longest = &hold;
    }
    return {};
  }

  std::optional<Conviction> check_tokens() const {
    std::vector<Grant> grants;  // by call
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      if (call(i).word == Word::acquire && call(i).expect == Expect::text) {
        if (const auto token = number_of(pool_.text(call(i).result))) grants.push_back({i, *token});
      }
      if (call(i).word == Word::use && says_one(i)) grants.push_back({i, call(i).number});
    }
    std::vector<Grant> by_return = grants;
    std::sort(by_return.begin(), by_return.end(), [&](const Grant& a, const Grant& b) {
      return step(a.step).returned < step(b.step).returned;
    });
    const Grant* highest = nullptr;  // of those that had returned
    size_t next = 0;
    for (const Grant& grant : grants) {
      for (;
           next < by_return.size() && step(by_return[next].step).returned < step(grant.step).called;
           ++next) {
        if (highest == nullptr || by_return[next].token > highest->token)
          highest = &by_return[next];
      }
      if (highest == nullptr) continue;
      const bool used = call(grant.step).word == Word::use;
      if (used ? grant.token < highest->token : grant.token <= highest->token)
        return stale(*highest, grant, used);
    }
    return check_twice(grants);
  }

  Conviction stale(const Grant& before, const Grant& grant, bool used) const {
    const std::string why =
        used ? fmt::format("the stale token {} of client {} was accepted after {} of client {}",
                           grant.token, client(grant.step), before.token, client(before.step))
             : fmt::format("client {} was given token {} after client {} had been given {}",
                           client(grant.step), grant.token, client(before.step), before.token);
    return {why, {step(before.step).operation, step(grant.step).operation}};
  }

  std::optional<Conviction> check_twice(std::vector<Grant> grants) const {
    std::stable_sort(grants.begin(), grants.end(),
                     [](const Grant& a, const Grant& b) { return a.token < b.token; });
    for (size_t i = 1; i < grants.size(); ++i) {
      const Grant &a = grants[i - 1], &b = grants[i];
      if (a.token != b.token || call(a.step).word != Word::acquire) continue;
      return Conviction{fmt::format("clients {} and {} were both given token {}", client(a.step),
                                    client(b.step), a.token),
                        {step(a.step).operation, step(b.step).operation}};
    }
    return {};
  }

  const History& history_;
  const Part& part_;
  const ValuePool& pool_;
  const ExpirySlack& slack_;
};

}  // namespace

bool is_mutex(const Part& part) {
  if (part.keys.size() != 1) return false;
  bool lock = true, fence = true;
  for (const Step& step : part.steps) {
    // What time does is in the rules already.
    if (step.timer) continue;
    const Kind kind = info_of(part.calls_of(step)->word).kind;
    lock = lock && step.calls == 1 && kind == Kind::lock;
    fence = fence && step.calls == 1 && kind == Kind::fence;
  }
  return lock || fence;
}

std::optional<Conviction> judge_mutex(const History& history, const Part& part,
                                      const ValuePool& pool, const ExpirySlack& slack) {
  return Rules(history, part, pool, slack).run();
}

}  // namespace coterie::proof
