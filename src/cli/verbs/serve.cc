// hlwq serve.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/memory_limit.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/verbs/served_models.h"
#include "model/recurrent_state.h"
#include "server/http/server.h"
#include "server/scheduler.h"

namespace hlwq::cli {
namespace {

constexpr size_t kMostDefaultContext = 32768;
constexpr uint64_t kMostDefaultCache = uint64_t{8} << 30;
constexpr uint64_t kMostKeyFileBytes = 1 << 20;

std::vector<std::string> ApiKeysOf(const Arguments& arguments) {
  std::vector<std::string> keys = arguments.List(flag::kApiKey);
  if (const auto file = arguments.FindText(flag::kApiKeyFile)) {
    std::string key;
    for (const char byte : ReadSmallFile(*file, kMostKeyFileBytes) + "\n") {
      if (byte != '\n' && byte != '\r') {
        key += byte;
      } else if (!key.empty()) {
        keys.push_back(std::exchange(key, {}));
      }
    }
    if (keys.empty())
      throw Error(ErrorCode::kInvalidData, *file + ": want a key on a line, got none");
  }
  return keys;
}

server::ServerOptions ServerOptionsOf(const Arguments& arguments) {
  server::ServerOptions options;
  options.host = arguments.Text(flag::kHost);
  options.port = static_cast<int>(arguments.Integer(flag::kPort));
  options.access.api_keys = ApiKeysOf(arguments);
  options.access.origins = arguments.List(flag::kCors);
  options.access.hosts = arguments.List(flag::kAllowHost);
  options.most_seconds = arguments.FindNumber(flag::kTimeout).value_or(0);
  options.access.checks_host =
      options.host == "localhost" || options.host == "::1" || options.host.starts_with("127.");
  return options;
}

// While one exists, SIGINT and SIGTERM wait to be asked for; threads that are begun meanwhile leave them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  ~EndSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void Wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
  }

 private:
  sigset_t signals_, before_;
};

// Until a signal comes.
void Serve(const Arguments& arguments, server::ModelShelf& models,
           const server::ServerOptions& options, const std::string& what,
           std::unique_ptr<EndSignals> signals) {
  server::Server server(models, options);
  if (arguments.json()) PrintJson({{"host", options.host}, {"port", server.port()}});
  PrintNote(arguments, fmt::format("{} at http://{}:{}/v1", what, options.host, server.port()));
  std::thread listening([&] { server.Run(); });
  signals->Wait();
  signals.reset();  // another one ends the program at once
  PrintNote(arguments, "ending; answers under way are finished");
  server.Stop();
  listening.join();
}

// What the models share, in bytes.
struct SharedMemory {
  uint64_t models = 0;
  uint64_t cache = 0;  // of each model that is open: --cache-ram
};

SharedMemory SharedMemoryOf(const Arguments& arguments, size_t most_open) {
  const uint64_t free_bytes = ReadMemoryLimit().available_bytes;
  const uint64_t cache = arguments.Has(flag::kCacheRam)
                             ? arguments.Bytes(flag::kCacheRam)
                             : std::min(free_bytes / 4, kMostDefaultCache);
  return {.models = arguments.Has(flag::kModelsMemory) ? arguments.Bytes(flag::kModelsMemory)
                                                       : free_bytes,
          .cache = cache / most_open};
}

// Where states are recurrent, half of the cache is for those of earlier moments.
bool HasStates(const model::ModelConfig& config) noexcept {
  return model::RecurrentState::Bytes(config) > 0;
}

server::SchedulerOptions SchedulingOf(const Arguments& arguments, const chat::TextModel& model,
                                      uint64_t cache_bytes, std::function<void()> on_growth) {
  const size_t context = arguments.Has(flag::kCtxSize)
                             ? ContextTokensOf(arguments, model)
                             : std::min<size_t>(model.config().max_positions, kMostDefaultContext);
  server::SchedulerOptions scheduling;
  scheduling.cache = CacheOptionsOf(arguments, context);
  scheduling.most_active = static_cast<size_t>(arguments.Integer(flag::kParallel));
  scheduling.idle_bytes = HasStates(model.config()) ? cache_bytes - cache_bytes / 2 : cache_bytes;
  scheduling.most_drafted = static_cast<size_t>(arguments.Integer(flag::kDraftMax));
  scheduling.is_exact = arguments.Switch(flag::kExact);
  scheduling.on_growth = std::move(on_growth);
  return scheduling;
}

}  // namespace

int RunServe(const Arguments& arguments) {
  const std::vector<NamedModel> found = ModelsToServe(arguments);
  const auto most_open =
      std::min<size_t>(found.size(), static_cast<size_t>(arguments.Integer(flag::kModelsMax)));
  const SharedMemory memory = SharedMemoryOf(arguments, most_open);
  const OpenOptions opening = {.models = static_cast<int>(most_open),
                               .most_bytes = memory.models,
                               .snapshot_bytes = memory.cache / 2};
  const server::ServerOptions options = ServerOptionsOf(arguments);
  auto signals = std::make_unique<EndSignals>();  // before any thread begins
  const auto path_of = [&](const std::string& name) {
    return std::ranges::find(found, name, &NamedModel::name)->path;
  };
  const auto open = [&](const server::ModelShelf::Opening& of) {
    auto served = std::make_shared<server::ServedModel>(
        of.name, [&] { return OpenModel(arguments, path_of(of.name), opening); },
        [&](const chat::TextModel& model) {
          return SchedulingOf(arguments, model, memory.cache, of.on_growth);
        },
        of.metrics);
    PrintModelNotes(arguments, served->model());
    if (found.size() > 1) PrintNote(arguments, of.name + " is open");
    return served;
  };
  std::vector<std::string> names;
  for (const NamedModel& model : found) names.push_back(model.name);
  server::ModelShelf models(
      names, {.most_open = most_open, .most_bytes = memory.models}, open,
      [&](const std::string& name) { return MemoryToOpen(arguments, path_of(name), opening); });
  std::string what = fmt::format("{} models", found.size());
  if (found.size() == 1) {
    const size_t context = models.Get("")->scheduler().context_tokens();
    what = fmt::format("{}, {} tokens of context,", names.front(), context);
  }
  Serve(arguments, models, options, what, std::move(signals));
  models.FinishTraces();
  return 0;
}

}  // namespace hlwq::cli
