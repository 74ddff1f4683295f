// The ways of coding that the ablation tells apart: each takes one step of HLWQ away, or is what one
// would use instead.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/backend.h"
#include "eval/round_trips.h"
#include "report/ablation.h"
#include "tensor/shape.h"

namespace hlwq::eval {

// What becomes of a matrix.
struct MatrixTreatment {
  SharedChange change;         // null: the format cannot hold rows of this width
  double bits_per_weight = 0;  // stored: scales and padding included
  std::string detail;          // "groups of 64"; may be empty
};

struct AblationMethod {
  std::string name;   // "hlwq-search"
  std::string label;  // "HLWQ, scale search"
  report::MethodKind kind = report::MethodKind::kUnrotated;
  std::function<MatrixTreatment(MatrixShape)> treat;
};

// All of them, with `bits` (2..6) bits a code where the method does not name its own; in the order in
// which a reader builds HLWQ up. INT4 and the formats of ggml take only rows that their groups
// divide: groups of 128, 64 or 32, the largest that does. The others fill rows up to blocks of 128.
std::vector<AblationMethod> AblationMethods(int bits, const codec::Backend& backend);

// Two methods whose difference answers a question.
struct AblationQuestion {
  std::string_view first, second;  // names; positive differences mean that the second is better
  std::string_view question;       // "What a rotation gains with uniform levels"
};
std::vector<AblationQuestion> AblationQuestions();

// How much of a gain from one method to another a third in between has made.
struct AblationShare {
  std::string_view from, through, to;  // names
  std::string_view question;
};
std::vector<AblationShare> AblationShares();

}  // namespace hlwq::eval
