/* context_model.h - foretells each bit of what entries say, from all that was said before it.
 * Private to core/wire.
 *
 * Context mixing: every context keeps how likely the next bit was after it, a mixer weighs them by
 * how often each was right. Integers only: both ends reach the same likelihoods, bit by bit. It
 * knows nothing of entries; who uses it says in which column a byte stands.
 *
 * Memory: about 10 MiB each. One thread at a time.
 */
#ifndef CORE_WIRE_CONTEXT_MODEL_H
#define CORE_WIRE_CONTEXT_MODEL_H

#include "core/wire/range_coder.h"

struct context_model;

struct context_model *context_model_new(void); /* NULL: out of memory */
void context_model_free(struct context_model *model);

/* All that was learnt so far is what _forget goes back to. */
void context_model_keep(struct context_model *model);
void context_model_forget(struct context_model *model);

/* What follows stands in this column (any number; equal numbers, equal columns), from its start. */
void context_model_column(struct context_model *model, uint32_t column);

/* One byte, written or read. */
uint8_t context_model_byte(struct context_model *model, struct range_coder *coder, uint8_t byte);

#endif
