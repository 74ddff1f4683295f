#include "base/ordered_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <string>
#include <thread>

#include "base/error.h"

namespace hlwq {
namespace {

constexpr int kLength = 200;

struct Piece {
  int number = 0;
  int square = 0;
};

// Squares the numbers below kLength; the larger ones of every five take less time.
class Squares {
 public:
  bool Read(Piece& piece) {
    if (next_ == kLength) return false;
    in_flight_.store(in_flight_ + 1);
    most_ = std::max(most_, in_flight_.load());
    piece.number = next_++;
    FailIn("read", piece.number);
    return true;
  }

  void Work(Piece& piece) {
    std::this_thread::sleep_for(std::chrono::microseconds(100 * (4 - piece.number % 5)));
    piece.square = piece.number * piece.number;
    FailIn("work", piece.number);
  }

  void Finish(Piece& piece) {
    FailIn("finish", piece.number);
    squares_.push_back(piece.square);
    --in_flight_;
  }

  // Makes `stage` throw at the number 100.
  void FailAt(std::string stage) { failing_stage_ = std::move(stage); }

  const std::vector<int>& squares() const { return squares_; }
  int most_in_flight() const { return most_; }

 private:
  void FailIn(std::string_view stage, int number) const {
    if (stage == failing_stage_ && number == 100) {
      throw Error(ErrorCode::kInvalidData, failing_stage_ + " fails");
    }
  }

  int next_ = 0;
  std::atomic<int> in_flight_ = 0;
  int most_ = 0;
  std::string failing_stage_;
  std::vector<int> squares_;
};

std::vector<int> SquaresBelow(int end) {
  std::vector<int> squares(static_cast<size_t>(end));
  std::iota(squares.begin(), squares.end(), 0);
  for (int& square : squares) square *= square;
  return squares;
}

TEST(OrderedPipeline, FinishesAllInTheOrderOfReading) {
  for (const int threads : {1, 2, 7}) {
    Squares stages;
    RunOrderedPipeline<Piece>(threads, stages);
    EXPECT_EQ(stages.squares(), SquaresBelow(kLength)) << threads;
  }
}

TEST(OrderedPipeline, HoldsNoMorePiecesThanItSays) {
  for (const int threads : {1, 3}) {
    Squares stages;
    RunOrderedPipeline<Piece>(threads, stages);
    EXPECT_LE(stages.most_in_flight(), static_cast<int>(PiecesInFlight(threads)));
  }
}

TEST(OrderedPipeline, AnErrorOfAnyStageEndsItAndWhatWasFinishedBeforeStays) {
  for (const std::string stage : {"read", "work", "finish"}) {
    Squares stages;
    stages.FailAt(stage);
    try {
      RunOrderedPipeline<Piece>(2, stages);
      ADD_FAILURE() << stage;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), stage + " fails");
    }
    ASSERT_LE(stages.squares().size(), 100u);
    EXPECT_EQ(stages.squares(), SquaresBelow(static_cast<int>(stages.squares().size())));
  }
}

TEST(OrderedPipeline, WorksOnNothingOfAnEmptyStream) {
  struct Empty {
    bool Read(Piece&) { return false; }
    void Work(Piece&) { ADD_FAILURE(); }
    void Finish(Piece&) { ADD_FAILURE(); }
  } stages;
  RunOrderedPipeline<Piece>(2, stages);
}

TEST(OrderedPipeline, GivesAPieceBackAsItWasFinished) {
  struct Counting {
    bool Read(Piece& piece) {
      uses += piece.number;
      piece.number = 1;
      return reads++ < 100;
    }
    void Work(Piece&) {}
    void Finish(Piece&) {}
    int reads = 0;
    int uses = 0;
  } stages;
  RunOrderedPipeline<Piece>(1, stages);
  EXPECT_GE(stages.uses, 100 - static_cast<int>(PiecesInFlight(1)));
}

}  // namespace
}  // namespace hlwq
