/* Datasets of recordings: sources over lists of files. */
#include "core/context_impl.h"
#include "core/size.h"
#include "data/class_labels.h"
#include "sound/sound_sample.h"

/* ---- Args ---- */

static glia_status check_args(gli_job *job, const glia_sound_dataset_args *given, gli_sound_set *set) {
    enum { MOST = 1 << 27 };
    glia_sound_dataset_args *a = &set->args;
    GLI_JOB_REQUIRE(job, given, GLIA_INVALID_ARGUMENT, "args is NULL");
    *a = *given;
    GLI_JOB_REQUIRE(job, a->rate >= 1 && a->length >= 1 && a->length <= MOST && a->hop >= 0 && a->hop <= MOST,
                    GLIA_INVALID_ARGUMENT,
                    "rate is %d, must be positive; length is %lld, must be 1 to %d; hop is %lld, must be 0 to %d",
                    a->rate, (long long)a->length, MOST, (long long)a->hop, MOST);
    GLI_JOB_REQUIRE(
        job, a->channels >= 0 && a->channels <= GLI_SOUND_CHANNELS && (a->mix == GLIA_SOUND_ALL || a->channels <= 1),
        GLIA_INVALID_ARGUMENT, "channels is %d, must be 1 to %d with GLIA_SOUND_ALL, else 1", a->channels,
        GLI_SOUND_CHANNELS);
    if (a->channels == 0) a->channels = 1;
    if (a->label_dtype == GLIA_F32) a->label_dtype = GLIA_I64; /* left out */
    GLI_JOB_REQUIRE(job, a->label_dtype == GLIA_I32 || a->label_dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                    "label_dtype is %s, must be i32 or i64", glia_dtype_name(a->label_dtype));
    set->convert = (glia_sound_convert_args){a->mix, a->channel, a->rate, a->quality};
    return gli_convert_check(job, &set->convert);
}

/* ---- Sets ---- */

static void destroy_set(void *user) {
    gli_sound_set *set = user;
    glia_context *ctx  = set->ctx;
    gli_file_list_free(&set->list);
    gli_free(ctx, set->first, (size_t)set->first_capacity, sizeof *set->first);
    gli_free(ctx, set, 1, sizeof *set);
}

static const char *name_of(void *user, int64_t index) {
    const gli_sound_set *set = user;
    return gli_file_list_get(&set->list, gli_sound_set_recording(set, index))->path;
}

static int64_t label_of(const void *user, int64_t sample) {
    const gli_sound_set *set = user;
    return gli_file_list_get(&set->list, gli_sound_set_recording(set, sample))->label;
}

/* ---- Files ---- */

static glia_status verify(gli_job *job, const gli_sound_set *set, gli_decoder *decoder) {
    int channels;
    GLI_TRY(gli_mixed_channels(job, &set->convert, decoder->info.channels, &channels));
    return gli_sound_verify(job, decoder);
}

static glia_status look_at(gli_job *job, const gli_sound_set *set, gli_sound_input *in, int64_t *windows) {
    gli_decoder decoder;
    GLI_TRY(gli_sound_open(job, in, false, &decoder));
    const glia_sound_info info = decoder.info;
    glia_status status         = set->args.verify ? verify(job, set, &decoder) : GLIA_OK;
    gli_decoder_close(&decoder);
    if (status == GLIA_OK && set->args.hop > 0 && info.frames == 0)
        status = info.format == GLIA_SOUND_WAV
                     ? gli_job_fail(job, GLIA_BAD_FORMAT, "has no frames")
                     : gli_job_fail(job, GLIA_UNSUPPORTED, "does not say how long it is, which windows need to know");
    if (status == GLIA_OK) *windows = gli_sound_windows(set, info.frames, info.rate);
    return status;
}

/* A file that is no recording, or one that cannot be opened, or a broken one with .verify. */
static glia_status count_windows(gli_job *job, const gli_sound_set *set, const char **why, int64_t *windows) {
    gli_sound_input in;
    glia_status status = gli_sound_open_file(job, job->name, &in);
    if (status == GLIA_OK) {
        status = look_at(job, set, &in, windows);
        fclose(in.file);
    }
    if (!gli_job_blames_file(job, status)) return status;
    *why = job->message;
    return GLIA_OK;
}

static glia_status judge(void *user, gli_job *job, gli_bytes begin, const char **why) {
    gli_sound_set *set = user;
    const char *name;
    int64_t windows = 1;
    if (gli_sound_format_of(begin, &name) == GLIA_SOUND_NONE)
        return *why = "is no recording of a format that is read", GLIA_OK;
    if (gli_sound_set_looks_at(set)) GLI_TRY(count_windows(job, set, why, &windows));
    if (*why) return GLIA_OK;
    const glia_status status =
        gli_grow(set->ctx, &set->first, &set->first_capacity, set->n_first + 1, sizeof *set->first, "windows");
    if (status != GLIA_OK) return gli_job_fail(job, status, "out of memory: the windows of recordings");
    const int64_t before       = set->first[set->n_first - 1];
    set->first[set->n_first++] = gli_saturating_add(before, windows);
    return GLIA_OK;
}

/* ---- Datasets ---- */

static glia_status list_windows(gli_sound_set *set, const char *folder) {
    const gli_file_choice choice = {"recordings", judge, set, set->args.skip};
    GLI_TRY(gli_grow(set->ctx, &set->first, &set->first_capacity, 1, sizeof *set->first, "windows"));
    set->n_first = 1;
    return gli_file_list_classes(set->ctx, folder, &choice, &set->list);
}

/* A dataset that takes the set over. */
static glia_status make_source(gli_sound_set *set, glia_dataset **out) {
    const glia_field sound   = {"sound", GLIA_F32, GLIA_SHAPE(set->args.channels, set->args.length)};
    const glia_source source = {.inputs      = &sound,
                                .n_inputs    = 1,
                                .count       = gli_sound_set_count(set),
                                .read        = gli_sound_sample_read,
                                .user        = set,
                                .destroy     = destroy_set,
                                .concurrent  = true,
                                .sample_name = name_of};
    const glia_status status = glia_dataset_from_source(set->ctx, &source, out);
    if (status != GLIA_OK) destroy_set(set);
    return status;
}

static glia_status from_folder(glia_context *ctx, const char *folder, const glia_sound_dataset_args *args,
                               glia_dataset **out) {
    const char *function = "glia_dataset_from_sound_folder";
    gli_job job          = {.ctx = ctx};
    glia_dataset *sounds = NULL;
    void *memory;
    GLI_REQUIRE(ctx, folder && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, folder ? "out" : "folder");
    GLI_TRY(gli_new(ctx, 1, sizeof(gli_sound_set), "a dataset of recordings", &memory));
    gli_sound_set *set = memory;
    set->ctx = set->list.ctx = ctx;
    glia_status status       = gli_job_explain(&job, function, check_args(&job, args, set));
    if (status == GLIA_OK) status = list_windows(set, folder);
    if (status != GLIA_OK) return destroy_set(set), status;
    GLI_TRY(make_source(set, &sounds));
    const gli_labels labels = {label_of, set, set->args.label_dtype, set->list.class_names.data, set->list.classes};
    status                  = gli_dataset_add_labels(sounds, &labels, out);
    glia_dataset_destroy(sounds);
    return status;
}

glia_status glia_dataset_from_sound_folder(glia_context *ctx, const char *folder, const glia_sound_dataset_args *args,
                                           glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_folder(ctx, folder, args, out);
    gli_leave(ctx);
    return status;
}
