// The verbs, one function each (verbs/<verb>.cc). Each returns the exit code and throws Error.
#pragma once

#include "cli/arguments.h"

namespace hlwq::cli {

int RunQuantize(const Arguments& arguments);
int RunDequantize(const Arguments& arguments);
int RunDownload(const Arguments& arguments);
int RunImport(const Arguments& arguments);
int RunExport(const Arguments& arguments);
int RunSynth(const Arguments& arguments);
int RunInspect(const Arguments& arguments);
int RunPlan(const Arguments& arguments);
int RunCompare(const Arguments& arguments);
int RunVerify(const Arguments& arguments);
int RunPerplexity(const Arguments& arguments);
int RunKld(const Arguments& arguments);
int RunAblate(const Arguments& arguments);
int RunLogits(const Arguments& arguments);
int RunBench(const Arguments& arguments);
int RunCacheSim(const Arguments& arguments);
int RunGenerate(const Arguments& arguments);
int RunChat(const Arguments& arguments);
int RunServe(const Arguments& arguments);
int RunTokenize(const Arguments& arguments);
int RunHelp(const Arguments& arguments);

}  // namespace hlwq::cli
