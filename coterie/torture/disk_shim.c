// Preloaded into a node, it stands between the node and its disk. kill -9 keeps the kernel's page cache, so only this shows
// what a power cut would: which bytes were synced before something was acknowledged.
//
//   COTERIE_SHIM_SYNC_DELAY_MS=n     every sync (fdatasync, fsync, a write with RWF_DSYNC) takes n ms more
//   COTERIE_SHIM_SYNC_FAILS_FILE=f   while the file f exists every sync fails with EIO
//   COTERIE_SHIM_DROP_FILE=f         un-synced writes are kept back in memory and reach the file only when it is synced; at
//                                    a kill they are lost (f is where the number of such bytes is written, for the test)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_DSYNC
#define RWF_DSYNC 0x2
#endif

struct held {
  struct held* next;
  dev_t device;
  ino_t inode;
  off_t offset;
  size_t size;
  char bytes[];
};

static struct held* held_first;
static struct held** held_last = &held_first;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;

static int regular(int fd, struct stat* about) { return fstat(fd, about) == 0 && S_ISREG(about->st_mode); }

static int failing(void) {
  const char* file = getenv("COTERIE_SHIM_SYNC_FAILS_FILE");
  return file != NULL && access(file, F_OK) == 0;
}

static void delay(void) {
  const char* text = getenv("COTERIE_SHIM_SYNC_DELAY_MS");
  if (text == NULL) return;
  const long ms = atol(text);
  struct timespec wait = {ms / 1000, (ms % 1000) * 1000000L};
  while (nanosleep(&wait, &wait) != 0 && errno == EINTR) {
  }
}

static ssize_t real_pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static ssize_t (*next)(int, const void*, size_t, off_t);
  if (next == NULL) next = (ssize_t(*)(int, const void*, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
  return next(fd, bytes, size, offset);
}

// What was held back for this file goes into it, in order.
static void release_held(int fd, const struct stat* about) {
  pthread_mutex_lock(&held_lock);
  struct held** at = &held_first;
  while (*at != NULL) {
    struct held* one = *at;
    if (one->device != about->st_dev || one->inode != about->st_ino) {
      at = &one->next;
      continue;
    }
    if (real_pwrite(fd, one->bytes, one->size, one->offset) != (ssize_t)one->size) abort();
    *at = one->next;
    if (held_last == &one->next) held_last = at;
    free(one);
  }
  pthread_mutex_unlock(&held_lock);
}

static int before_sync(int fd) {
  delay();
  if (failing()) {
    errno = EIO;
    return -1;
  }
  struct stat about;
  if (getenv("COTERIE_SHIM_DROP_FILE") != NULL && regular(fd, &about)) release_held(fd, &about);
  return 0;
}

int fdatasync(int fd) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return before_sync(fd) != 0 ? -1 : next(fd);
}

int fsync(int fd) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return before_sync(fd) != 0 ? -1 : next(fd);
}

static ssize_t hold(int fd, const struct iovec* parts, int count, off_t offset, const struct stat* about) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  struct held* one = malloc(sizeof *one + size);
  if (one == NULL) abort();
  *one = (struct held){NULL, about->st_dev, about->st_ino, offset, size};
  char* at = one->bytes;
  for (int i = 0; i < count; ++i) {
    memcpy(at, parts[i].iov_base, parts[i].iov_len);
    at += parts[i].iov_len;
  }
  pthread_mutex_lock(&held_lock);
  *held_last = one;
  held_last = &one->next;
  pthread_mutex_unlock(&held_lock);
  (void)fd;
  return (ssize_t)size;
}

static int holds(int fd, struct stat* about) { return getenv("COTERIE_SHIM_DROP_FILE") != NULL && regular(fd, about); }

ssize_t pwritev2(int fd, const struct iovec* parts, int count, off_t offset, int flags) {
  static ssize_t (*next)(int, const struct iovec*, int, off_t, int);
  if (next == NULL) next = (ssize_t(*)(int, const struct iovec*, int, off_t, int))dlsym(RTLD_NEXT, "pwritev64v2");
  if ((flags & RWF_DSYNC) != 0) {
    if (before_sync(fd) != 0) return -1;
    return next(fd, parts, count, offset, flags);
  }
  struct stat about;
  if (holds(fd, &about)) return hold(fd, parts, count, offset, &about);
  return next(fd, parts, count, offset, flags);
}
ssize_t pwritev64v2(int fd, const struct iovec* parts, int count, off_t offset, int flags) {
  return pwritev2(fd, parts, count, offset, flags);
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
  static ssize_t (*next)(int, const struct iovec*, int, off_t);
  if (next == NULL) next = (ssize_t(*)(int, const struct iovec*, int, off_t))dlsym(RTLD_NEXT, "pwritev64");
  struct stat about;
  if (holds(fd, &about)) return hold(fd, parts, count, offset, &about);
  return next(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off_t offset) {
  return pwritev(fd, parts, count, offset);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  struct stat about;
  const struct iovec part = {(void*)bytes, size};
  if (holds(fd, &about)) return hold(fd, &part, 1, offset, &about);
  return real_pwrite(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) { return pwrite(fd, bytes, size, offset); }
