/* Ctrl-C as a wish to stop. */
#define _POSIX_C_SOURCE 200809L
#include <sched.h>
#include <signal.h>

#include "callbacks/callback.h"
#include "glia/checkpoint.h"

/* A handler is told nothing but the signal's number, so the process has one place for the trainer it stops and for what
 * SIGINT did before, which a second one does. */
static glia_trainer *running;
static struct sigaction before;
static int handling; /* handlers that have not returned: on any thread */

typedef struct interrupt {
    glia_context *ctx;
    bool installed;
} interrupt;

static void handle(int number) {
    __atomic_fetch_add(&handling, 1, __ATOMIC_SEQ_CST);
    glia_trainer *trainer = __atomic_load_n(&running, __ATOMIC_SEQ_CST);
    glia_trainer_stop(trainer);
    if (trainer) sigaction(number, &before, NULL);
    __atomic_fetch_sub(&handling, 1, __ATOMIC_SEQ_CST);
}

static void uninstall(interrupt *i) {
    if (!i->installed) return;
    sigaction(SIGINT, &before, NULL);
    __atomic_store_n(&running, NULL, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&handling, __ATOMIC_SEQ_CST) > 0) sched_yield(); /* they may have the trainer yet */
    i->installed = false;
}

static glia_status begin(void *user, const glia_event *event) {
    interrupt *i            = user;
    glia_trainer *none      = NULL;
    struct sigaction wanted = {.sa_handler = handle, .sa_flags = SA_RESTART};
    uninstall(i);
    GLI_REQUIRE(i->ctx,
                __atomic_compare_exchange_n(&running, &none, event->trainer, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED),
                GLIA_BUSY, "glia_stop_on_interrupt: another training of this process has it");
    sigemptyset(&wanted.sa_mask);
    sigaction(SIGINT, NULL, &before); /* before the handler may need it */
    sigaction(SIGINT, &wanted, NULL);
    i->installed = true;
    return GLIA_OK;
}

static glia_status end(void *user, const glia_event *event) {
    (void)event;
    uninstall(user);
    return GLIA_OK;
}

static void destroy(void *user) {
    interrupt *i = user;
    uninstall(i);
    gli_callback_state_free(i->ctx, i, sizeof *i);
}

static glia_status create(glia_context *ctx, glia_callback *out) {
    void *state;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_stop_on_interrupt: out is NULL");
    GLI_TRY(gli_callback_state(ctx, sizeof(interrupt), &state));
    ((interrupt *)state)->ctx = ctx;
    *out                      = (glia_callback){state, .on_begin = begin, .on_end = end, .destroy = destroy};
    return GLIA_OK;
}

glia_status glia_stop_on_interrupt(glia_context *ctx, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create(ctx, out);
    gli_leave(ctx);
    return status;
}
