/* ask SOCKET - lines of standard input to a door as they are, and what comes back.
 *
 * Ends when the last request line with an "id" has its final answer, or the door hangs up.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* "{"id":7" of a request line, or nothing. */
static void note_id(const char *line, char *ret, size_t capacity)
{
    static const char begin[] = "{\"id\":";
    if (strncmp(line, begin, sizeof begin - 1) == 0) {
        size_t digits = strspn(line + sizeof begin - 1, "0123456789");
        (void)snprintf(ret, capacity, "%.*s", (int)(sizeof begin - 1 + digits), line);
    }
}

int main(int argc, char **argv)
{
    static char line[1048576];
    char last[32] = "";
    bool over = false;
    int fd = argc == 2 ? dial(argv[1]) : -1;
    FILE *door = fd < 0 ? NULL : fdopen(fd, "r+");
    if (door == NULL) {
        (void)fprintf(stderr, "ask: no door\n");
        return 2;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        note_id(line, last, sizeof last);
        (void)fputs(line, door);
    }
    (void)fflush(door);
    while (!over && fgets(line, sizeof line, door) != NULL) {
        (void)fputs(line, stdout);
        over = strncmp(line, last, strlen(last)) == 0 && strstr(line, "\"ok\":") != NULL;
    }
    (void)fclose(door);
    return over ? 0 : 1;
}
