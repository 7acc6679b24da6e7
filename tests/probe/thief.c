/* SPDX-License-Identifier: MIT */
/* The program inside the sandboxes of tests/sdk/test_token_theft.py: does what the test tells it, one connection at a
 * time. A connection brings one line, COMMAND ARGUMENT, perhaps bytes after it, and gets the outcome back. Static, so
 * any image can hold it. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PORT = 9000, TEXT_MAX = 1 << 16, WAIT_S = 3 };

static int to; /* who asks */

static void tell(const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(to, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

static void tell_errno(void)
{
    const char *name = strerrorname_np(errno);

    tell(name ? name : "?", strlen(name ? name : "?"));
}

static void pass_on(int from)
{
    char piece[4096];
    ssize_t n;

    while ((n = read(from, piece, sizeof piece)) > 0)
        tell(piece, (size_t)n);
    if (n < 0)
        tell_errno();
}

static int tcp(const char *ip, int port, struct sockaddr_in *at)
{
    struct timeval wait = {WAIT_S, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, ip, &at->sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return fd;
}

/* ask IP:PORT, then the request as it is. */
static void ask(char *where, const char *request, size_t n)
{
    struct sockaddr_in at;
    char *colon = strchr(where, ':');
    int port = colon ? (int)strtol(colon + 1, NULL, 10) : 0;

    if (colon)
        *colon = 0;
    int fd = tcp(where, port, &at);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) || send(fd, request, n, MSG_NOSIGNAL) < 0)
        tell_errno();
    else
        pass_on(fd);
    close(fd);
}

static void take_address(const char *ip)
{
    struct sockaddr_in at;
    int fd = tcp(ip, 9001, &at);

    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        tell_errno();
    else
        tell("ok", 2);
    close(fd);
}

static void show_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        tell_errno();
        return;
    }
    pass_on(fd);
    close(fd);
}

static void list_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *f;

    if (!d) {
        tell_errno();
        return;
    }
    while ((f = readdir(d))) {
        tell(f->d_name, strlen(f->d_name));
        tell("\n", 1);
    }
    closedir(d);
}

static void show_environment(void)
{
    for (char **v = environ; *v; v++) {
        tell(*v, strlen(*v));
        tell("\n", 1);
    }
}

static void serve(char *text, size_t n)
{
    char *end = memchr(text, '\n', n);
    char *word = text;

    if (!end)
        return;
    *end = 0;
    char *argument = strchr(word, ' ');
    if (argument)
        *argument++ = 0;
    if (strcmp(word, "env") == 0)
        show_environment();
    else if (!argument)
        tell("?", 1);
    else if (strcmp(word, "ask") == 0)
        ask(argument, end + 1, n - (size_t)(end + 1 - text));
    else if (strcmp(word, "bind") == 0)
        take_address(argument);
    else if (strcmp(word, "read") == 0)
        show_file(argument);
    else if (strcmp(word, "list") == 0)
        list_folder(argument);
}

int main(void)
{
    static char text[TEXT_MAX];
    struct sockaddr_in at;
    int one = 1, door = tcp("0.0.0.0", PORT, &at);

    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct timeval forever = {0, 0};
    setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 16))
        return 1;
    puts("in place");
    fflush(stdout);
    while ((to = accept4(door, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        size_t n = 0;
        for (ssize_t got = 1; got > 0 && n<sizeof text; n += got> 0 ? (size_t)got : 0)
            got = read(to, text + n, sizeof text - n);
        serve(text, n);
        close(to);
    }
    return 1;
}
