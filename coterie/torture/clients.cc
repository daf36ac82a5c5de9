// See clients.h.
#include "coterie/torture/clients.h"

#include <condition_variable>
#include <iterator>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/process/process.h"

namespace coterie::torture {

namespace {

using process::monotonic_now;

// Whoever could not even send does not try again at once.
constexpr Duration pause_after_refusal = milliseconds(20);
// A step with less patience is in a hurry: it says nothing about the store.
constexpr Duration hurry_max = seconds(2);

// Nothing came, or the node says that it could do nothing.
bool in_vain(const workload::Answer& answer) {
  return !answer.value ||
         (answer.value->is_error() && (answer.value->text.starts_with("CLUSTERDOWN") ||
                                       answer.value->text.starts_with("UNKNOWN")));
}

}  // namespace

struct Clients::Client {
  std::unique_ptr<workload::Script> script;
  std::unique_ptr<Driver> driver;
  std::thread thread;
  // Guarded by Shared::mutex.
  std::string doing;
  Instant since;
  bool ended = false;
};

struct Clients::Shared {
  mutable std::mutex mutex;
  std::condition_variable changed;
  proof::History history;
  OperationCounts counts;
  bool finishing = false, stopping = false;
  Instant demanded = Instant::never();  // answers, since then
  std::optional<std::string> unanswered;
};

Clients::Clients(uint32_t count, const ScriptFactory& scripts, const DriverFactory& drivers)
    : shared_(std::make_unique<Shared>()) {
  for (uint32_t number = 0; number < count; ++number) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->script = scripts(number);
    clients_.back()->driver = drivers(number);
  }
  for (const auto& client : clients_) client->thread = std::thread([&] { run(*client); });
}

Clients::~Clients() { stop(); }

void Clients::run(Client& client) {
  bool told = false;
  std::unique_lock lock(shared_->mutex);
  while (!shared_->stopping) {
    if (shared_->finishing && !std::exchange(told, true)) client.script->finish();
    const std::optional<workload::Step> step = client.script->next();
    if (!step) break;
    client.since = monotonic_now();
    client.doing = client.script->describe();
    shared_->changed.wait_for(lock, std::chrono::nanoseconds(step->pause.ns),
                              [&] { return shared_->stopping; });
    lock.unlock();
    const Instant called = monotonic_now();
    const workload::Answer answer = client.driver->perform(*step);
    const Instant returned = monotonic_now();
    lock.lock();
    if (called >= shared_->demanded && step->patience > hurry_max && in_vain(answer) &&
        !shared_->stopping && !shared_->unanswered) {
      shared_->unanswered = fmt::format(
          "{} was not answered in {:.1f} s{}", client.doing, (returned - called).seconds(),
          answer.value ? ", but with the error " + answer.value->text : "");
    }
    client.script->answered(answer, called.ns, returned.ns);
    collect(client);
    if (!answer.sent) {
      shared_->changed.wait_for(lock, std::chrono::nanoseconds(pause_after_refusal.ns),
                                [&] { return shared_->stopping; });
    }
  }
  client.script->abandon();
  collect(client);
  client.ended = true;
  shared_->changed.notify_all();
}

// REQUIRES: the mutex is held.
void Clients::collect(Client& client) {
  for (proof::Operation& one : client.script->take()) {
    ++(one.outcome == proof::Outcome::ok       ? shared_->counts.acknowledged
       : one.outcome == proof::Outcome::failed ? shared_->counts.failed
                                               : shared_->counts.unknown);
    shared_->history.push_back(std::move(one));
  }
}

OperationCounts Clients::counts() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->counts;
}

void Clients::finish() {
  const std::lock_guard lock(shared_->mutex);
  shared_->finishing = true;
}

bool Clients::wait_for_end(Duration patience) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, std::chrono::nanoseconds(patience.ns), [&] {
    for (const auto& client : clients_) {
      if (!client->ended) return false;
    }
    return true;
  });
}

void Clients::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  for (const auto& client : clients_) client->driver->stop();
  for (const auto& client : clients_) {
    if (client->thread.joinable()) client->thread.join();
  }
}

void Clients::demand_answers() {
  const std::lock_guard lock(shared_->mutex);
  shared_->demanded = monotonic_now();
}

std::optional<std::string> Clients::unanswered() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->unanswered;
}

std::vector<std::string> Clients::pending() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<std::string> all;
  for (const auto& client : clients_) {
    if (client->ended) continue;
    all.push_back(fmt::format("{}, for {:.1f} s", client->doing,
                              (monotonic_now() - client->since).seconds()));
  }
  return all;
}

std::optional<std::string> Clients::surprise() const {
  const std::lock_guard lock(shared_->mutex);
  for (const auto& client : clients_) {
    COTERIE_ASSERT(client->ended);
    if (client->script->surprise()) return client->script->surprise();
  }
  return std::nullopt;
}

proof::History Clients::take_history() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->history, {});
}

}  // namespace coterie::torture
