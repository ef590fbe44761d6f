// report.hpp - a result for eyes, for other programs, and for HdrHistogram tools.
#pragma once

#include "core/base/result.hpp"
#include "tools/load/result.hpp"

#include <string>

namespace cti::load {

/// The head of the table that a run prints while it goes on, and one line of it.
std::string text_head(const Setup& setup);
std::string text_row(const StepResult& step);
/// What is printed at the end: faults, memory, verdict.
std::string text_end(const LoadResult& result);

/// A file that read_json() and other programs can read. Without the histograms themselves.
std::string to_json(const LoadResult& result);
/// The error says what and where.
Result<LoadResult, std::string> from_json(const std::string& text);

/// One page that needs nothing else: verdict, charts, table.
std::string to_html(const LoadResult& result);

/// Makes the folder and sees that files can be made in it: better known before an hour of measuring than after it.
Result<void, std::string> check_folder(const std::string& folder);

/// result.json, report.html and <rate>-<path>.hgrm into a folder, which is made. The error is a sentence.
Result<void, std::string> write_reports(const LoadResult& result, const std::string& folder);

}  // namespace cti::load
