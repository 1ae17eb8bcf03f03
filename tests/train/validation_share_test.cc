// A share of the data as the validation: what a split by hand gives, to the same bits.
#include <gtest/gtest.h>

#include <cmath>

#include "support/small_training.h"

namespace {

using namespace glia;

class ValidationShare : public testing::TestWithParam<const char *> {};

TEST_P(ValidationShare, is_the_last_of_the_data) {
    SmallTraining share(GetParam()), split(GetParam());
    if (share.created == GLIA_NOT_FOUND) GTEST_SKIP() << share.message();
    glia_dataset *train = nullptr, *validation = nullptr;
    for (SmallTraining *t : {&share, &split}) {
        t->build(), t->make_data();
        ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    }
    glia_fit_args fit{};
    fit.epochs = 2, fit.batch_size = 4, fit.validation_share = 0.3;  // 6.9 of 23 samples: 7
    ASSERT_EQ(share.fit(fit), GLIA_OK) << share.message();
    ASSERT_EQ(glia_dataset_split(split.data, with(glia_split_args{.count = 16, .in_order = true}), &train, &validation),
              GLIA_OK);
    fit.validation_share = 0, fit.validation = validation;
    ASSERT_EQ(glia_model_fit(split.net, train, &fit), GLIA_OK) << split.message();
    EXPECT_EQ(share.states(), split.states());
    const glia_epoch *one = glia_model_history(share.net, nullptr), *other = glia_model_history(split.net, nullptr);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(one[i].has_validation);
        EXPECT_EQ(one[i].steps, 4);
        EXPECT_EQ(one[i].validation.loss, other[i].validation.loss);
        EXPECT_EQ(one[i].validation.metric[0], other[i].validation.metric[0]);
    }
    glia_dataset_destroy(train);
    glia_dataset_destroy(validation);
}

TEST_P(ValidationShare, is_the_same_when_training_goes_on) {
    SmallTraining never(GetParam()), stopped(GetParam());
    if (never.created == GLIA_NOT_FOUND) GTEST_SKIP() << never.message();
    for (SmallTraining *t : {&never, &stopped}) {
        t->build(), t->make_data();
        ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    }
    glia_fit_args fit{};
    fit.epochs = 3, fit.batch_size = 4, fit.validation_share = 0.2;
    ASSERT_EQ(never.fit(fit), GLIA_OK) << never.message();
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(stopped.net, stopped.data, &fit, &trainer), GLIA_OK) << stopped.message();
    for (int i = 0; i < 7; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << stopped.message();
    glia_trainer_destroy(trainer);
    fit.resume = true;
    ASSERT_EQ(stopped.fit(fit), GLIA_OK) << stopped.message();
    EXPECT_EQ(stopped.states(), never.states());
}

INSTANTIATE_TEST_SUITE_P(all, ValidationShare, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

TEST(ValidationShareArgs, refuses_what_is_wrong) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_fit_args fit{};
    for (double wrong : {-0.1, 1.0, 10.0, double(NAN), double(INFINITY)}) {
        fit.validation_share = wrong;
        EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT) << wrong;
        EXPECT_TRUE(t.says("must be above 0 and below 1")) << t.message();
    }
    fit.validation_share = 0.01;
    EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("0.01, which are 0 of 23 samples: none are left for the validation")) << t.message();
    fit.validation_share = 0.99;
    EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("0.99, which are 23 of 23 samples: none are left for the training")) << t.message();
    fit.validation_share = 0.5, fit.validation = t.data;
    EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("validation_share is 0.5, but there is a data set for the validation, too")) << t.message();
    fit.validation = nullptr;
    EXPECT_EQ(glia_model_fit(t.net, nullptr, &fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_fit: the dataset is NULL")) << t.message();
    EXPECT_EQ(t.fit(fit), GLIA_OK) << t.message();
}

}  // namespace
