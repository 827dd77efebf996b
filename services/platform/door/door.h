/* door.h - the UNIX socket door: JSON lines in, JSON lines out. Server (on the loop) and client.
 *
 * A request is one line: {"id":1,"command":"case list","args":{…}}. Answers are lines with that
 * id: any number of {"id":1,"row":{…}}, then one {"id":1,"ok":true,"result":{…}} or
 * {"id":1,"ok":false,"error":{"code":"ERR_VALUE","text":"…","exit":65}}. A request with
 * "stream":true is followed by raw lines up to one that is a single "."; each raw line is given to
 * on_line as it came (it may be anything, but longer than LINE_BYTES_MAX is given as oversized).
 * Requests on one connection are answered in order as the program likes; at most
 * DOOR_CALLS_MAX are open per connection (reading pauses), and reading pauses too while more than
 * DOOR_FULL_BYTES of answers wait for a slow client. Socket mode 0660 (group optional). The peer's
 * user name (SO_PEERCRED) is known to the program as door_call_user.
 *
 * A client that closes, or only closes its sending side, is gone. A line that is no request is
 * answered with id null and the connection goes on. When all connections are taken, one that asked
 * for nothing for DOOR_IDLE_MS is told so and closed; if there is none, the new one gets one
 * ERR_FULL line. Callbacks come from the loop only, never from inside a function of this header but
 * door_close.
 */
#ifndef PLATFORM_DOOR_DOOR_H
#define PLATFORM_DOOR_DOOR_H

#include "core/base/bytes.h"
#include "core/base/error.h"

#include <jansson.h>

struct loop;
struct door;
struct door_call; /* one request being answered */

#define DOOR_CONNECTIONS_MAX 64u
#define DOOR_IDLE_MS 5000u
#define DOOR_CALLS_MAX 256u
#define DOOR_FULL_BYTES 1048576u /* answers waiting for one client: above it, wait for on_drain */
#define DOOR_WAITING_BYTES_MAX 67108864u /* above it the client is dropped */

struct door_config {
    struct loop *loop;
    const char *path;
    const char *group; /* NULL: leave the process's */
    uint64_t idle_ms;  /* 0: DOOR_IDLE_MS */
    /* A request. Answer now or later with the functions below; exactly one done or fail each. */
    void (*on_request)(void *arg, struct door_call *call, const char *command, const json_t *args);
    /* A raw line of a streaming request (line numbers from 1), and its end. Text is borrowed for
     * the call, and empty when oversized. A call that was answered early gets no more of either. */
    void (*on_line)(void *arg, struct door_call *call, uint64_t line, struct bytes text,
                    bool oversized);
    void (*on_end)(void *arg, struct door_call *call);
    /* The client went away while the call was open: forget it now; no answer may follow. */
    void (*on_gone)(void *arg, struct door_call *call);
    /* May be NULL. What waited for this call's client has been taken, after door_call_full was
     * true: go on with rows. */
    void (*on_drain)(void *arg, struct door_call *call);
    void *arg;
};

int door_open(const struct door_config *config, struct door **ret, struct err_ctx *err) MUST_USE;
void door_stop(struct door *door);       /* no new connections or requests; open calls may finish */
bool door_idle(const struct door *door); /* no call open and nothing waiting to be written */
/* Drops connections (on_gone for calls still open), removes the socket file. NULL is fine. */
void door_close(struct door *door);

void door_call_row(struct door_call *call, json_t *row);     /* takes the reference */
void door_call_raw(struct door_call *call, json_t *line);    /* a whole line as it is (streams) */
void door_call_done(struct door_call *call, json_t *result); /* takes the reference; call is over */
void door_call_fail(struct door_call *call, int code, int exit_code, const char *text);
/* More than DOOR_FULL_BYTES wait for this client: a program with many rows stops here and goes on
 * at on_drain. */
bool door_call_full(const struct door_call *call);
/* Hold and let go of the stream: on_line is not called while held (back-pressure). */
void door_call_pause(struct door_call *call, bool pause);
void door_call_set_data(struct door_call *call, void *data);
void *door_call_data(const struct door_call *call);
const char *door_call_user(const struct door_call *call); /* user name of the peer, or its uid */

/* ---- client, blocking, for the command line ---- */
struct door_client;
/* A server that does nothing for patience_ms while one of these waits for it (does not let us in,
 * take a byte or give one) is ERR_TIMEOUT: it hangs, or it was stopped. */
int door_client_open(const char *path, int patience_ms, struct door_client **ret,
                     struct err_ctx *err) MUST_USE;
int door_client_send(struct door_client *client, struct bytes line,
                     struct err_ctx *err) MUST_USE; /* adds \n */
/* The same, but it goes out with the next line sent, when enough is gathered, or before a read
 * waits: a server that is woken once answers sooner. */
int door_client_put(struct door_client *client, struct bytes line, struct err_ctx *err) MUST_USE;
int door_client_flush(struct door_client *client, struct err_ctx *err) MUST_USE;
/* One line without its \n, borrowed until the next call. */
int door_client_read(struct door_client *client, struct bytes *ret, struct err_ctx *err) MUST_USE;
/* True if something can be read without waiting (so that a sender can drain answers). */
bool door_client_readable(struct door_client *client);
void door_client_close(struct door_client *client);

#endif
