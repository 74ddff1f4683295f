// The models of a server: open when they are asked for, closed for others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/metrics.h"
#include "server/served_model.h"

namespace hlwq::server {

// Thread: safe.
class ModelShelf {
 public:
  // Opens the model of that name, whose requests these metrics count.
  using Open = std::function<std::shared_ptr<ServedModel>(const std::string& name,
                                                          std::shared_ptr<Metrics> metrics)>;

  // Names that differ, one at least; at most `most_open` models are open at the same time.
  ModelShelf(std::vector<std::string> names, size_t most_open, Open open);

  // The model of this name; where there is one only, that one, whatever the name. Opens it if need be, and closes
  // for it the one that is unused for the longest time. An empty name means the first. Throws BadRequest with 404 and
  // the names that there are, with 503 when all that are open are busy; and as Open.
  std::shared_ptr<ServedModel> Get(const std::string& name);

  // Of each model its name, and what is open of it now.
  struct Entry {
    std::string name;
    std::shared_ptr<const ServedModel> model;  // null: closed
  };
  std::vector<Entry> Entries() const;

  // Requests that wait or are answered.
  bool IsIdle() const noexcept;
  std::string RenderMetrics() const;
  // Once no request comes any more.
  void FinishTraces();

 private:
  struct Slot {
    std::string name;
    std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
    std::shared_ptr<ServedModel> model;
    uint64_t last_use = 0;
  };

  size_t most_open_;
  Open open_;
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
  uint64_t uses_ = 0;

  Slot& SlotOf(const std::string& name);
  void MakeRoom();
};

}  // namespace hlwq::server
