/* crash_note.h - what a thread was busy with when its own fault ended the process.
 *
 * Between enter and leave, a fault of the calling thread (SIGSEGV, SIGFPE, SIGILL, SIGABRT, and so
 * ASSERT) writes the mark into a file that was opened beforehand, syncs it, and then takes its
 * course: the process ends by that signal. No write and no sync as long as nothing goes wrong.
 *
 * Leaves nothing: a death from outside (kill, the OOM killer, loss of power), a signal another
 * process sent, and SIGBUS, which is the disk under a mapped file. One note per process.
 */
#ifndef PLATFORM_HOST_CRASH_NOTE_H
#define PLATFORM_HOST_CRASH_NOTE_H

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/ident.h"

#define CRASH_NOTE_BYTES 64u

/* What it was busy with: a number, a hash that names it for sure, and the how-manieth death at it
 * this would be. */
struct crash_mark {
    uint64_t number;
    uint64_t deaths; /* 0: no mark */
    struct hash hash;
};

/* Opens or creates the file, gives what an earlier life left there (deaths 0: nothing that can be
 * read), and sets the signal handlers. */
int crash_note_open(const char *path, struct crash_mark *ret, struct err_ctx *err) MUST_USE;
void crash_note_close(void); /* handlers as before; fine when not open */
/* The mark in the file holds no more. */
void crash_note_clear(void);

/* Once on each thread that enters, so that a stack which overflowed leaves its mark too (unless
 * there was no memory for that). */
void crash_note_thread_begin(void);
void crash_note_thread_end(void);

void crash_note_enter(const struct crash_mark *mark);
void crash_note_leave(void);
/* Other code is called that is not to blame, and done with: `was` is what pause gave. Cheap, and
 * fine outside of enter and leave. */
bool crash_note_pause(void);
void crash_note_resume(bool was);

#endif
