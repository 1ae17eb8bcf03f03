// Boxes: hand-worked overlaps and suppressions, and what pycocotools and the program of VOC's development kit compute.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/call.h"

namespace {

using namespace glia;

TEST(BoxIou, is_the_intersection_over_the_union) {
    EXPECT_DOUBLE_EQ(glia_box_iou({0, 0, 2, 2}, {1, 1, 3, 3}), 1.0 / 7);
    EXPECT_DOUBLE_EQ(glia_box_iou({0, 0, 4, 4}, {1, 1, 3, 2}), 2.0 / 16);
    EXPECT_EQ(glia_box_iou({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
    EXPECT_EQ(glia_box_iou({0, 0, 2, 2}, {2, 0, 4, 2}), 0);
    EXPECT_EQ(glia_box_iou({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
    EXPECT_EQ(glia_box_iou({-1e30F, -1e30F, 1e30F, 1e30F}, {-1e30F, -1e30F, 1e30F, 1e30F}), 1);
}

// ---- Suppression ----

class Nms : public testing::Test {
   protected:
    std::vector<int64_t> keep(const std::vector<glia_detection> &all, const glia_nms_args *args = nullptr) {
        std::vector<int64_t> kept(all.size());
        int64_t n = -1;
        EXPECT_EQ(glia_nms(session_.ctx(), all.data(), int64_t(all.size()), args, kept.data(), &n), GLIA_OK)
            << glia_message(session_.ctx());
        kept.resize(size_t(n));
        return kept;
    }
    Session session_;
};

// The second overlaps the third by 81/119, the first by 64/136.
const std::vector<glia_detection> kThree = {
    {0, 0, 0.6F, {0, 0, 10, 10}}, {0, 0, 0.9F, {2, 2, 12, 12}}, {0, 0, 0.7F, {3, 3, 13, 13}}};

TEST_F(Nms, drops_what_overlaps_a_better_one) {
    EXPECT_EQ(keep(kThree), (std::vector<int64_t>{1, 0}));
    glia_nms_args args{};
    args.iou_threshold = GLIA_SET(64.0 / 136);  // not above it
    EXPECT_EQ(keep(kThree, &args), (std::vector<int64_t>{1, 0}));
    args.iou_threshold = GLIA_SET(0.4);
    EXPECT_EQ(keep(kThree, &args), (std::vector<int64_t>{1}));
    args.iou_threshold = GLIA_SET(1);
    EXPECT_EQ(keep(kThree, &args), (std::vector<int64_t>{1, 2, 0}));
    EXPECT_EQ(keep({}), std::vector<int64_t>{});
}

// What was dropped drops nothing: the third overlaps the second, not the first.
TEST_F(Nms, the_dropped_drop_nothing) {
    EXPECT_EQ(keep({{0, 0, 3, {0, 0, 10, 1}}, {0, 0, 2, {3, 0, 13, 1}}, {0, 0, 1, {6, 0, 16, 1}}}),
              (std::vector<int64_t>{0, 2}));
}

TEST_F(Nms, of_equal_scores_the_first_stays) {
    EXPECT_EQ(keep({{0, 0, 1, {0, 0, 1, 1}}, {0, 0, 1, {0, 0, 1, 1}}, {0, 0, 1, {5, 5, 6, 6}}}),
              (std::vector<int64_t>{0, 2}));
}

TEST_F(Nms, pictures_and_classes_keep_to_themselves) {
    std::vector<glia_detection> all(3, kThree[0]);
    all[1].image = 7, all[2].label = 1;
    EXPECT_EQ(keep(all), (std::vector<int64_t>{0, 1, 2}));
    glia_nms_args args{};
    args.any_label = true;
    EXPECT_EQ(keep(all, &args), (std::vector<int64_t>{0, 1}));
}

TEST_F(Nms, says_what_is_wrong) {
    glia_detection bad = kThree[0];
    int64_t kept = 0, n = 0;
    bad.score = NAN;
    EXPECT_EQ(glia_nms(session_.ctx(), &bad, 1, nullptr, &kept, &n), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(session_.ctx()), "glia_nms: the score of detection 0 is NaN");
    bad = {0, 0, 1, {3, 0, 2, 1}};
    EXPECT_EQ(glia_nms(session_.ctx(), &bad, 1, nullptr, &kept, &n), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(session_.ctx()),
                 "glia_nms: detection 0 has the box {3,0,2,1}, whose corners are not in order");
}

// ---- Average precision ----

// The same pictures as the program that recorded the numbers made them.
struct Random {
    int64_t x;
    int64_t next(int64_t n) {
        x = (x * 1103515245 + 12345) % (int64_t(1) << 31);
        return (x >> 16) % n;
    }
};

struct Pictures {
    std::vector<glia_truth> truths;
    std::vector<glia_detection> found;

    explicit Pictures(int64_t seed) {
        Random r{seed};
        for (int64_t image = 0; image < 4; ++image) {
            for (int64_t i = 3 + r.next(4); i > 0; --i) add(r, image);
            for (int64_t i = r.next(3); i > 0; --i) {
                const int64_t x = r.next(60), y = r.next(60), label = r.next(3);
                found.push_back({image, label, float(1 + r.next(63)) / 64, box(x, y, x + 12, y + 20)});
            }
        }
    }

   private:
    static glia_box box(int64_t left, int64_t top, int64_t right, int64_t bottom) {
        return {float(left), float(top), float(right), float(bottom)};
    }
    void add(Random &r, int64_t image) {
        const int64_t label = r.next(3), x = r.next(60), y = r.next(60), w = 8 + r.next(24), h = 8 + r.next(24);
        truths.push_back({image, label, box(x, y, x + w, y + h), r.next(6) == 0});
        for (int64_t i = r.next(3); i > 0; --i) {
            const int64_t dx = r.next(9) - 4, dy = r.next(9) - 4, dw = r.next(7) - 3;
            const int64_t other = r.next(5) != 0 ? label : r.next(3);
            found.push_back(
                {image, other, float(1 + r.next(63)) / 64, box(x + dx, y + dy, x + dx + w + dw, y + dy + h)});
        }
    }
};

struct Precision {
    glia_precision_rule rule;
    int thresholds;  // 0: the rule's own, 1: 0.5
    int64_t most;
    std::vector<double> each;
    double mean;
};

void expect_precisions(int64_t seed, const std::vector<Precision> &recorded) {
    const Pictures p(seed);
    const double half = 0.5;
    Session session;
    for (const Precision &r : recorded) {
        glia_average_precision_args args{};
        args.rule = r.rule, args.classes = 3, args.most = r.most;
        args.iou_thresholds = &half, args.n_thresholds = r.thresholds;
        std::vector<double> each(3);
        double mean = 0;
        ASSERT_EQ(glia_average_precision(session.ctx(), p.found.data(), int64_t(p.found.size()), p.truths.data(),
                                         int64_t(p.truths.size()), &args, each.data(), &mean),
                  GLIA_OK)
            << glia_message(session.ctx());
        for (int c = 0; c < 3; ++c) EXPECT_NEAR(each[c], r.each[c], 1e-14) << "rule " << r.rule << ", class " << c;
        EXPECT_NEAR(mean, r.mean, 1e-14) << "rule " << r.rule;
    }
}

// By pycocotools 2.0.11, with one area range, and by voc_eval.py of Girshick's py-faster-rcnn without its "+ 1.".
TEST(AveragePrecision, is_that_of_the_benchmarks) {
    expect_precisions(1, {{GLIA_PRECISION_COCO,
                           0,
                           0,
                           {0.244059405940594, 0.012623762376237625, 0.24455445544554455},
                           0.16707920792079203},
                          {GLIA_PRECISION_COCO, 1, 2, {0.2574257425742574, 0, 0.6039603960396039}, 0.2871287128712871},
                          {GLIA_PRECISION_VOC, 0, 0, {0.375, 0.125, 0.55}, 0.35},
                          {GLIA_PRECISION_VOC_11,
                           1,
                           0,
                           {0.4090909090909091, 0.13636363636363638, 0.5227272727272727},
                           0.35606060606060613}});
    expect_precisions(
        7,
        {{GLIA_PRECISION_COCO,
          0,
          0,
          {0.14019801980198018, 0.18171917191719172, 0.16831683168316833},
          0.1634113411341134},
         {GLIA_PRECISION_COCO, 1, 2, {0.29900990099009894, 0.38151815181518145, 0.2524752475247525}, 0.311001100110011},
         {GLIA_PRECISION_VOC, 0, 0, {0.3, 0.5444444444444445, 0.25}, 0.36481481481481487},
         {GLIA_PRECISION_VOC_11,
          1,
          0,
          {0.29090909090909095, 0.5484848484848485, 0.27272727272727276},
          0.3707070707070707}});
}

TEST(AveragePrecision, of_nothing_to_find_is_none) {
    Session session;
    const glia_detection one{0, 1, 1, {0, 0, 1, 1}};
    const glia_truth truth{0, 1, {0, 0, 1, 1}, false};
    glia_average_precision_args args{};
    args.classes = 2;
    double each[2], mean = 0;
    ASSERT_EQ(glia_average_precision(session.ctx(), &one, 1, &truth, 1, &args, each, &mean), GLIA_OK);
    EXPECT_TRUE(std::isnan(each[0]));
    EXPECT_DOUBLE_EQ(each[1], 1);
    EXPECT_DOUBLE_EQ(mean, 1);
    ASSERT_EQ(glia_average_precision(session.ctx(), &one, 1, nullptr, 0, &args, nullptr, &mean), GLIA_OK);
    EXPECT_TRUE(std::isnan(mean));
    args.classes = 1;
    EXPECT_EQ(glia_average_precision(session.ctx(), &one, 1, &truth, 1, &args, nullptr, &mean), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(session.ctx()), "glia_average_precision: the label of detection 0 is 1, must be 0 to 0");
}

}  // namespace
