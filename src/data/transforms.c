/* Transforms as values. */
#include "glia/augment.h"

static glia_transform make(glia_transform_kind kind, double a, double b, double c) {
    return (glia_transform){.kind = kind, .probability = 1, .value = {a, b, c}};
}

static glia_transform make_often(glia_transform_kind kind, double probability) {
    return (glia_transform){.kind = kind, .probability = probability};
}

glia_transform glia_augment_crop(int padding) { return make(GLIA_TRANSFORM_CROP, padding, 0, 0); }
glia_transform glia_augment_flip(double probability) { return make_often(GLIA_TRANSFORM_FLIP, probability); }
glia_transform glia_augment_flip_vertical(double probability) {
    return make_often(GLIA_TRANSFORM_FLIP_VERTICAL, probability);
}
glia_transform glia_augment_resized_crop(double low, double high, double ratio) {
    return make(GLIA_TRANSFORM_RESIZED_CROP, low, high, ratio);
}
glia_transform glia_augment_scale(double low, double high) { return make(GLIA_TRANSFORM_SCALE, low, high, 0); }
glia_transform glia_augment_rotate(double degrees) { return make(GLIA_TRANSFORM_ROTATE, degrees, 0, 0); }
glia_transform glia_augment_translate(double x, double y) { return make(GLIA_TRANSFORM_TRANSLATE, x, y, 0); }
glia_transform glia_augment_shear(double x_degrees, double y_degrees) {
    return make(GLIA_TRANSFORM_SHEAR, x_degrees, y_degrees, 0);
}

glia_transform glia_augment_brightness(double amount) { return make(GLIA_TRANSFORM_BRIGHTNESS, amount, 0, 0); }
glia_transform glia_augment_contrast(double amount) { return make(GLIA_TRANSFORM_CONTRAST, amount, 0, 0); }
glia_transform glia_augment_saturation(double amount) { return make(GLIA_TRANSFORM_SATURATION, amount, 0, 0); }
glia_transform glia_augment_noise(double deviation) { return make(GLIA_TRANSFORM_NOISE, deviation, 0, 0); }

glia_transform glia_augment_cutout(int size) { return make(GLIA_TRANSFORM_CUTOUT, size, 0, 0); }
glia_transform glia_augment_erase(double probability, double low, double high) {
    glia_transform transform = make(GLIA_TRANSFORM_ERASE, low, high, 0);
    transform.probability    = probability;
    return transform;
}

glia_transform glia_augment_mixup(double alpha) { return make(GLIA_TRANSFORM_MIXUP, alpha, 0, 0); }
glia_transform glia_augment_cutmix(double alpha) { return make(GLIA_TRANSFORM_CUTMIX, alpha, 0, 0); }
