/* Let every operation on files below one directory wait, as a network file system does.
 *
 * Preloaded into a process; SLOW_DIRECTORY is the directory's real path, SLOW_MICROSECONDS the time that each
 * operation waits before it is done: opening, looking at, reading, mapping a file, listing a directory (once
 * for about as many names as one answer of the kernel holds). Closing is free.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 4096
#define NAMES_AT_ONCE 512 /* what a buffer of 32 KiB holds of names of some 40 bytes */

static char is_slow[MOST_DESCRIPTORS];
static int names_told[MOST_DESCRIPTORS];

static void pause_a_little(void) {
    const char *text = getenv("SLOW_MICROSECONDS");
    long micros = text ? atol(text) : 0;
    struct timespec time = {micros / 1000000, micros % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static int is_known(int descriptor) { return descriptor >= 0 && descriptor < MOST_DESCRIPTORS; }

static void on_descriptor(int descriptor) {
    if (is_known(descriptor) && is_slow[descriptor]) pause_a_little();
}

static int lies_below(const char *path) {
    const char *slow = getenv("SLOW_DIRECTORY");
    size_t length = slow ? strlen(slow) : 0;
    return length && !strncmp(path, slow, length) && (!path[length] || path[length] == '/');
}

/* Wait where the path is slow, and return whether it is. */
static int on_path(int directory, const char *path) {
    char link[64], whole[2 * PATH_MAX];
    int slow;
    if (path[0] == '/' || directory == AT_FDCWD) {
        slow = lies_below(path);
    } else if (is_known(directory) && is_slow[directory]) {
        slow = 1;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t length = readlink(link, whole, PATH_MAX);
        if (length < 0) return 0;
        snprintf(whole + length, sizeof whole - length, "/%s", path);
        slow = lies_below(whole);
    }
    if (slow) pause_a_little();
    return slow;
}

static int opened(int directory, const char *path, int flags, mode_t mode) {
    int slow = on_path(directory, path);
    int descriptor = syscall(SYS_openat, directory, path, flags, mode);
    if (is_known(descriptor)) is_slow[descriptor] = slow;
    return descriptor;
}

#define MODE(last) va_list rest; va_start(rest, last); mode_t mode = va_arg(rest, mode_t); va_end(rest)
int open(const char *path, int flags, ...) { MODE(flags); return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags); return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags); return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags); return opened(at, path, flags, mode); }

int close(int descriptor) {
    if (is_known(descriptor)) is_slow[descriptor] = 0;
    return syscall(SYS_close, descriptor);
}

static int looked_at(int directory, const char *path, void *into, int flags) {
    if (path[0]) on_path(directory, path); else on_descriptor(directory);
    return syscall(SYS_newfstatat, directory, path, into, flags);
}

int stat(const char *path, struct stat *into) { return looked_at(AT_FDCWD, path, into, 0); }
int stat64(const char *path, struct stat64 *into) { return looked_at(AT_FDCWD, path, into, 0); }
int lstat(const char *path, struct stat *into) { return looked_at(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW); }
int lstat64(const char *path, struct stat64 *into) { return looked_at(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW); }
int fstat(int descriptor, struct stat *into) { return looked_at(descriptor, "", into, AT_EMPTY_PATH); }
int fstat64(int descriptor, struct stat64 *into) { return looked_at(descriptor, "", into, AT_EMPTY_PATH); }
int fstatat(int at, const char *path, struct stat *into, int flags) { return looked_at(at, path, into, flags); }
int fstatat64(int at, const char *path, struct stat64 *into, int flags) { return looked_at(at, path, into, flags); }
/* What these were called before glibc 2.33. */
int __xstat(int v, const char *path, struct stat *into) { return looked_at(AT_FDCWD, path, into, 0); }
int __xstat64(int v, const char *path, struct stat64 *into) { return looked_at(AT_FDCWD, path, into, 0); }
int __lxstat(int v, const char *path, struct stat *into) { return lstat(path, into); }
int __lxstat64(int v, const char *path, struct stat64 *into) { return lstat64(path, into); }
int __fxstat(int v, int descriptor, struct stat *into) { return fstat(descriptor, into); }
int __fxstat64(int v, int descriptor, struct stat64 *into) { return fstat64(descriptor, into); }
int __fxstatat(int v, int at, const char *p, struct stat *s, int flags) { return looked_at(at, p, s, flags); }
int __fxstatat64(int v, int at, const char *p, struct stat64 *s, int flags) { return looked_at(at, p, s, flags); }

int statx(int at, const char *path, int flags, unsigned mask, struct statx *into) {
    if (path[0]) on_path(at, path); else on_descriptor(at);
    return syscall(SYS_statx, at, path, flags, mask, into);
}

ssize_t read(int descriptor, void *into, size_t size) {
    on_descriptor(descriptor);
    return syscall(SYS_read, descriptor, into, size);
}
ssize_t pread(int descriptor, void *into, size_t size, off_t offset) {
    on_descriptor(descriptor);
    return syscall(SYS_pread64, descriptor, into, size, offset);
}
ssize_t pread64(int d, void *into, size_t size, off64_t offset) { return pread(d, into, size, offset); }
ssize_t preadv(int descriptor, const struct iovec *parts, int count, off_t offset) {
    on_descriptor(descriptor);
    return syscall(SYS_preadv, descriptor, parts, count, offset, 0L);
}
ssize_t preadv64(int d, const struct iovec *parts, int count, off64_t at) { return preadv(d, parts, count, at); }

void *mmap(void *where, size_t size, int protection, int flags, int descriptor, off_t offset) {
    on_descriptor(descriptor);
    return (void *)syscall(SYS_mmap, where, size, protection, flags, descriptor, offset);
}
void *mmap64(void *w, size_t s, int p, int f, int d, off64_t o) { return mmap(w, s, p, f, d, o); }

DIR *opendir(const char *path) {
    int slow = on_path(AT_FDCWD, path);
    DIR *directory = ((DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir"))(path);
    if (directory && is_known(dirfd(directory))) {
        is_slow[dirfd(directory)] = slow;
        names_told[dirfd(directory)] = 0;
    }
    return directory;
}
struct dirent64 *readdir64(DIR *directory) {
    int descriptor = dirfd(directory);
    if (is_known(descriptor) && names_told[descriptor]++ % NAMES_AT_ONCE == 0) on_descriptor(descriptor);
    return ((struct dirent64 * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64"))(directory);
}
struct dirent *readdir(DIR *directory) { return (struct dirent *)readdir64(directory); }
int closedir(DIR *directory) {
    if (is_known(dirfd(directory))) is_slow[dirfd(directory)] = 0;
    return ((int (*)(DIR *))dlsym(RTLD_NEXT, "closedir"))(directory);
}
