// The objectives behind MakeObjective.
#pragma once

#include <memory>

#include "study/objective/objective.h"

namespace hlwq::study {

std::unique_ptr<Objective> MakeAutoregressive(TokenId start);
std::unique_ptr<Objective> MakeMaskedDiffusion(NoiseSchedule schedule, MaskedLoss loss);

}  // namespace hlwq::study
