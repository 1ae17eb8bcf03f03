// Search: what is tried, what is kept, and that a search that was stopped goes on to the same end.
#include <cmath>
#include <fstream>
#include <set>

#include "glia/search.h"
#include "glia/table.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

namespace {

using namespace glia;

const double kUnits[] = {4, 8, 16}, kRates[] = {0.1, 0.01};
const char *const kKind[] = {"relu", "a, \"b\""};

// What the function of a search does, and has seen.
struct Seen {
    int calls      = 0;
    int64_t stop   = -1;  // cancelled at this trial
    int64_t fail   = -1;  // fails at this trial
    int64_t endure = -1;  // not finite at this trial, in fold 1
    bool typo      = false;
    std::vector<std::string> log;
};

glia_status score(void *user, const glia_trial *trial, glia_dataset *train, glia_dataset *validation, double *score) {
    auto *seen = static_cast<Seen *>(user);
    ++seen->calls;
    if (trial->index == seen->stop) return GLIA_CANCELLED;
    if (trial->index == seen->fail) return glia_dataset_take(train, -1, 1, nullptr);
    const double units = glia_trial_number(trial, "units"), rate = glia_trial_number(trial, "rate");
    const char *kind = glia_trial_text(trial, "kind");
    EXPECT_TRUE(!seen->typo || std::isnan(glia_trial_number(trial, "unit")));
    std::ostringstream line;
    line << trial->index << " " << trial->fold << "/" << trial->folds << " " << units << " " << rate << " "
         << (kind ? kind : "-") << " " << glia_dataset_count(train) << "+" << glia_dataset_count(validation);
    seen->log.push_back(line.str());
    *score = trial->index == seen->endure && trial->fold == 1 ? NAN : units * rate + 0.1 * trial->fold / 3;
    return GLIA_OK;
}

std::string content(const std::string &path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Search : public ContextTest {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        for (int i = 0; i < 30; ++i) x.push_back(float(i)), label.push_back(i % 3);
        const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1), x.data()},
            target{"y", GLIA_I64, GLIA_SCALAR, label.data()};
        const glia_arrays_args arrays{&input, 1, &target, 1, 30};
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK);
        args.settings = grid, args.n_settings = 3, args.run = score, args.user = &seen;
        args.folds.folds = 3;
    }
    void TearDown() override {
        glia_search_destroy(search);
        glia_dataset_destroy(data);
        ContextTest::TearDown();
    }

    glia_status run() {
        glia_search_destroy(search);
        search = nullptr;
        return glia_search_run(data, &args, &search);
    }
    void fails(glia_status status, const std::string &words) {
        EXPECT_EQ(run(), status) << words;
        EXPECT_TRUE(says(words)) << message() << "\nlacks: " << words;
        EXPECT_EQ(search, nullptr);
    }
    double value(int64_t i, const char *name) {
        const glia_trial trial = glia_search_trial(search, i);
        return glia_trial_number(&trial, name);
    }
    std::string table(int64_t rows = 0) {
        FILE *file = tmpfile();
        EXPECT_EQ(glia_search_print(search, file, rows), GLIA_OK) << message();
        std::string text(size_t(ftell(file)), ' ');
        rewind(file);
        EXPECT_EQ(fread(text.data(), 1, text.size(), file), text.size());
        fclose(file);
        return text;
    }

    const glia_setting grid[3] = {{.name = "units", .values = kUnits, .n = 3},
                                  {.name = "rate", .values = kRates, .n = 2},
                                  {.name = "kind", .texts = kKind, .n = 2}};
    std::vector<float> x;
    std::vector<int64_t> label;
    glia_dataset *data  = nullptr;
    glia_search *search = nullptr;
    glia_search_args args{};
    Seen seen;
};

TEST_F(Search, a_grid_has_all_combinations_the_last_setting_fastest) {
    ASSERT_EQ(run(), GLIA_OK) << message();
    ASSERT_EQ(seen.log.size(), 36u);
    EXPECT_EQ(seen.log[0], "0 0/3 4 0.1 relu 20+10");
    EXPECT_EQ(seen.log[4], "1 1/3 4 0.1 a, \"b\" 20+10");
    EXPECT_EQ(seen.log[6], "2 0/3 4 0.01 relu 20+10");
    EXPECT_EQ(seen.log[35], "11 2/3 16 0.01 a, \"b\" 20+10");
    EXPECT_EQ(glia_search_trials(search), 12);
    EXPECT_EQ(glia_search_finished(search), 12);

    // 4 * 0.01 is the smallest, in trials 2 and 3; the first one of equals.
    EXPECT_EQ(glia_search_best(search), 2);
    const glia_trial_result best = glia_search_result(search, 2);
    EXPECT_DOUBLE_EQ(best.score, 0.04 + 0.1 / 3);
    EXPECT_DOUBLE_EQ(best.deviation, 0.1 / 3 * std::sqrt(2.0 / 3));
    ASSERT_EQ(best.folds, 3);
    EXPECT_DOUBLE_EQ(best.scores[2], 0.04 + 0.2 / 3);
    args.maximize = true;
    ASSERT_EQ(run(), GLIA_OK) << message();
    EXPECT_EQ(glia_search_best(search), 8);
    args.trials = 5;
    ASSERT_EQ(run(), GLIA_OK) << message();
    EXPECT_EQ(glia_search_trials(search), 5);
    EXPECT_EQ(glia_search_trial(search, 5).search, nullptr);
    EXPECT_EQ(glia_search_result(search, -1).message, nullptr);
}

TEST_F(Search, a_range_has_steps_in_a_grid) {
    const glia_setting ranges[] = {{.name = "rate", .low = 1e-4, .high = 1, .log = true, .steps = 5},
                                   {.name = "units", .low = 1, .high = 8, .whole = true, .steps = 4},
                                   {.name = "few", .low = 1, .high = 2, .whole = true, .steps = 9},
                                   {.name = "third", .low = 0, .high = 1, .steps = 4}};
    args.settings = ranges, args.n_settings = 4;
    args.run = [](void *, const glia_trial *, glia_dataset *, glia_dataset *, double *out) {
        return *out = 1, GLIA_OK;
    };
    ASSERT_EQ(run(), GLIA_OK) << message();
    ASSERT_EQ(glia_search_trials(search), 5 * 4 * 2 * 4);
    std::set<double> rates, units, few, thirds;
    for (int64_t i = 0; i < 160; ++i)
        rates.insert(value(i, "rate")), units.insert(value(i, "units")), few.insert(value(i, "few")),
            thirds.insert(value(i, "third"));
    EXPECT_EQ(rates, (std::set<double>{1e-4, 1e-3, 1e-2, 0.1, 1}));
    EXPECT_EQ(units, (std::set<double>{1, 3, 6, 8}));
    EXPECT_EQ(few, (std::set<double>{1, 2}));
    EXPECT_EQ(thirds, (std::set<double>{0, 0.333333, 0.666667, 1}));
}

TEST_F(Search, draws_follow_from_the_seed_and_more_begin_with_fewer) {
    const glia_setting ranges[] = {{.name = "rate", .low = 1e-5, .high = 1, .log = true},
                                   {.name = "units", .low = 3, .high = 12, .whole = true},
                                   {.name = "drop", .low = -1, .high = 1},
                                   {.name = "kind", .texts = kKind, .n = 2}};
    args.settings = ranges, args.n_settings = 4, args.random = true, args.trials = 1000, args.validation = data,
    args.folds = {};
    ASSERT_EQ(run(), GLIA_OK) << message();
    EXPECT_EQ(seen.log[0].substr(seen.log[0].size() - 5), "30+30");
    std::vector<double> first;
    int below = 0, negative = 0, relu = 0;
    std::map<double, int> units;
    std::set<uint64_t> seeds;
    for (int64_t i = 0; i < 1000; ++i) {
        const double rate = value(i, "rate"), drop = value(i, "drop");
        EXPECT_TRUE(rate >= 1e-5 && rate <= 1 && drop >= -1 && drop <= 1);
        first.push_back(rate), first.push_back(drop), first.push_back(value(i, "units"));
        below += rate < std::sqrt(1e-5), negative += drop < 0, ++units[value(i, "units")];
        const glia_trial trial = glia_search_trial(search, i);
        relu += std::string(glia_trial_text(&trial, "kind")) == "relu";
        seeds.insert(trial.seed);
    }
    // Six standard deviations of a fair coin are 95.
    for (int n : {below, negative, relu}) EXPECT_NEAR(n, 500, 95);
    EXPECT_EQ(units.size(), 10u);
    for (const auto &[unit, n] : units) EXPECT_NEAR(n, 100, 60) << unit;
    EXPECT_EQ(seeds.size(), 1000u);

    args.trials = 0;  // 20
    ASSERT_EQ(run(), GLIA_OK) << message();
    ASSERT_EQ(glia_search_trials(search), 20);
    for (int64_t i = 0; i < 20; ++i)
        for (int s = 0; s < 3; ++s) {
            const char *const names[] = {"rate", "drop", "units"};
            EXPECT_EQ(value(i, names[s]), first[size_t(3 * i + s)]);
        }
    args.seed = 8;
    ASSERT_EQ(run(), GLIA_OK) << message();
    EXPECT_NE(value(0, "rate"), first[0]);
}

TEST_F(Search, lists_are_drawn_without_a_combination_twice) {
    args.random = true, args.trials = 100;
    ASSERT_EQ(run(), GLIA_OK) << message();
    ASSERT_EQ(glia_search_trials(search), 12);
    std::set<std::string> all;
    for (int64_t i = 0; i < 12; ++i) {
        const glia_trial trial = glia_search_trial(search, i);
        all.insert(std::to_string(value(i, "units")) + std::to_string(value(i, "rate")) +
                   glia_trial_text(&trial, "kind"));
    }
    EXPECT_EQ(all.size(), 12u);
}

TEST_F(Search, goes_on_where_it_was_stopped) {
    Folder folder;
    const std::string path = folder / "results.csv", other = folder / "whole.csv";
    for (bool random : {false, true}) {
        args.random = random, args.path = other.c_str(), seen = {};
        seen.endure = 5, seen.fail = 7;
        ASSERT_EQ(run(), GLIA_OK) << message();
        const std::string whole = table();
        EXPECT_TRUE(random || message().empty()) << message();  // what was noted is no failure of the search
        EXPECT_EQ(seen.calls, 3 * 10 + 2 + 1);                  // the folds behind a failure are left out
        args.path = path.c_str();
        int calls = 0;
        for (int64_t stop : {0, 1, 6, 11}) {
            seen.stop = stop, seen.calls = 0;
            fails(GLIA_CANCELLED, "trial " + std::to_string(stop) + " (units ");
            calls += seen.calls - 1;
            const std::string lines = content(path);
            EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), stop + 1);
        }
        seen.stop = -1, seen.calls = 0;
        ASSERT_EQ(run(), GLIA_OK) << message();
        EXPECT_EQ(calls + seen.calls, 3 * 10 + 2 + 1);
        EXPECT_EQ(table(), whole);
        EXPECT_EQ(glia_search_best(search), random ? glia_search_best(search) : 2);
        EXPECT_EQ(glia_search_result(search, 5).status, GLIA_NOT_FINITE);
        EXPECT_STREQ(glia_search_result(search, 5).message, "the score of fold 1 is infinite or not a number");
        EXPECT_EQ(glia_search_result(search, 7).status, GLIA_INVALID_ARGUMENT);
        EXPECT_NE(std::string(glia_search_result(search, 7).message).find("glia_dataset_take"), std::string::npos);

        // Nothing is left to do, but for failures on request.
        seen = {};
        ASSERT_EQ(run(), GLIA_OK) << message();
        EXPECT_EQ(seen.calls, 0);
        EXPECT_EQ(table(), whole);
        args.retry = true;
        ASSERT_EQ(run(), GLIA_OK) << message();
        EXPECT_EQ(seen.calls, 6);
        EXPECT_EQ(glia_search_result(search, 7).status, GLIA_OK);
        args.retry = false;
        std::filesystem::remove(path);
        std::filesystem::remove(other);
    }
}

TEST_F(Search, the_file_is_a_table_and_the_table_is_sorted) {
    Folder folder;
    const std::string path = folder / "results.csv";
    args.path = path.c_str(), args.maximize = true, seen.endure = 0;
    ASSERT_EQ(run(), GLIA_OK) << message();
    glia_table *read = nullptr;
    const glia_csv_args most{.missing = GLIA_MISSING_MOST_FREQUENT};
    ASSERT_EQ(glia_table_read_csv(ctx, path.c_str(), &most, &read), GLIA_OK) << message();
    ASSERT_EQ(glia_table_rows(read), 12);
    for (int64_t i = 1; i < 12; ++i) {
        EXPECT_EQ(glia_table_values(read, glia_table_find(read, "score"))[i], glia_search_result(search, i).score);
        EXPECT_EQ(glia_table_values(read, glia_table_find(read, "fold2"))[i], glia_search_result(search, i).scores[2]);
        EXPECT_EQ(glia_table_values(read, glia_table_find(read, "units"))[i], value(i, "units"));
    }
    const int kind = glia_table_find(read, "kind");
    EXPECT_STREQ(glia_table_category(read, kind, 0), kKind[1]);
    glia_table_destroy(read);

    const std::string all = table();
    EXPECT_EQ(all.substr(0, all.find('\n')), "trial  units  rate    kind       score   deviation");
    EXPECT_EQ(all.substr(all.find('\n') + 1, 50), "    8     16   0.1    relu     1.63333      0.0272");
    EXPECT_NE(all.find("    0      4   0.1    relu  GLIA_NOT_FINITE: the score of fold 1 is infinite"),
              std::string::npos)
        << all;
    EXPECT_EQ(all.find("    0 "), all.rfind('\n', all.size() - 2) + 1);  // the last line
    const std::string three = table(3);
    EXPECT_EQ(std::count(three.begin(), three.end(), '\n'), 4);
}

TEST_F(Search, a_file_of_another_search_is_refused) {
    Folder folder;
    const std::string path = folder / "results.csv";
    args.path              = path.c_str();
    ASSERT_EQ(run(), GLIA_OK) << message();
    const std::string right = content(path);
    const auto with         = [&](const std::string &from, const std::string &to, const std::string &words) {
        std::string text = right;
        ASSERT_NE(text.find(from), std::string::npos) << from;
        text.replace(text.find(from), from.size(), to);
        std::ofstream(path) << text;
        fails(GLIA_BAD_FORMAT, words);
        EXPECT_TRUE(says(path));
    };
    with("units", "layers", "line 1: column 5 is 'layers', this search's is 'units'");
    with(",fold2", "", "column 13 is 'seconds', this search's is 'fold2'");
    with(",message", "", "has 14 columns, this search 15");
    with("\n3,", "\n12,", "line 5: is trial 12, this search has 12");
    with("\n3,", "\n-1,", "is trial -1");
    with("\n3,", "\n2.5,", "is trial 2.5");
    with("\n3,", "\nx,", "line 5, column 'trial': 'x' is no number");
    with("\n3,", "\n2,", "trial 2 again");
    with(",30,minimum", ",31,minimum", "line 2: samples is '31', this search's is '30'");
    with(",4,0.1,", ",5,0.1,", "units is '5', this search's is '4'");
    with("GLIA_OK", "GLIA_FINE", "'GLIA_FINE' is no status");
    with("GLIA_OK,0.", "GLIA_OK,0.,", "line 2: has 16 fields, must be 15");
    with("\n11,", "\n11,\"", "quote");
    for (const char *seconds : {"-1", "1e306"}) {
        std::string last        = right.substr(0, right.find('\n', right.find("\n0,") + 1));
        last                    = last.substr(last.rfind('\n'));
        const std::string wrong = last.substr(0, last.rfind(',', last.size() - 2) + 1) + seconds + ",";
        with(last, wrong, "seconds are no time of a trial");
    }
    std::ofstream(path) << "";
    fails(GLIA_BAD_FORMAT, "has 0 columns");
    std::ofstream(path) << right;
    args.seed = 9;
    fails(GLIA_BAD_FORMAT, "line 2: seed is '");
    args.seed = 0, args.maximize = true;
    fails(GLIA_BAD_FORMAT, "line 2: judge is 'minimum by 3 folds of seed ");
    args.maximize = false, args.folds.seed = 9;
    fails(GLIA_BAD_FORMAT, ", this search's is 'minimum by 3 folds of seed 9'");
    args.folds.seed = 0, args.folds.stratified = true;
    fails(GLIA_BAD_FORMAT, " stratified by target 0'");
    args.folds.stratified = false, args.folds.in_order = true;
    fails(GLIA_BAD_FORMAT, "this search's is 'minimum by 3 folds in order'");
    args.folds.in_order = false, args.trials = 5;
    fails(GLIA_BAD_FORMAT, "is trial 5, this search has 5");
    const std::string there = folder.path();
    args.path = there.c_str(), args.trials = 0, seen.calls = 0;
    fails(GLIA_IO_ERROR, "is a folder");
    const std::string nowhere = folder / "no/results.csv";
    args.path                 = nowhere.c_str();
    fails(GLIA_NOT_FOUND, nowhere);
    EXPECT_EQ(seen.calls, 0);  // before hours of training
}

TEST_F(Search, what_it_wrote_it_reads_whatever_the_messages_are) {
    Folder folder;
    const std::string path = folder / "results.csv";
    std::string name;
    const auto fail = [&](const std::string &of) {
        name = of, args.path = path.c_str(), args.trials = 2, args.maximize = false;
        std::filesystem::remove(path);
        std::pair<glia_context *, const char *> with{ctx, name.c_str()};
        args.user = &with;
        args.run  = [](void *user, const glia_trial *trial, glia_dataset *, glia_dataset *, double *out) {
            const auto *p    = static_cast<std::pair<glia_context *, const char *> *>(user);
            glia_table *none = nullptr;
            return *out = 1, trial->index == 0 ? glia_table_read_csv(p->first, p->second, nullptr, &none) : GLIA_OK;
        };
        for (int i = 0; i < 2; ++i) EXPECT_EQ(run(), GLIA_OK) << message();
        return search ? std::string(glia_search_result(search, 0).message) : "";
    };
    EXPECT_EQ(fail("caf\xe9.csv").substr(0, 8), "caf?.csv");
    EXPECT_EQ(fail("caf\xe2\x82.csv").substr(0, 8), "caf?.csv");
    EXPECT_EQ(fail("a\tb\x7f.csv").substr(0, 8), "a?b?.csv");
    for (size_t shift = 0; shift < 4; ++shift) {  // cut at a place within a character
        std::string longer(shift, 'x');
        for (int i = 0; i < 400; ++i) longer += "\xf0\x9f\x90\xb1";
        const std::string told = fail(longer);
        EXPECT_EQ(told, longer.substr(0, shift + (255 - shift) / 4 * 4));
    }
}

TEST_F(Search, all_of_many_combinations_are_drawn_soon) {
    std::vector<double> many(200);
    for (size_t i = 0; i < many.size(); ++i) many[i] = double(i);
    const glia_setting wide[] = {{.name = "a", .values = many.data(), .n = 200},
                                 {.name = "b", .values = many.data(), .n = 200}};
    args.settings = wide, args.n_settings = 2, args.random = true, args.trials = 40000, args.seconds = 1e-9;
    ASSERT_EQ(run(), GLIA_OK) << message();
    std::set<std::pair<double, double>> all;
    for (int64_t i = 0; i < 40000; ++i) all.emplace(value(i, "a"), value(i, "b"));
    EXPECT_EQ(all.size(), 40000u);
    EXPECT_EQ(seen.calls, 0);
}

TEST_F(Search, a_file_that_cannot_be_read_again_is_not_begun) {
    Folder folder;
    const std::string path = folder / "results.csv";
    const std::vector<float> zeros(66000);
    const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1), zeros.data()};
    const glia_arrays_args arrays{&input, 1, nullptr, 0, 66000};
    glia_dataset_destroy(data);
    ASSERT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK);
    args.path = path.c_str(), args.folds.folds = 65536;
    fails(GLIA_UNSUPPORTED, "3 settings and 65536 folds are more than the 65536 columns");
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Search, limits_and_failures_end_it) {
    args.seconds = 1e-9;
    ASSERT_EQ(run(), GLIA_OK) << message();
    EXPECT_EQ(glia_search_finished(search), 0);
    EXPECT_EQ(glia_search_best(search), -1);
    args.seconds = 0, args.stop_at_error = true, seen.fail = 1;
    fails(GLIA_INVALID_ARGUMENT,
          "glia_search_run: trial 1 (units 4, rate 0.1, kind a, \"b\") returned "
          "GLIA_INVALID_ARGUMENT: glia_dataset_take: ");
    seen.fail = -1, seen.endure = 1;
    fails(GLIA_NOT_FINITE, "the score of fold 1 is nan");
    args.stop_at_error = false, args.trials = 1, seen.fail = 0;
    fails(GLIA_INVALID_ARGUMENT, "all 1 trials failed; the first, units 4, rate 0.1, kind relu: glia_dataset_take");
    seen = {}, seen.typo = true;
    fails(GLIA_INVALID_ARGUMENT, "trial 0 asked for the number of 'unit', which is no setting of that kind");
    seen.typo = false, args.run = [](void *, const glia_trial *trial, glia_dataset *, glia_dataset *, double *out) {
        EXPECT_EQ(glia_trial_text(trial, "units"), nullptr);
        return *out = 1, GLIA_OK;
    };
    fails(GLIA_INVALID_ARGUMENT, "asked for the text of 'units'");
}

TEST_F(Search, refuses_what_is_wrong) {
    const double twice[] = {1, 1}, infinite[] = {INFINITY};
    const char *const same[] = {"a", "a"}, *const empty[] = {""}, *const none[] = {nullptr}, *const line[] = {"a\nb"};
    const auto bad = [&](const glia_setting &setting, const std::string &words) {
        glia_setting some[] = {grid[1], setting};
        args.settings = some, args.n_settings = 2;
        fails(GLIA_INVALID_ARGUMENT, words);
    };
    bad({}, "the name of settings[1] is NULL");
    bad({.name = ""}, "is empty");
    bad({.name = "a\tb"}, "is something else");
    bad({.name = "rate", .values = kRates, .n = 2}, "settings[0] and [1] are both called 'rate'");
    for (const char *name : {"trial", "score", "message", "fold0", "fold12"})
        bad({.name = name, .values = kRates, .n = 2}, "as a column of the results is");
    bad({.name = "s", .values = kRates}, "setting 's' has a list and n is 0");
    bad({.name = "s", .values = kRates, .texts = kKind, .n = 2}, "has values and texts");
    bad({.name = "s", .values = kRates, .n = 2, .steps = 3}, "has a list, so low");
    bad({.name = "s", .values = twice, .n = 2}, "values 0 and 1 are the same");
    bad({.name = "s", .values = infinite, .n = 1}, "values[0] is inf");
    bad({.name = "s", .texts = same, .n = 2}, "values 0 and 1 are the same");
    bad({.name = "s", .texts = empty, .n = 1}, "texts[0] is empty");
    bad({.name = "s", .texts = none, .n = 1}, "texts[0] is NULL");
    bad({.name = "s", .texts = line, .n = 1}, "texts[0] is something else");
    bad({.name = "s", .n = 2}, "n is 2, and values and texts are NULL");
    bad({.name = "s", .low = 2, .high = 2, .steps = 2}, "the range 2 to 2");
    bad({.name = "s", .low = NAN, .high = 2, .steps = 2}, "the range nan to 2");
    bad({.name = "s", .low = -1e308, .high = 1e308, .steps = 2}, "the range -1e+308 to 1e+308 is wider than");
    bad({.name = "s", .high = 2, .log = true, .steps = 2}, "low is 0, must be above 0 with log");
    bad({.name = "s", .low = 0.5, .high = 2, .whole = true, .steps = 2}, "has an end that is none");
    bad({.name = "s", .high = 2}, "is a range with 0 steps: a grid needs at least 2");
    bad({.name = "s", .high = 2, .steps = 1 << 30}, "steps is 1073741824");
    args.random = true;
    bad({.name = "s", .high = 2, .steps = -1}, "steps is -1");
    args.random               = false;
    const glia_setting huge[] = {{.name = "a", .high = 1, .steps = 1000}, {.name = "b", .high = 1, .steps = 1000}};
    args.settings             = huge;
    fails(GLIA_INVALID_ARGUMENT, "there are 1000000 trials, must be 1 to 100000: set trials");
    args.settings = grid, args.n_settings = 3;
    const auto change = [&](const std::string &words, const std::function<void(glia_search_args &)> &how) {
        const glia_search_args right = args;
        how(args);
        fails(GLIA_INVALID_ARGUMENT, words);
        args = right;
    };
    change("settings is NULL", [](auto &a) { a.settings = nullptr; });
    for (int n : {0, -1, 17}) change("n_settings is " + std::to_string(n), [&](auto &a) { a.n_settings = n; });
    change("run is NULL", [](auto &a) { a.run = nullptr; });
    change("trials is -1", [](auto &a) { a.trials = -1; });
    change("trials is 100001", [](auto &a) { a.trials = 100001; });
    change("seconds is -1", [](auto &a) { a.seconds = -1; });
    change("seconds is nan", [](auto &a) { a.seconds = NAN; });
    change("path is empty", [](auto &a) { a.path = ""; });
    change("folds is 1, must be 2", [](auto &a) { a.folds.folds = 1; });
    change("folds is 3, and validation is given", [&](auto &a) { a.validation = data; });
    change("target is 1", [](auto &a) { a.folds.stratified = true, a.folds.target = 1; });
    EXPECT_EQ(seen.calls, 0);
}

TEST_F(Search, out_of_memory_is_an_ordinary_error) {
    Folder folder;
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  const std::string path = folder / std::to_string(seen.calls);
                  const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1), x.data()};
                  const glia_arrays_args arrays{&input, 1, nullptr, 0, 30};
                  glia_search_args mine = args;
                  mine.path = path.c_str(), mine.trials = 2, mine.stop_at_error = true;
                  mine.run = [](void *, const glia_trial *, glia_dataset *, glia_dataset *, double *out) {
                      return *out = 1, GLIA_OK;
                  };
                  glia_dataset *made = nullptr;
                  glia_search *found = nullptr;
                  glia_status status = glia_dataset_from_arrays(c, &arrays, &made);
                  if (status == GLIA_OK) status = glia_search_run(made, &mine, &found);
                  glia_search_destroy(found);
                  glia_dataset_destroy(made);
                  ++seen.calls;
                  return status;
              }),
              10);
}

}  // namespace
