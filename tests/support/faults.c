/* Loaded before the C library (LD_PRELOAD): makes calls that write below one folder fail, or stops the process around
 * every flush or before every change, so that a test can look at the disk at that moment.
 *
 * FAULTS_BELOW    the folder; what is elsewhere is left alone
 * FAULTS_WHEN     a file: while it is there, calls fail with the errno whose number is in it; its second word says
 *                 which: "sync", "flush" (the same without sync_file_range), "write" (writing, growing, creating,
 *                 renaming) or "all"
 * FAULTS_STOP     "flush": the process stops before and after every flush; "change": before every call that changes
 *                 what is in the folder
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int is_below(const char *path) {
    const char *folder = getenv("FAULTS_BELOW");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int concerns(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* The errno that a call of this kind is to fail with now; 0 for none. */
static int fault(const char *kind) {
    const char *when = getenv("FAULTS_WHEN");
    if (!when) return 0;
    static int (*real_open)(const char *, int, ...);
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
    int before = errno, fd = real_open(when, O_RDONLY | O_CLOEXEC);
    char text[32] = {0};
    if (fd < 0) { errno = before; return 0; }
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    errno = before;
    if (length <= 0) return 0;
    char what[16] = "all";
    int number = 0;
    sscanf(text, "%d %15s", &number, what);
    if (strcmp(what, "flush") == 0) return strcmp(kind, "sync") == 0 ? number : 0;
    if (strcmp(kind, "range") == 0) kind = "sync";
    return strcmp(what, "all") == 0 || strcmp(what, kind) == 0 ? number : 0;
}

static void stop_at(const char *kind) {
    const char *wanted = getenv("FAULTS_STOP");
    /* Sent to this thread: sent to the process, another one could take it, and this one go on. */
    if (wanted && strcmp(wanted, kind) == 0) raise(SIGSTOP);
}

#define FAIL(kind, condition)                     \
    do {                                          \
        int number = (condition) ? fault(kind) : 0; \
        if (number) { errno = number; return -1; }  \
    } while (0)

/* A call that changes what is in the folder. */
#define CHANGE(condition)                         \
    do {                                          \
        if (condition) {                          \
            FAIL("write", 1);                     \
            stop_at("change");                    \
        }                                         \
    } while (0)

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define SYNC(kind, name, parameters, ...)                             \
    int name parameters {                                             \
        REAL(name);                                                   \
        if (!concerns(fd)) return real(__VA_ARGS__);                  \
        FAIL(kind, 1);                                                \
        stop_at("flush");                                             \
        int result = real(__VA_ARGS__), after = errno;                \
        stop_at("flush");                                             \
        errno = after;                                                \
        return result;                                                \
    }

SYNC("sync", fsync, (int fd), fd)
SYNC("sync", fdatasync, (int fd), fd)
SYNC("range", sync_file_range, (int fd, off64_t from, off64_t count, unsigned int flags), fd, from, count, flags)

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    CHANGE(concerns(fd));
    return real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    REAL(pwrite64);
    CHANGE(concerns(fd));
    return real(fd, bytes, count, at);
}

int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64);
    CHANGE(concerns(fd));
    return real(fd, length);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    CHANGE(is_below(from));
    return real(from, to);
}

/* Removing and making folders never fail here: that is not what a full or dying disk refuses first. */

int unlink(const char *path) {
    REAL(unlink);
    if (is_below(path)) stop_at("change");
    return real(path);
}

int unlinkat(int fd, const char *path, int flags) {
    REAL(unlinkat);
    if (is_below(path) || (fd != AT_FDCWD && concerns(fd))) stop_at("change");
    return real(fd, path, flags);
}

int rmdir(const char *path) {
    REAL(rmdir);
    if (is_below(path)) stop_at("change");
    return real(path);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (is_below(path)) stop_at("change");
    return real(path, mode);
}

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    CHANGE(flags & (O_CREAT | O_TRUNC) && is_below(path));
    return real(path, flags, mode);
}
