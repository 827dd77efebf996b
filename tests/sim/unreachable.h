/* unreachable.h - rows for seen.c: machine, state, event, why it cannot be. A row that was seen
 * after all fails the run. */
{"uplink", "*", "link_denied", "the made-up network answers no key with a refusal of its own"},
    {"intake", "*", "close", "the made-up aggregator never stops in good order"},
