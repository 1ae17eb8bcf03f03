// The references of the elementwise family against numbers by hand, by other software, or by definition.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;
using Dims   = std::vector<int64_t>;

constexpr double kInf = INFINITY, kNan = NAN;

Array arr(Dims dims, Values values) { return {std::move(dims), std::move(values)}; }
Array vec(Values values) { return {{int64_t(values.size())}, values}; }

// The op in f64, with the reference.
template <class Params>
std::vector<Array> all(const gli_op &op, const Params &params, const std::vector<Array> &in) {
    Session session;
    const Result result = session.call(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    return result.out;
}
template <class Params>
Array run(const gli_op &op, const Params &params, const std::vector<Array> &in) {
    const auto out = all(op, params, in);
    return out.empty() ? Array{} : out[0];
}

// Within a few roundings of the larger of 1 and the value; NaN only where NaN is wanted.
void expect(const Array &got, const Dims &dims, const Values &want) {
    EXPECT_EQ(got.dims, dims);
    ASSERT_EQ(got.values.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
        if (std::isnan(want[i]))
            EXPECT_TRUE(std::isnan(got.values[i])) << "element " << i << " is " << got.values[i];
        else if (std::isinf(want[i]))
            EXPECT_EQ(got.values[i], want[i]) << "element " << i;
        else
            EXPECT_NEAR(got.values[i], want[i], 4e-15 * std::max(1.0, std::fabs(want[i]))) << "element " << i;
    }
}
void expect(const Array &got, const Values &want) { expect(got, {int64_t(want.size())}, want); }

// ---- unary

struct Function {
    glia_unary_kind kind;
    double alpha, beta;
    Values y, slope;
};

Function function(glia_unary_kind kind, double alpha, double beta, const Values &y, const Values &slope) {
    return {kind, alpha, beta, y, slope};
}

// At -40, -3.5, -2, -0.7, -0.05, 0.05, 0.7, 2, 3.5, 40; log and sqrt at their magnitudes. The functions as
// GLIA_UNARY_LIST writes them and their numerical derivatives, by mpmath with 40 digits.
const Values kPoints                   = {-40, -3.5, -2, -0.7, -0.05, 0.05, 0.7, 2, 3.5, 40};
const std::vector<Function> kFunctions = {
    function(GLIA_UNARY_LINEAR, 0, 0,
             {-40, -3.5, -2, -0.69999999999999995559, -0.050000000000000002776, 0.050000000000000002776,
              0.69999999999999995559, 2, 3.5, 40},
             {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_STEP, 0, 0, {0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
    function(GLIA_UNARY_SIGMOID, 0, 0,
             {4.2483542552915889773e-18, 0.029312230751356318865, 0.11920292202211755594, 0.33181222783183390332,
              0.48750260351578965565, 0.51249739648421034435, 0.66818777216816609668, 0.88079707797788244406,
              0.97068776924864368113, 0.99999999999999999575},
             {4.2483542552915889592e-18, 0.02845302387973555984, 0.10499358540350651735, 0.22171287329310905372,
              0.24984381508111644692, 0.24984381508111644692, 0.22171287329310905372, 0.10499358540350651735,
              0.02845302387973555984, 4.2483542552915889592e-18}),
    function(GLIA_UNARY_TANH, 0, 0,
             {-1.0, -0.99817789761119870928, -0.96402758007581688395, -0.60436777711716346812, -0.049958374957879974967,
              0.049958374957879974967, 0.60436777711716346812, 0.96402758007581688395, 0.99817789761119870928, 1.0},
             {7.21940555138166119e-35, 0.0036408847204873060615, 0.070650824853164465686, 0.63473958998245862144,
              0.99750416077156787101, 0.99750416077156787101, 0.63473958998245862144, 0.070650824853164465686,
              0.0036408847204873060615, 7.21940555138166119e-35}),
    function(GLIA_UNARY_RELU, 0, 0, {0, 0, 0, 0, 0, 0.050000000000000002776, 0.69999999999999995559, 2, 3.5, 40},
             {0, 0, 0, 0, 0, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_LEAKY_RELU, 0.01, 0,
             {-0.4, -0.035, -0.02, -0.0069999999999999995559, -0.00050000000000000002776, 0.050000000000000002776,
              0.69999999999999995559, 2, 3.5, 40},
             {0.01, 0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_LEAKY_RELU, -0.25f, 0,
             {10, 0.875, 0.5, 0.1749999999999999889, 0.012500000000000000694, 0.050000000000000002776,
              0.69999999999999995559, 2, 3.5, 40},
             {-0.25, -0.25, -0.25, -0.25, -0.25, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_ELU, 1, 0,
             {-0.99999999999999999575, -0.96980261657768149926, -0.86466471676338730811, -0.50341469620859046324,
              -0.048770575499285993549, 0.050000000000000002776, 0.69999999999999995559, 2, 3.5, 40},
             {4.2483542552915889953e-18, 0.03019738342231850074, 0.13533528323661269189, 0.49658530379140953676,
              0.95122942450071400645, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_LEAKY_RELU, 0, 0, {0, 0, 0, 0, 0, 0.050000000000000002776, 0.69999999999999995559, 2, 3.5, 40},
             {0, 0, 0, 0, 0, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_ELU, 0, 0, {0, 0, 0, 0, 0, 0.050000000000000002776, 0.69999999999999995559, 2, 3.5, 40},
             {0, 0, 0, 0, 0, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_ELU, 0.5f, 0,
             {-0.49999999999999999788, -0.48490130828884074963, -0.43233235838169365405, -0.25170734810429523162,
              -0.024385287749642996774, 0.050000000000000002776, 0.69999999999999995559, 2, 3.5, 40},
             {2.1241771276457944977e-18, 0.01509869171115925037, 0.067667641618306345947, 0.24829265189570476838,
              0.47561471225035700323, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_SELU, 0, 0,
             {-1.7580993408473767744, -1.7050093409572831228, -1.5201664685956949676, -0.88505304557720532096,
              -0.085743516638041929044, 0.052535049367774027916, 0.73549069114883630334, 2.101401974710961,
              3.67745345574418175, 42.02803949421922},
             {7.4690288159142908772e-18, 0.053089999890093659005, 0.23793287225168181423, 0.87304629527017146088,
              1.6723558242093348528, 1.0507009873554805, 1.0507009873554805, 1.0507009873554805, 1.0507009873554805,
              1.0507009873554805}),
    function(
        GLIA_UNARY_GELU, 0, 0,
        {0, -0.00081420177662433762722, -0.045500263896358414401, -0.16937455655615110929, -0.024003059708081378197,
         0.025996940291918624578, 0.53062544344384884631, 1.9544997361036415856, 3.4991857982233756624, 40},
        {0, -0.0028217603536246351933, -0.085231801078196896701, 0.023385898866340155713, 0.46013899845688933622,
         0.53986100154311066378, 0.97661410113365984429, 1.0852318010781968967, 1.0028217603536246352, 1}),
    function(
        GLIA_UNARY_GELU_TANH, 0, 0,
        {0, -0.00061619765537366330893, -0.045402305912224981219, -0.16942986529488324775, -0.024003061761377993518,
         0.025996938238622009257, 0.53057013470511670784, 1.9545976940877750188, 3.4993838023446263367, 40},
        {0, -0.0024226437601164310328, -0.086099256623618381565, 0.023642781343896054099, 0.46013916257829253895,
         0.53986083742170746105, 0.9763572186561039459, 1.0860992566236183816, 1.002422643760116431, 1}),
    function(GLIA_UNARY_SILU, 0, 0,
             {-1.6993417021166355909e-16, -0.10259280762974711603, -0.23840584404423511188, -0.23226855948228371759,
              -0.024375130175789484135, 0.02562486982421051864, 0.46773144051771623801, 1.7615941559557648881,
              3.397407192370252884, 39.99999999999999983},
             {-1.6568581595637196939e-16, -0.070273352827718140574, -0.090784248784895478757, 0.17661321652665757556,
              0.47501041276173383261, 0.52498958723826616739, 0.82338678347334242444, 1.0907842487848954788,
              1.0702733528277181406, 1.0000000000000001657}),
    function(GLIA_UNARY_SOFTPLUS, 1, 0,
             {4.2483542552915889863e-18, 0.029750418272620565195, 0.12692801104297249644, 0.40318604888545790793,
              0.6684596480132862928, 0.71845964801328629557, 1.1031860488854578635, 2.1269280110429724964,
              3.5297504182726205652, 40.000000000000000004},
             {4.2483542552915889773e-18, 0.029312230751356318865, 0.11920292202211755594, 0.33181222783183390332,
              0.48750260351578965564, 0.51249739648421034435, 0.66818777216816609668, 0.88079707797788244406,
              0.97068776924864368113, 0.99999999999999999575}),
    function(GLIA_UNARY_SOFTPLUS, 2, 0,
             {9.0242569392270758616e-36, 0.00045573322688712234585, 0.0090749639589048701775, 0.11020870495922547209,
              0.3221983300367854461, 0.37219833003678544887, 0.81020870495922542768, 2.0090749639589048702,
              3.5004557332268871223, 40.0},
             {1.80485138784541517e-35, 0.00091105119440064535786, 0.017986209962091558027, 0.19781611144141826594,
              0.47502081252106001252, 0.52497918747893998748, 0.80218388855858173406, 0.98201379003790844197,
              0.99908894880559935464, 1}),
    function(GLIA_UNARY_SOFTSIGN, 0, 0,
             {-0.97560975609756097561, -0.77777777777777777778, -0.66666666666666666667, -0.41176470588235292581,
              -0.047619047619047621565, 0.047619047619047621565, 0.41176470588235292581, 0.66666666666666666667,
              0.77777777777777777778, 0.97560975609756097561},
             {0.00059488399762046400952, 0.049382716049382716049, 0.11111111111111111111, 0.34602076124567475856,
              0.90702947845804988183, 0.90702947845804988183, 0.34602076124567475856, 0.11111111111111111111,
              0.049382716049382716049, 0.00059488399762046400952}),
    function(GLIA_UNARY_HARD_SIGMOID, 1.0 / 6, 0.5,
             {0, 0, 0.16666666666666666667, 0.38333333333333334073, 0.4916666666666666662, 0.5083333333333333338,
              0.61666666666666665927, 0.83333333333333333333, 1, 1},
             {0, 0, 0.16666666666666666667, 0.16666666666666666667, 0.16666666666666666667, 0.16666666666666666667,
              0.16666666666666666667, 0.16666666666666666667, 0, 0}),
    function(GLIA_UNARY_HARD_SIGMOID, 0.375f, 0.5f, {0, 0, 0, 0.2375, 0.48125, 0.51875, 0.7625, 1, 1, 1},
             {0, 0, 0, 0.375, 0.375, 0.375, 0.375, 0, 0, 0}),
    function(GLIA_UNARY_HARD_SIGMOID, 0.25, 0,
             {0, 0, 0, 0, 0, 0.012500000000000000694, 0.1749999999999999889, 0.5, 0.875, 1},
             {0, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0}),
    function(GLIA_UNARY_HARD_SIGMOID, 0, 0.375, Values(10, 0.375), Values(10, 0)),
    function(GLIA_UNARY_HARD_SIGMOID, 0, 0, Values(10, 0), Values(10, 0)),
    function(GLIA_UNARY_HARD_SWISH, 0, 0,
             {0, 0, -0.33333333333333333333, -0.26833333333333332149, -0.024583333333333334675, 0.025416666666666668101,
              0.4316666666666666341, 1.6666666666666666667, 3.5, 40},
             {0, 0, -0.16666666666666666667, 0.26666666666666668147, 0.48333333333333333241, 0.51666666666666666759,
              0.73333333333333331853, 1.1666666666666666667, 1, 1}),
    function(GLIA_UNARY_CLIP, -1, 2.5f,
             {-1, -1, -1, -0.69999999999999995559, -0.050000000000000002776, 0.050000000000000002776,
              0.69999999999999995559, 2, 2.5, 2.5},
             {0, 0, 0, 1, 1, 1, 1, 1, 0, 0}),
    function(GLIA_UNARY_CLIP, 0, 2.5f, {0, 0, 0, 0, 0, 0.050000000000000002776, 0.69999999999999995559, 2, 2.5, 2.5},
             {0, 0, 0, 0, 0, 1, 1, 1, 0, 0}),
    function(GLIA_UNARY_CLIP, 0, 0, Values(10, 0), Values(10, 0)),
    function(GLIA_UNARY_EXP, 0, 0,
             {4.2483542552915889953e-18, 0.03019738342231850074, 0.13533528323661269189, 0.49658530379140953676,
              0.95122942450071400645, 1.0512710963760240426, 2.0137527074704764322, 7.3890560989306502272,
              33.115451958692313751, 235385266837019985.41},
             {4.2483542552915889953e-18, 0.03019738342231850074, 0.13533528323661269189, 0.49658530379140953676,
              0.95122942450071400645, 1.0512710963760240426, 2.0137527074704764322, 7.3890560989306502272,
              33.115451958692313751, 235385266837019985.41}),
    function(GLIA_UNARY_ABS, 0, 0,
             {40, 3.5, 2, 0.69999999999999995559, 0.050000000000000002776, 0.050000000000000002776,
              0.69999999999999995559, 2, 3.5, 40},
             {-1, -1, -1, -1, -1, 1, 1, 1, 1, 1}),
    function(GLIA_UNARY_NEG, 0, 0,
             {40, 3.5, 2, 0.69999999999999995559, 0.050000000000000002776, -0.050000000000000002776,
              -0.69999999999999995559, -2, -3.5, -40},
             {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}),
    function(GLIA_UNARY_SQUARE, 0, 0,
             {1600, 12.25, 4, 0.48999999999999993783, 0.0025000000000000002776, 0.0025000000000000002776,
              0.48999999999999993783, 4, 12.25, 1600},
             {-80, -7, -4, -1.3999999999999999112, -0.10000000000000000555, 0.10000000000000000555,
              1.3999999999999999112, 4, 7, 80}),
    function(GLIA_UNARY_LOG, 0, 0,
             {3.6888794541139363029, 1.2527629684953679957, 0.69314718055994530942, -0.35667494393873244235,
              -2.9957322735539909379, -2.9957322735539909379, -0.35667494393873244235, 0.69314718055994530942,
              1.2527629684953679957, 3.6888794541139363029},
             {0.025, 0.28571428571428571429, 0.5, 1.4285714285714286621, 19.99999999999999889, 19.99999999999999889,
              1.4285714285714286621, 0.5, 0.28571428571428571429, 0.025}),
    function(GLIA_UNARY_SIN, 0, 0,
             {-0.7451131604793488, 0.35078322768961984, -0.9092974268256817, -0.644217687237691, -0.04997916927067833,
              0.04997916927067833, 0.644217687237691, 0.9092974268256817, -0.35078322768961984, 0.7451131604793488},
             {-0.6669380616522619, -0.9364566872907963, -0.4161468365471424, 0.7648421872844885, 0.9987502603949663,
              0.9987502603949663, 0.7648421872844885, -0.4161468365471424, -0.9364566872907963, -0.6669380616522619}),
    function(GLIA_UNARY_COS, 0, 0,
             {-0.6669380616522619, -0.9364566872907963, -0.4161468365471424, 0.7648421872844885, 0.9987502603949663,
              0.9987502603949663, 0.7648421872844885, -0.4161468365471424, -0.9364566872907963, -0.6669380616522619},
             {0.7451131604793488, -0.35078322768961984, 0.9092974268256817, 0.644217687237691, 0.04997916927067833,
              -0.04997916927067833, -0.644217687237691, -0.9092974268256817, 0.35078322768961984, -0.7451131604793488}),
    function(GLIA_UNARY_STOP_GRADIENT, 0, 0, kPoints, Values(10, 0)),
    {GLIA_UNARY_SQRT,
     0,
     0,
     {6.324555320336758664, 1.8708286933869706928, 1.4142135623730950488, 0.83666002653407552144,
      0.22360679774997897585, 0.22360679774997897585, 0.83666002653407552144, 1.4142135623730950488,
      1.8708286933869706928, 6.324555320336758664},
     {0.0790569415042094833, 0.26726124191242438468, 0.3535533905932737622, 0.59761430466719683894,
      2.2360679774997896343, 2.2360679774997896343, 0.59761430466719683894, 0.3535533905932737622,
      0.26726124191242438468, 0.0790569415042094833}},
};

bool only_positive(glia_unary_kind kind) { return kind == GLIA_UNARY_LOG || kind == GLIA_UNARY_SQRT; }

Array points_of(glia_unary_kind kind) {
    Values x = kPoints;
    if (only_positive(kind))
        for (double &v : x) v = std::fabs(v);
    return vec(x);
}

params::unary params_of(const Function &f) { return {.kind = f.kind, .alpha = f.alpha, .beta = f.beta}; }

TEST(Unary, every_kind_at_ten_points) {
    bool seen[GLIA_UNARY_COUNT] = {};
    for (const Function &f : kFunctions) {
        SCOPED_TRACE(glia_unary_name(f.kind));
        expect(run(gli_op_unary, params_of(f), {points_of(f.kind)}), f.y);
        seen[f.kind] = true;
    }
    for (int k = 0; k < GLIA_UNARY_COUNT; ++k) EXPECT_TRUE(seen[k]) << glia_unary_name(glia_unary_kind(k));
}

// Each kind from what its header says that it needs: and from nothing less.
TEST(Unary, every_derivative_from_each_input_that_is_enough) {
    const auto from_neither = [](glia_unary_kind k) {
        return k == GLIA_UNARY_LINEAR || k == GLIA_UNARY_STEP || k == GLIA_UNARY_NEG || k == GLIA_UNARY_STOP_GRADIENT;
    };
    const auto from_x_only = [](const Function &f) {
        switch (f.kind) {
            case GLIA_UNARY_GELU:
            case GLIA_UNARY_GELU_TANH:
            case GLIA_UNARY_SILU:
            case GLIA_UNARY_HARD_SWISH:
            case GLIA_UNARY_CLIP:
            case GLIA_UNARY_LOG:
            case GLIA_UNARY_ABS:
            case GLIA_UNARY_SQUARE:
            case GLIA_UNARY_SIN:
            case GLIA_UNARY_COS: return true;
            case GLIA_UNARY_LEAKY_RELU:
            case GLIA_UNARY_ELU: return f.alpha <= 0;
            default: return false;
        }
    };
    const Values threes(kPoints.size(), 3);
    for (const Function &f : kFunctions) {
        SCOPED_TRACE(glia_unary_name(f.kind));
        Session session;
        const auto params = params_of(f);
        const Array x = points_of(f.kind), y = run(gli_op_unary, params, {x});
        Values want = f.slope;
        for (double &v : want) v *= 3;
        const auto call = [&](const Array &a, const Array &b) {
            return session.call(gli_op_unary_backward, params, {a, b, vec(threes)});
        };
        expect(call(x, y).out.at(0), want);
        const Result none = call(ABSENT, ABSENT), by_x = call(x, ABSENT), by_y = call(ABSENT, y);
        if (from_neither(f.kind)) {
            expect(none.out.at(0), want);
            continue;
        }
        EXPECT_EQ(none.status, GLIA_INVALID_ARGUMENT);
        expect(by_x.out.at(0), want);
        if (from_x_only(f)) {
            EXPECT_EQ(by_y.status, GLIA_INVALID_ARGUMENT);
            EXPECT_NE(by_y.message.find("needs x, which is NULL"), std::string::npos) << by_y.message;
        } else {
            expect(by_y.out.at(0), want);
        }
    }
}

Array unary(glia_unary_kind kind, const Values &x) { return run(gli_op_unary, params::unary{.kind = kind}, {vec(x)}); }

TEST(Unary, large_arguments_do_not_overflow) {
    expect(unary(GLIA_UNARY_SIGMOID, {-1000, -800, 800, 1000, -kInf, kInf}), {0, 0, 1, 1, 0, 1});
    expect(unary(GLIA_UNARY_SOFTPLUS, {-1000, 1000, 1e300, -kInf, kInf}), {0, 1000, 1e300, 0, kInf});
    expect(unary(GLIA_UNARY_SILU, {-1000, 1000}), {0, 1000});
    expect(unary(GLIA_UNARY_TANH, {-1000, 1000}), {-1, 1});
    expect(unary(GLIA_UNARY_GELU, {-1000, 1000}), {0, 1000});
    expect(unary(GLIA_UNARY_ELU, {-1000, 1000}), {-1, 1000});
    expect(unary(GLIA_UNARY_LOG, {0, -1}), {-kInf, kNan});
    expect(unary(GLIA_UNARY_SQRT, {0, -1}), {0, kNan});
    const double tiny = unary(GLIA_UNARY_SIGMOID, {-700}).values[0];
    EXPECT_NEAR(tiny / std::exp(-700.0), 1, 1e-14);  // not cut to 0
    EXPECT_NEAR(unary(GLIA_UNARY_SOFTPLUS, {-700}).values[0] / std::exp(-700.0), 1, 1e-14);
}

// Relative to the number itself: near 0 and in the tails, where differences cancel, and where powers overflow.
void expect_relative(glia_unary_kind kind, const Values &x, const Values &want, double within = 1e-5) {
    const params::unary p{kind, 1};
    for (const auto &[provider, out] : everywhere(gli_op_unary, p, {{{int64_t(x.size())}, x, GLIA_F32}}))
        for (size_t i = 0; i < x.size(); ++i)
            EXPECT_NEAR(out[0].values[i], want[i], within * std::fabs(want[i]))
                << glia_unary_name(kind) << " of " << x[i] << " by " << provider;
}

// The derivative, from x.
void expect_relative_slope(glia_unary_kind kind, const Values &x, const Values &want, double within = 1e-5) {
    const std::vector<int64_t> all = {int64_t(x.size())};
    const Array dy{all, Values(x.size(), 1), GLIA_F32};
    for (const auto &[provider, out] :
         everywhere(gli_op_unary_backward, params::unary{kind}, {{all, x, GLIA_F32}, ABSENT, dy}))
        for (size_t i = 0; i < x.size(); ++i)
            EXPECT_NEAR(out[0].values[i], want[i], within * std::fabs(want[i]))
                << glia_unary_name(kind) << " at " << x[i] << " by " << provider;
}

TEST(Unary, small_results_keep_their_digits) {
    const Values small = {-1e-20f, -1e-8f, -1e-6f, -1e-4f, -0.01f, -0.3f, -0.4f, -1, -5, -100};
    Values elu, selu;
    for (double x : small)
        elu.push_back(std::expm1(x)), selu.push_back(1.0507009873554805 * 1.6732632423543772 * elu.back());
    expect_relative(GLIA_UNARY_ELU, small, elu, 4e-7);
    expect_relative(GLIA_UNARY_SELU, small, selu, 4e-7);
}

// Where 1 and a number near it cancel, and where a factor is too small for a normal float but the product is not.
TEST(Unary, tails_keep_their_digits) {
    const Values middle = {-12, -9.5, -8.25, -7, -6.5, -6, -5.5, -5, -4, -2.5, -1, -0.125, 0.125, 1, 5, 9};
    const Values far    = {-91, -90, -89, -88, -80, -30, -13, -10, -1, 0, 1, 10, 13, 20, 80, 87};
    Values gelu, gelu_slope, silu, silu_slope;
    for (double x : middle) {
        const double share = 0.5 * std::erfc(-x * std::sqrt(0.5));
        gelu.push_back(x * share);
        gelu_slope.push_back(share + x * std::exp(-0.5 * x * x) * 0.39894228040143267794);
    }
    for (double x : far) {
        silu.push_back(x / (1 + std::exp(-x)));
        silu_slope.push_back((1 + x / (1 + std::exp(x))) / (1 + std::exp(-x)));
    }
    expect_relative(GLIA_UNARY_GELU, middle, gelu);
    expect_relative_slope(GLIA_UNARY_GELU, middle, gelu_slope);
    expect_relative(GLIA_UNARY_SILU, far, silu);
    expect_relative_slope(GLIA_UNARY_SILU, far, silu_slope);
}

TEST(Unary, slopes_where_the_function_is_flat) {
    const Values x = {-87, -20, -13, -10, -1, 0, 1, 10, 13, 15, 20, 30, 87};
    Values half, sigmoid, tanh;
    for (double v : x) {
        const double e = std::exp(-std::fabs(v));
        half.push_back(v / 2), sigmoid.push_back(e / ((1 + e) * (1 + e))), tanh.push_back(4 * sigmoid.back());
    }
    expect_relative_slope(GLIA_UNARY_SIGMOID, x, sigmoid);
    expect_relative_slope(GLIA_UNARY_TANH, half, tanh);
}

TEST(Unary, derivatives_end_in_their_limits) {
    const Values x                 = {-3e38, -1e20, -1e13, -1e3, 1e3, 1e13, 1e20, 3e38};
    const Values want              = {0, 0, 0, 0, 1, 1, 1, 1}, ones(x.size(), 1);
    const std::vector<int64_t> all = {int64_t(x.size())};
    for (glia_unary_kind kind : {GLIA_UNARY_GELU, GLIA_UNARY_GELU_TANH, GLIA_UNARY_SILU})
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64}) {
            SCOPED_TRACE(glia_unary_name(kind));
            const Array point{all, x, dtype}, dy{all, ones, dtype};
            expect_everywhere(gli_op_unary_backward, params::unary{kind}, {point, ABSENT, dy}, want);
        }
    const Array huge{{4}, {-3e38, -1e13, 1e13, 3e38}, GLIA_F32};
    for (glia_unary_kind kind : {GLIA_UNARY_GELU, GLIA_UNARY_GELU_TANH, GLIA_UNARY_SILU})
        expect_everywhere(gli_op_unary, params::unary{kind}, {huge}, {0, 0, double(1e13f), double(3e38f)});
}

// Slopes that overflow the dtype, and whose products with dy do not.
TEST(Unary, derivatives_of_huge_numbers) {
    const struct {
        glia_unary_kind kind;
        glia_dtype dtype;
        double x, dy, want;
    } rows[] = {
        {GLIA_UNARY_SQUARE, GLIA_F32, 2e38, -0.5, -2e38},
        {GLIA_UNARY_SOFTSIGN, GLIA_F32, -1e25, 1e38, 1e-12},
        {GLIA_UNARY_SQUARE, GLIA_F64, 1e308, -0.5, -1e308},
        {GLIA_UNARY_SOFTSIGN, GLIA_F64, -1e200, 1e300, 1e-100},
    };
    for (const auto &row : rows)
        for (const auto &[provider, out] : everywhere(gli_op_unary_backward, params::unary{row.kind},
                                                      {{{1}, {row.x}, row.dtype}, ABSENT, {{1}, {row.dy}, row.dtype}}))
            EXPECT_NEAR(out[0].values[0] / row.want, 1, 1e-6) << glia_unary_name(row.kind) << " by " << provider;
}

// The finite numbers of a type of 16 bits.
struct HalfType {
    glia_dtype dtype;
    int digits, min_exponent;  // of the mantissa after its first bit; of the smallest normal number

    Values numbers() const {
        Values all;
        const int fractions = 1 << digits, exponents = (1 << (15 - digits)) - 1;
        for (int e = 0; e < exponents; ++e)
            for (int f = 0; f < fractions; ++f) {
                const double x = std::ldexp(e > 0 ? f + fractions : f, std::max(e, 1) - 1 + min_exponent - digits);
                all.insert(all.end(), {x, -x});
            }
        return all;
    }
    double last_place(double x) const { return std::ldexp(1, std::max(std::ilogb(x), min_exponent) - digits); }
};

// On a GPU gelu of 16 bits is an approximation of its own. What is computed in f32 has no numbers below its normal
// ones.
const double kLeastF32 = 0x1p-126;
TEST(Unary, gelu_of_all_numbers_of_16_bits) {
    for (const HalfType &type : {HalfType{GLIA_BF16, 7, -126}, HalfType{GLIA_F16, 10, -14}}) {
        const Values x = type.numbers();
        for (const auto &[provider, out] :
             everywhere(gli_op_unary, params::unary{GLIA_UNARY_GELU}, {{{int64_t(x.size())}, x, type.dtype}}))
            for (size_t i = 0; i < x.size(); ++i) {
                const double want  = x[i] / 2 * std::erfc(-x[i] / std::sqrt(2.0));
                const double bound = 0.56 * type.last_place(want);
                ASSERT_NEAR(out[0].values[i], want, std::max(bound, std::abs(want) < kLeastF32 ? std::abs(want) : 0))
                    << x[i] << " by " << provider;
            }
    }
}

// At NaN every provider has what the reference has, which is NaN but for kinds whose slope asks for a comparison.
TEST(Unary, derivatives_at_nan_are_the_same) {
    const Array nan{{1}, {kNan}, GLIA_F32}, one{{1}, {1}, GLIA_F32};
    for (int k = 0; k < GLIA_UNARY_COUNT; ++k)
        for (const auto &in : {std::vector{nan, ABSENT, one}, std::vector{ABSENT, nan, one}}) {
            const params::unary p{glia_unary_kind(k), 0.25, 0.5};
            const Result want = Session().call(gli_op_unary_backward, p, in);
            if (want.status != GLIA_OK) continue;
            for (const auto &[provider, out] : everywhere(gli_op_unary_backward, p, in))
                EXPECT_TRUE(std::isnan(want.out[0].values[0]) ? std::isnan(out[0].values[0])
                                                              : out[0].values == want.out[0].values)
                    << glia_unary_name(p.kind) << (in[0].absent ? " of y" : " of x") << " by " << provider << " is "
                    << out[0].values[0] << ", not " << want.out[0].values[0];
        }
}

// Where the function is constant nothing goes through, as in PyTorch; elsewhere a slope of 0 is a factor.
TEST(Unary, a_slope_of_zero_times_no_number_is_none) {
    const struct {
        glia_unary_kind kind;
        double x, y;
        bool constant;
    } rows[] = {
        {GLIA_UNARY_STEP, -1, 0, true},        {GLIA_UNARY_RELU, -1, 0, true},
        {GLIA_UNARY_HARD_SIGMOID, 5, 1, true}, {GLIA_UNARY_CLIP, 5, 1, true},
        {GLIA_UNARY_HARD_SWISH, -4, 0, true},  {GLIA_UNARY_HARD_SWISH, -1.5, -0.375, false},
        {GLIA_UNARY_TANH, 1e3, 1, false},      {GLIA_UNARY_SIGMOID, 1e3, 1, false},
        {GLIA_UNARY_EXP, -1e3, 0, false},      {GLIA_UNARY_SQUARE, 0, 0, false},
        {GLIA_UNARY_ABS, 0, 0, false},         {GLIA_UNARY_SILU, -1e3, 0, false},
        {GLIA_UNARY_GELU, -1e3, 0, false},     {GLIA_UNARY_GELU_TANH, -1e3, 0, false},
        {GLIA_UNARY_LEAKY_RELU, -1, 0, false},
    };
    for (const auto &row : rows)
        for (double dy : {kNan, kInf})
            for (bool from_y : {false, true}) {
                const params::unary p{row.kind,
                                      row.kind == GLIA_UNARY_HARD_SIGMOID ? 0.25
                                      : row.kind == GLIA_UNARY_CLIP       ? -1.0
                                                                          : 0,
                                      row.kind == GLIA_UNARY_HARD_SIGMOID ? 0.5 : 1};
                const Array x{{1}, {row.x}, GLIA_F32}, y{{1}, {row.y}, GLIA_F32}, d{{1}, {dy}, GLIA_F32};
                if (from_y && Session().call(gli_op_unary_backward, p, {ABSENT, y, d}).status != GLIA_OK) continue;
                for (const auto &[provider, out] :
                     everywhere(gli_op_unary_backward, p, {from_y ? ABSENT : x, from_y ? y : ABSENT, d}))
                    EXPECT_EQ(std::isnan(out[0].values[0]), !row.constant)
                        << glia_unary_name(row.kind) << " by " << provider << " is " << out[0].values[0];
            }
}

TEST(Unary, nan_goes_through) {
    for (int k = 0; k < GLIA_UNARY_COUNT; ++k)
        EXPECT_TRUE(std::isnan(unary(glia_unary_kind(k), {kNan}).values[0])) << glia_unary_name(glia_unary_kind(k));
}

TEST(Unary, kinks_are_as_the_header_says) {
    const auto slope = [](glia_unary_kind kind, const Values &x, double alpha = 0, double beta = 0) {
        return run(gli_op_unary_backward, params::unary{kind, alpha, beta}, {vec(x), ABSENT, vec(Values(x.size(), 1))});
    };
    expect(slope(GLIA_UNARY_RELU, {0, -0.0}), {0, 0});
    expect(slope(GLIA_UNARY_ABS, {0}), {0});
    expect(slope(GLIA_UNARY_LEAKY_RELU, {0}, 0.25f), {0.25});
    expect(slope(GLIA_UNARY_ELU, {0}, 0.5f), {0.5});
    expect(slope(GLIA_UNARY_HARD_SIGMOID, {-2, 2}, 0.25f, 0.5f), {0, 0});
    expect(slope(GLIA_UNARY_HARD_SWISH, {-3, 3}), {0, 1});
    expect(slope(GLIA_UNARY_CLIP, {-1, 2, -1.5, 2.5}, -1, 2), {1, 1, 0, 0});
}

// ---- where

TEST(Where, one_or_the_other) {
    const Array a{{2}, {1, NAN}}, b{{2}, {3, 4}};
    expect_everywhere(gli_op_where, params::where{}, {{{}, {0}, GLIA_I64}, a, b}, {3, 4});
    expect_everywhere(gli_op_where, params::where{}, {{{}, {-5}, GLIA_I64}, b, a}, {3, 4});
}

TEST(Where, element_by_element_with_broadcasting) {
    const Array condition = arr({2, 1}, {0, kNan}), a = vec({1, kInf, 3}), b = arr({2, 3}, {4, 5, 6, 7, 8, 9});
    expect_everywhere(gli_op_where, params::where{}, {condition, a, b}, {4, 5, 6, 1, kInf, 3});
    expect_everywhere(gli_op_where, params::where{}, {vec({-1, 0, -0.0}), a, arr({}, {-kInf})}, {1, -kInf, -kInf});
}

// ---- prelu

TEST(Prelu, slope_of_each_channel) {
    const Array x = arr({1, 2, 3}, {-1, 2, -3, -4, 0, 6});
    expect(run(gli_op_prelu, params::prelu{}, {x, vec({0.5, 2})}), {1, 2, 3}, {-0.5, 2, -1.5, -8, 0, 6});
    expect(run(gli_op_prelu, params::prelu{}, {x, vec({10})}), {1, 2, 3}, {-10, 2, -30, -40, 0, 6});
    const auto back =
        all(gli_op_prelu_backward, params::prelu{}, {x, vec({0.5, 2}), arr({1, 2, 3}, {1, 2, 3, 4, 5, 6})});
    expect(back[0], {1, 2, 3}, {0.5, 2, 1.5, 8, 10, 6});
    expect(back[1], {-1 - 9, -16});
}

// ---- binary

Array binary(glia_binary_kind kind, const Array &a, const Array &b) {
    return run(gli_op_binary, params::binary{kind}, {a, b});
}

TEST(Binary, comparisons_are_one_or_zero) {
    const Array a = vec({1, 2, 3, kNan, -0.0, kInf}), b = vec({2, 2, 2, kNan, 0, kInf});
    expect(binary(GLIA_BINARY_EQUAL, a, b), {0, 1, 0, 0, 1, 1});
    expect(binary(GLIA_BINARY_NOT_EQUAL, a, b), {1, 0, 1, 1, 0, 0});
    expect(binary(GLIA_BINARY_LESS, a, b), {1, 0, 0, 0, 0, 0});
    expect(binary(GLIA_BINARY_LESS_EQUAL, a, b), {1, 1, 0, 0, 1, 1});
    expect(binary(GLIA_BINARY_GREATER, a, b), {0, 0, 1, 0, 0, 0});
    expect(binary(GLIA_BINARY_GREATER_EQUAL, a, b), {0, 1, 1, 0, 1, 1});
}

TEST(Binary, broadcasts_as_numpy) {
    const Array m = arr({2, 3}, {1, 2, 3, 4, 5, 6});
    expect(binary(GLIA_BINARY_ADD, m, vec({10, 20, 30})), {2, 3}, {11, 22, 33, 14, 25, 36});
    expect(binary(GLIA_BINARY_SUB, vec({10, 20, 30}), m), {2, 3}, {9, 18, 27, 6, 15, 24});
    expect(binary(GLIA_BINARY_MUL, m, arr({2, 1}, {10, 100})), {2, 3}, {10, 20, 30, 400, 500, 600});
    expect(binary(GLIA_BINARY_DIV, m, arr({}, {2})), {2, 3}, {0.5, 1, 1.5, 2, 2.5, 3});
    expect(binary(GLIA_BINARY_ADD, arr({2, 1}, {1, 2}), arr({1, 3}, {10, 20, 30})), {2, 3}, {11, 21, 31, 12, 22, 32});
    expect(binary(GLIA_BINARY_ADD, arr({2, 1, 2}, {1, 2, 3, 4}), arr({3, 1}, {10, 20, 30})), {2, 3, 2},
           {11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34});
    expect(binary(GLIA_BINARY_POW, vec({2, 9, -2, 0, -8}), vec({10, 0.5, 3, 0, 1.0 / 3})), {1024, 3, -8, 1, kNan});
}

TEST(Binary, extremes_pass_nan_on) {
    const Array a = vec({1, 5, kNan, 2, kNan, -kInf}), b = vec({3, 4, 1, kNan, kNan, kInf});
    expect(binary(GLIA_BINARY_MINIMUM, a, b), {1, 4, kNan, kNan, kNan, -kInf});
    expect(binary(GLIA_BINARY_MAXIMUM, a, b), {3, 5, kNan, kNan, kNan, kInf});
}

std::vector<Array> binary_back(glia_binary_kind kind, const Array &a, const Array &b, const Array &dy) {
    return all(gli_op_binary_backward, params::binary{kind}, {a, b, dy});
}

TEST(Binary, gradients_are_summed_over_what_was_repeated) {
    const Array m = arr({2, 3}, {1, 2, 3, 4, 5, 6}), dy = arr({2, 3}, {1, 10, 100, 1000, 10000, 100000});
    auto g = binary_back(GLIA_BINARY_MUL, m, vec({2, 3, 4}), dy);
    expect(g[0], {2, 3}, {2, 30, 400, 2000, 30000, 400000});
    expect(g[1], {1 + 4000, 20 + 50000, 300 + 600000});
    g = binary_back(GLIA_BINARY_SUB, m, arr({2, 1}, {7, 8}), dy);
    expect(g[0], {2, 3}, {1, 10, 100, 1000, 10000, 100000});
    expect(g[1], {2, 1}, {-111, -111000});
    g = binary_back(GLIA_BINARY_DIV, arr({}, {12}), vec({2, 3}), vec({1, 1}));
    expect(g[0], {}, {0.5 + 1.0 / 3});
    expect(g[1], {-3, -12.0 / 9});
}

// PyTorch's pow_backward_self and pow_backward_exponent.
TEST(Binary, pow_has_the_gradients_of_pytorch) {
    const Array a = vec({2, 0, 0, 0, -2, 3}), b = vec({3, 0, 2, -1, 2, 0}), dy = vec({1, 1, 1, 1, 1, 5});
    const auto g = binary_back(GLIA_BINARY_POW, a, b, dy);
    expect(g[0], {12, 0, 0, -kInf, -4, 0});
    expect(g[1], {8 * std::log(2.0), 0, 0, -kInf, kNan, 5 * std::log(3.0)});
}

// Powers of which f32, or f64, has no next smaller whole number.
TEST(Binary, pow_of_a_negative_number_has_the_sign_of_its_gradient) {
    const Values a = {-1, -1, -1, -1, 1, -1}, ones(6, 1);
    for (glia_dtype dtype : {GLIA_F32, GLIA_F64}) {
        const Values b     = {3, 4, dtype == GLIA_F32 ? 16777218.0 : 0x1.8p60, -0x1p60, 0x1p60, 0x1p60};
        const Values slope = {3, -4, -b[2], 0x1p60, 0x1p60, -0x1p60};
        expect_everywhere(gli_op_binary_backward, params::binary_backward{GLIA_BINARY_POW},
                          {{{6}, a, dtype}, {{6}, b, dtype}, {{6}, ones, dtype}}, slope);
    }
}

TEST(Binary, equal_extremes_share_their_gradient) {
    const Array a = vec({1, 2, 3, kNan}), b = vec({3, 2, 1, 1}), dy = vec({4, 6, 8, 2});
    auto g = binary_back(GLIA_BINARY_MINIMUM, a, b, dy);
    expect(g[0], {4, 3, 0, 2});
    expect(g[1], {0, 3, 8, 2});
    g = binary_back(GLIA_BINARY_MAXIMUM, a, b, dy);
    expect(g[0], {0, 3, 8, 2});
    expect(g[1], {4, 3, 0, 2});
}

// ---- reduce

Array reduce(glia_reduce_kind kind, const Array &x, unsigned axes = GLIA_ALL_AXES, bool keep = false) {
    return run(gli_op_reduce, params::reduce{kind, axes, keep}, {x});
}

const Array kCube = arr({2, 3, 2}, {1, 2, 3, 4, 5, 6, -7, 8, 9, 10, 11, 12});

TEST(Reduce, every_kind_and_axis) {
    expect(reduce(GLIA_REDUCE_SUM, kCube), {}, {64});
    expect(reduce(GLIA_REDUCE_SUM, kCube, GLIA_AXIS(0)), {3, 2}, {-6, 10, 12, 14, 16, 18});
    expect(reduce(GLIA_REDUCE_SUM, kCube, GLIA_AXIS(1)), {2, 2}, {9, 12, 13, 30});
    expect(reduce(GLIA_REDUCE_SUM, kCube, GLIA_AXIS(-1)), {2, 3}, {3, 7, 11, 1, 19, 23});
    expect(reduce(GLIA_REDUCE_SUM, kCube, GLIA_AXIS(0) | GLIA_AXIS(2)), {3}, {4, 26, 34});
    expect(reduce(GLIA_REDUCE_SUM, kCube, GLIA_AXIS(0) | GLIA_AXIS(2), true), {1, 3, 1}, {4, 26, 34});
    expect(reduce(GLIA_REDUCE_MEAN, kCube, GLIA_AXIS(1)), {2, 2}, {3, 4, 13.0 / 3, 10});
    expect(reduce(GLIA_REDUCE_MAX, kCube, GLIA_AXIS(1)), {2, 2}, {5, 6, 11, 12});
    expect(reduce(GLIA_REDUCE_MIN, kCube, GLIA_AXIS(1)), {2, 2}, {1, 2, -7, 8});
    expect(reduce(GLIA_REDUCE_L1, kCube, GLIA_AXIS(1)), {2, 2}, {9, 12, 27, 30});
    expect(reduce(GLIA_REDUCE_L2, vec({3, -4})), {}, {5});
    expect(reduce(GLIA_REDUCE_SUM, arr({}, {7})), {}, {7});
}

TEST(Reduce, over_no_axis_takes_each_element_on_its_own) {
    const Array x = arr({2, 2}, {1, -2, 3, -4});
    for (bool keep : {false, true}) {
        expect(reduce(GLIA_REDUCE_SUM, x, 0, keep), {2, 2}, x.values);
        expect(reduce(GLIA_REDUCE_MEAN, x, 0, keep), {2, 2}, x.values);
        expect(reduce(GLIA_REDUCE_MAX, x, 0, keep), {2, 2}, x.values);
        expect(reduce(GLIA_REDUCE_L1, x, 0, keep), {2, 2}, {1, 2, 3, 4});
        expect(reduce(GLIA_REDUCE_L2, x, 0, keep), {2, 2}, {1, 2, 3, 4});
    }
}

TEST(Reduce, long_sums_keep_their_digits) {
    const Array tenths{{3, 300, 300}, Values(270000, double(0.1f)), GLIA_F32};
    for (unsigned axes :
         {GLIA_ALL_AXES, GLIA_AXIS(1) | GLIA_AXIS(2), GLIA_AXIS(0) | GLIA_AXIS(1), GLIA_AXIS(0) | GLIA_AXIS(2)})
        for (glia_reduce_kind kind : {GLIA_REDUCE_MEAN, GLIA_REDUCE_SUM, GLIA_REDUCE_L1})
            for (const auto &[provider, out] : everywhere(gli_op_reduce, params::reduce{kind, axes}, {tenths})) {
                const double set  = 270000 / double(out[0].values.size());
                const double want = double(0.1f) * (kind == GLIA_REDUCE_MEAN ? 1 : set);
                for (double v : out[0].values) ASSERT_NEAR(v, want, 2e-6 * want) << provider << " " << kind;
            }
}

TEST(Reduce, of_huge_and_tiny_numbers) {
    for (int64_t n : {2, 1000, 40000}) {
        const Array huge{{n}, Values(size_t(n), double(3e38f)), GLIA_F32};
        expect_everywhere(gli_op_reduce, params::reduce{GLIA_REDUCE_MEAN}, {huge}, {double(3e38f)});
        const Array columns{{n, 2}, Values(size_t(2 * n), double(3e38f)), GLIA_F32};
        expect_everywhere(gli_op_reduce, params::reduce{GLIA_REDUCE_MEAN, GLIA_AXIS(0)}, {columns},
                          {double(3e38f), double(3e38f)});
        for (double size : {double(1e30f), double(1e-25f)}) {
            const Array x{{n}, Values(size_t(n), size), GLIA_F32}, dy{{}, {1}, GLIA_F32};
            const double norm = size * std::sqrt(double(n));
            for (const auto &[provider, out] : everywhere(gli_op_reduce, params::reduce{GLIA_REDUCE_L2}, {x}))
                EXPECT_NEAR(out[0].values[0], norm, 1e-6 * norm) << provider;
            const Array y{{}, {double(float(norm))}, GLIA_F32};
            for (const auto &[provider, out] :
                 everywhere(gli_op_reduce_backward, params::reduce_backward{{GLIA_REDUCE_L2}}, {x, y, dy}))
                EXPECT_NEAR(out[0].values[0], size / norm, 1e-6) << provider;
        }
    }
}

TEST(Reduce, of_doubles_without_squares) {
    for (double size : {3e200, 3e-200}) {
        const auto l2 = run(gli_op_reduce, params::reduce{.kind = GLIA_REDUCE_L2}, {vec({size, -size, size, size})});
        EXPECT_DOUBLE_EQ(l2.values[0], 2 * size);
    }
    const auto mean = run(gli_op_reduce, params::reduce{.kind = GLIA_REDUCE_MEAN}, {vec({1.5e308, 1.5e308})});
    EXPECT_DOUBLE_EQ(mean.values[0], 1.5e308);
}

TEST(Reduce, of_nothing_and_of_nan) {
    const Array none = arr({2, 0}, {});
    expect(reduce(GLIA_REDUCE_SUM, none, GLIA_AXIS(1)), {2}, {0, 0});
    expect(reduce(GLIA_REDUCE_L2, none, GLIA_AXIS(1)), {2}, {0, 0});
    expect(reduce(GLIA_REDUCE_MEAN, none, GLIA_AXIS(1)), {2}, {kNan, kNan});
    expect(reduce(GLIA_REDUCE_MAX, vec({1, kNan, 3})), {}, {kNan});
    expect(reduce(GLIA_REDUCE_MIN, vec({1, kNan, 3})), {}, {kNan});
    expect(reduce(GLIA_REDUCE_MAX, vec({-kInf, -kInf})), {}, {-kInf});
}

Array reduce_back(glia_reduce_kind kind, const Array &x, const Array &y, const Array &dy, unsigned axes = GLIA_ALL_AXES,
                  glia_shape shape = {}) {
    return run(gli_op_reduce_backward, params::reduce_backward{{kind, axes, false}, shape}, {x, y, dy});
}

TEST(Reduce, gradients) {
    const Array two = vec({10, 100});
    expect(reduce_back(GLIA_REDUCE_SUM, ABSENT, ABSENT, two, GLIA_AXIS(1), GLIA_SHAPE(2, 3)), {2, 3},
           {10, 10, 10, 100, 100, 100});
    expect(reduce_back(GLIA_REDUCE_SUM, ABSENT, ABSENT, two, GLIA_AXIS(0), GLIA_SHAPE(3, 2)), {3, 2},
           {10, 100, 10, 100, 10, 100});
    expect(reduce_back(GLIA_REDUCE_MEAN, ABSENT, ABSENT, two, GLIA_AXIS(1), GLIA_SHAPE(2, 4)), {2, 4},
           {2.5, 2.5, 2.5, 2.5, 25, 25, 25, 25});
    expect(reduce_back(GLIA_REDUCE_L1, vec({-2, 0, 5}), ABSENT, arr({}, {3})), {-3, 0, 3});
    expect(reduce_back(GLIA_REDUCE_L2, vec({3, -4}), arr({}, {5}), arr({}, {10})), {6, -8});
    expect(reduce_back(GLIA_REDUCE_L2, vec({0, 0}), arr({}, {0}), arr({}, {10})), {0, 0});
    expect(reduce_back(GLIA_REDUCE_MEAN, ABSENT, ABSENT, two, 0, GLIA_SHAPE(2)), {10, 100});
    expect(reduce_back(GLIA_REDUCE_L1, vec({-2, 5}), ABSENT, two, 0), {-10, 100});
}

TEST(Reduce, equal_extremes_share_their_gradient_evenly) {
    const Array x = arr({2, 4}, {1, 3, 3, 0, 5, 5, 5, 5});
    expect(reduce_back(GLIA_REDUCE_MAX, x, vec({3, 5}), vec({8, 8}), GLIA_AXIS(1)), {2, 4}, {0, 4, 4, 0, 2, 2, 2, 2});
    expect(reduce_back(GLIA_REDUCE_MIN, x, vec({0, 5}), vec({8, 8}), GLIA_AXIS(1)), {2, 4}, {0, 0, 0, 8, 2, 2, 2, 2});
}

TEST(Cumsum, sums_up_to_each_element) {
    const Array x = arr({2, 3}, {1, 2, 4, 8, 16, 32});
    using P       = params::cumsum;
    expect_everywhere(gli_op_cumsum, P{}, {x}, {1, 3, 7, 8, 24, 56});
    expect_everywhere(gli_op_cumsum, P{.axis = 0}, {x}, {1, 2, 4, 9, 18, 36});
    expect_everywhere(gli_op_cumsum, P{.exclusive = true}, {x}, {0, 1, 3, 0, 8, 24});
    expect_everywhere(gli_op_cumsum, P{.reverse = true}, {x}, {7, 6, 4, 56, 48, 32});
    expect_everywhere(gli_op_cumsum, P{.exclusive = true, .reverse = true}, {x}, {6, 4, 0, 48, 32, 0});
    expect_everywhere(gli_op_cumsum, P{}, {vec({1, kInf, 1, 2})}, {1, kInf, kInf, kInf});
}

TEST(Topk, in_order_and_the_first_of_equals_first) {
    const Array x   = arr({2, 4}, {1, 7, 7, -2, kNan, -kInf, 5, kInf});
    const auto most = all(gli_op_topk, params::topk{.k = 3}, {x});
    expect(most[0], {2, 3}, {7, 7, 1, kNan, kInf, 5});
    expect(most[1], {2, 3}, {1, 2, 0, 0, 3, 2});
    expect(most[2], {2, 3}, {1, 2, 0, 4, 7, 6});
    const auto least = all(gli_op_topk, params::topk{.k = 3, .smallest = true}, {x});
    expect(least[0], {2, 3}, {-2, 1, 7, -kInf, 5, kInf});
    expect(least[1], {2, 3}, {3, 0, 1, 1, 2, 3});
    const auto columns = all(gli_op_topk, params::topk{.axis = 0, .k = 1}, {arr({3, 2}, {1, 9, 3, 4, 3, 2})});
    expect(columns[0], {1, 2}, {3, 9});
    expect(columns[2], {1, 2}, {2, 1});
}

TEST(Argmax, first_maximum_and_nan) {
    const Array x = arr({3, 4}, {1, 7, 7, 2, -3, -1, -2, -1, 5, kNan, 9, kNan});
    expect(run(gli_op_argmax, params::argmax{}, {x}), {1, 1, 1});
    expect(run(gli_op_argmax, params::argmax{.axis = 0}, {x}), {2, 2, 2, 2});
    expect(run(gli_op_argmax, params::argmax{.axis = 0, .keep_dims = true}, {arr({2, 2}, {1, 9, 3, 9})}), {1, 2},
           {1, 0});
    expect(run(gli_op_argmax, params::argmax{}, {vec({-kInf, -kInf})}), {}, {0});
    EXPECT_EQ(run(gli_op_argmax, params::argmax{}, {x}).dtype, GLIA_I64);
}

// ---- softmax

Array softmax(const Array &x, bool log = false, int axis = -1) {
    return run(gli_op_softmax, params::softmax{axis, log}, {x});
}

TEST(Softmax, of_logarithms_is_their_share) {
    const Array x = vec({std::log(1.0), std::log(2.0), std::log(5.0)});
    expect(softmax(x), {0.125, 0.25, 0.625});
    expect(softmax(x, true), {std::log(0.125), std::log(0.25), std::log(0.625)});
    expect(softmax(arr({2, 2}, {0, 0, std::log(3.0), 0}), false, 0), {2, 2}, {0.25, 0.5, 0.75, 0.5});
}

// ONNX's page of Softmax and LogSoftmax, the examples with {0, 1, 2, 3} and {10000, 10001, 10002, 10003}.
TEST(Softmax, does_not_depend_on_the_level) {
    const Values share = {0.032058603280084987842, 0.087144318742032567489, 0.2368828180899100897,
                          0.64391425988797235497};
    Values logs;
    for (double s : share) logs.push_back(std::log(s));
    for (double level : {0.0, 10000.0, -10000.0}) {
        const Array x = vec({level, level + 1, level + 2, level + 3});
        expect(softmax(x), share);
        expect(softmax(x, true), logs);
    }
}

TEST(Softmax, infinities_and_nan_as_in_pytorch) {
    expect(softmax(vec({0, -kInf, 0})), {0.5, 0, 0.5});
    expect(softmax(vec({0, -kInf}), true), {0, -kInf});
    expect(softmax(vec({-kInf, -kInf})), {kNan, kNan});
    expect(softmax(vec({-kInf, -kInf}), true), {kNan, kNan});
    expect(softmax(vec({1, kNan})), {kNan, kNan});
}

TEST(Softmax, gradients) {
    const Array y = vec({0.25, 0.75}), dy = vec({4, 8});  // sum of y dy: 7
    expect(run(gli_op_softmax_backward, params::softmax{}, {y, dy}), {0.25 * -3, 0.75 * 1});
    const Array logs = vec({std::log(0.25), std::log(0.75)});
    expect(run(gli_op_softmax_backward, params::softmax{.log = true}, {logs, dy}), {4 - 3, 8 - 9});
}

// ---- the same corners through whatever provider the table picks, in f32

constexpr double kDenormal = 1.2e-38;  // libraries take smaller numbers for 0

void corners_agree(const params::unary &params) {
    const Values x = {kNan, kInf, -kInf, 0,    -0.0,   1e-40, -1e-40, 1e38,  -1e38,
                      88.5, 88.8, -87.5, -103, -104.5, 1e-5,  0.624,  0.626, 3};
    Values flushed = x;
    for (double &v : flushed)
        if (std::fabs(v) < kDenormal) v = std::copysign(0, v);
    const Array in{{int64_t(x.size())}, x, GLIA_F32};
    const auto reference = [&](const Values &values) {
        Session session;
        return session.call(gli_op_unary, params, {Array{in.dims, values, GLIA_F32}}).out.at(0).values;
    };
    const Values exact = reference(x), of_zero = reference(flushed);
    for (const auto &[provider, out] : everywhere(gli_op_unary, params, {in}))
        for (size_t i = 0; i < x.size(); ++i) {
            const double got = out.at(0).values[i];
            // silu multiplies x by a sigmoid that is 0 where it is below the smallest normal number
            const double tiny = kDenormal * std::max(1.0, std::fabs(x[i]));
            SCOPED_TRACE(std::string(glia_unary_name(params.kind)) + " of " + std::to_string(x[i]) + " by " + provider +
                         ", alpha " + std::to_string(params.alpha) + ", beta " + std::to_string(params.beta));
            const auto agrees = [&](double want) {
                if (std::isnan(want) || std::isinf(want)) return std::isnan(want) ? std::isnan(got) : got == want;
                return std::fabs(got - want) <= 1e-6 * std::fabs(want) + tiny;
            };
            // whether a number that small is 0 is up to the provider
            EXPECT_TRUE(agrees(exact[i]) || agrees(of_zero[i])) << got << ", must be " << exact[i];
        }
}

TEST(Providers, corners_agree_with_the_reference) {
    for (int k = 0; k < GLIA_UNARY_COUNT; ++k) {
        corners_agree({.kind = glia_unary_kind(k)});
        if (k != GLIA_UNARY_SOFTPLUS) corners_agree({.kind = glia_unary_kind(k), .alpha = 0, .beta = 0});
    }
    corners_agree({.kind = GLIA_UNARY_CLIP, .alpha = -1, .beta = 0});
    corners_agree({.kind = GLIA_UNARY_HARD_SIGMOID, .beta = 0});
    corners_agree({.kind = GLIA_UNARY_HARD_SIGMOID, .alpha = 0});
    Session fast("");
    for (glia_binary_kind kind : {GLIA_BINARY_MINIMUM, GLIA_BINARY_MAXIMUM}) {
        const Array a{{4}, {1, kNan, 2, kNan}, GLIA_F32}, b{{4}, {kNan, 1, 3, kNan}, GLIA_F32};
        const auto got = fast.call(gli_op_binary, params::binary{kind}, {a, b}).out.at(0).values;
        EXPECT_TRUE(std::isnan(got[0]) && std::isnan(got[1]) && std::isnan(got[3]));
    }
    for (bool log : {false, true}) {
        const Array rows{{3, 2}, {-kInf, -kInf, 0, -kInf, 10000, 10001}, GLIA_F32};
        const auto got = fast.call(gli_op_softmax, params::softmax{.log = log}, {rows}).out.at(0).values;
        EXPECT_TRUE(std::isnan(got[0]) && std::isnan(got[1]));
        EXPECT_NEAR(got[2], log ? 0 : 1, 1e-6);
        EXPECT_EQ(got[3], log ? -kInf : 0);
        EXPECT_NEAR(got[4], log ? -1.3132616875182228 : 0.2689414213699951, 1e-6);
    }
}

// ---- zero is a number, whoever computes: the usual numbers stand elsewhere

TEST(Zero, is_an_alpha_and_a_beta) {
    const Array x{{4}, {-2, -0.5, 0.5, 3}, GLIA_F32}, ones{{4}, {1, 1, 1, 1}, GLIA_F32};
    const struct {
        params::unary params;
        Values y, slope;
    } rows[] = {
        {{GLIA_UNARY_LEAKY_RELU, 0}, {0, 0, 0.5, 3}, {0, 0, 1, 1}},
        {{GLIA_UNARY_ELU, 0}, {0, 0, 0.5, 3}, {0, 0, 1, 1}},
        {{GLIA_UNARY_HARD_SIGMOID, 0.25, 0}, {0, 0, 0.125, 0.75}, {0, 0, 0.25, 0.25}},
        {{GLIA_UNARY_HARD_SIGMOID, 0, 0.25}, {0.25, 0.25, 0.25, 0.25}, {0, 0, 0, 0}},
        {{GLIA_UNARY_HARD_SIGMOID, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}},
        {{GLIA_UNARY_CLIP, 0, 2}, {0, 0, 0.5, 2}, {0, 0, 1, 0}},
        {{GLIA_UNARY_CLIP, -1, 0}, {-1, -0.5, 0, 0}, {0, 1, 0, 0}},
        {{GLIA_UNARY_CLIP, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}},
    };
    for (const auto &row : rows) {
        SCOPED_TRACE(glia_unary_name(row.params.kind));
        expect_everywhere(gli_op_unary, row.params, {x}, row.y);
        expect_everywhere(gli_op_unary_backward, row.params, {x, ABSENT, ones}, row.slope);
    }
}

TEST(Unary, nan_goes_through_the_derivative_of_elu_whatever_alpha) {
    const Array x{{2}, {NAN, 1}, GLIA_F32}, ones{{2}, {1, 1}, GLIA_F32};
    for (double alpha : {-1.0, 0.0, 0.5})
        for (const auto &[provider, out] :
             everywhere(gli_op_unary_backward, params::unary{GLIA_UNARY_ELU, alpha}, {x, ABSENT, ones})) {
            EXPECT_TRUE(std::isnan(out[0].values[0])) << provider << " with alpha " << alpha;
            EXPECT_EQ(out[0].values[1], 1) << provider;
        }
}

TEST(Zero, is_a_slope_of_prelu) {
    const Array x{{1, 2, 2}, {-1, 2, -3, 4}, GLIA_F32}, slope{{2}, {0, 0.5}, GLIA_F32},
        dy{{1, 2, 2}, {1, 1, 1, 1}, GLIA_F32};
    expect_everywhere(gli_op_prelu, params::prelu{}, {x, slope}, {0, 2, -1.5, 4});
    expect_everywhere(gli_op_prelu_backward, params::prelu{}, {x, slope, dy}, {0, 1, 0.5, 1});
}

TEST(Zero, is_a_bound_and_a_deviation_of_random_numbers) {
    const glia_shape four = GLIA_SHAPE(4);
    for (glia_random_kind kind : {GLIA_RANDOM_NORMAL, GLIA_RANDOM_TRUNCATED_NORMAL})
        for (double mean : {3.0, 0.0}) {
            const params::random_fill p{.kind = kind, .shape = four, .mean = mean, .std = 0};
            expect_everywhere(gli_op_random_fill, p, {}, Values(4, mean));
        }
    expect_everywhere(gli_op_random_fill, params::random_fill{.shape = four, .low = 0, .high = 0}, {}, Values(4, 0));
    for (const auto &[provider, out] :
         everywhere(gli_op_random_fill, params::random_fill{.shape = four, .low = -1, .high = 0}, {}))
        for (double v : out.at(0).values) EXPECT_TRUE(v >= -1 && v < 0) << v << " by " << provider;
}

TEST(Zero, is_a_share_that_dropout_keeps_whole_and_an_axis) {
    const Array x{{2, 2}, {1, -2, 3, 4}, GLIA_F32}, equal{{2, 3}, Values(6, 1), GLIA_F32};
    expect_everywhere(gli_op_dropout, params::dropout{.p = 0}, {x}, x.values);
    expect_everywhere(gli_op_argmax, params::argmax{.axis = 0}, {x}, {1, 1});
    expect_everywhere(gli_op_softmax, params::softmax{.axis = 0}, {equal}, Values(6, 0.5));
    expect_everywhere(gli_op_reduce, params::reduce{.axes = 0}, {x}, x.values);
}

// Params that are NULL are the op's defaults, and only these.
TEST(Zero, is_not_the_default) {
    Session session;
    const Array x = vec({-4, 4});
    expect(session.call_raw(gli_op_reduce, nullptr, {x}).out.at(0), {}, {0});
    expect(session.call_raw(gli_op_argmax, nullptr, {arr({2, 2}, {1, 9, 3, 2})}).out.at(0), {1, 0});
    expect(unary(GLIA_UNARY_LEAKY_RELU, {-4, 4}), {-0.04, 4});
    expect(unary(GLIA_UNARY_HARD_SIGMOID, {0, 3}), {0.5, 1});
    expect(unary(GLIA_UNARY_CLIP, {-4, 4}), {-1, 1});
}

// Sizes above the pieces that threads get, which are of 2^12 to 2^14 elements.
TEST(Providers, bits_do_not_depend_on_the_number_of_threads) {
    Array x{{331, 211}, {}, GLIA_F32};
    for (int i = 0; i < 331 * 211; ++i) x.values.push_back(std::sin(double(i + 1)));
    const auto bits = [&](int threads) {
        Session s("cpu.native", "cpu", threads);
        std::vector<Values> out;
        const auto add = [&](const gli_op &op, const auto &params, const std::vector<Array> &in) {
            const Result r = s.call(op, params, in);
            EXPECT_EQ(r.status, GLIA_OK) << r.message;
            if (!r.out.empty()) out.push_back(r.out[0].values);
        };
        for (glia_unary_kind kind : {GLIA_UNARY_RELU, GLIA_UNARY_TANH, GLIA_UNARY_EXP})
            add(gli_op_unary, params::unary{.kind = kind}, {x});
        add(gli_op_binary, params::binary{GLIA_BINARY_DIV},
            {x, Array{{211}, {x.values.begin(), x.values.begin() + 211}, GLIA_F32}});
        for (unsigned axes : {0u, GLIA_ALL_AXES, GLIA_AXIS(0), GLIA_AXIS(1)})
            add(gli_op_reduce, params::reduce{.kind = GLIA_REDUCE_MEAN, .axes = axes}, {x});
        for (bool log : {false, true}) add(gli_op_softmax, params::softmax{.log = log}, {x});
        add(gli_op_softmax_backward, params::softmax{}, {x, x});
        add(gli_op_random_fill, params::random_fill{.kind = GLIA_RANDOM_NORMAL, .shape = GLIA_SHAPE(331, 211)}, {});
        return out;
    };
    const auto one = bits(1);
    for (int threads : {2, 3, 8}) EXPECT_TRUE(bits(threads) == one) << threads;
}

}  // namespace
