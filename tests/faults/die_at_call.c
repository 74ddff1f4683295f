/* Preloaded into hlwq: kills the process with SIGKILL just before its DIE_AT_CALL-th call that changes
 * the file system, so that a test can stop it at every single one. With DIE_AT_CALL=0 it only counts;
 * the count is written to the file DIE_COUNT_FILE at exit. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static void Count(void) {
  static long die_at = -1;
  if (die_at < 0) {
    const char* text = getenv("DIE_AT_CALL");
    die_at = text == NULL ? 0 : atol(text);
  }
  if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) == die_at) kill(getpid(), SIGKILL);
}

__attribute__((destructor)) static void WriteCount(void) {
  const char* path = getenv("DIE_COUNT_FILE");
  FILE* file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%ld\n", calls);
  fclose(file);
}

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  Count();
  return REAL(ssize_t, "pwrite", int, const void*, size_t, off_t)(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  Count();
  return REAL(ssize_t, "pwrite64", int, const void*, size_t, off64_t)(fd, data, size, offset);
}
int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if (flags & O_CREAT) {
    va_list list;
    va_start(list, flags);
    mode = va_arg(list, mode_t);
    va_end(list);
    Count();
  }
  return REAL(int, "open", const char*, int, ...)(path, flags, mode);
}
int rename(const char* from, const char* to) {
  Count();
  return REAL(int, "rename", const char*, const char*)(from, to);
}
int renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) {
  Count();
  return REAL(int, "renameat2", int, const char*, int, const char*, unsigned)(from_fd, from, to_fd,
                                                                              to, flags);
}
int mkdir(const char* path, mode_t mode) {
  Count();
  return REAL(int, "mkdir", const char*, mode_t)(path, mode);
}
int remove(const char* path) {
  Count();
  return REAL(int, "remove", const char*)(path);
}
int unlink(const char* path) {
  Count();
  return REAL(int, "unlink", const char*)(path);
}
int unlinkat(int fd, const char* path, int flags) {
  Count();
  return REAL(int, "unlinkat", int, const char*, int)(fd, path, flags);
}
int rmdir(const char* path) {
  Count();
  return REAL(int, "rmdir", const char*)(path);
}
int ftruncate(int fd, off_t size) {
  Count();
  return REAL(int, "ftruncate", int, off_t)(fd, size);
}
int fallocate(int fd, int mode, off_t offset, off_t size) {
  Count();
  return REAL(int, "fallocate", int, int, off_t, off_t)(fd, mode, offset, size);
}
int fdatasync(int fd) {
  Count();
  return REAL(int, "fdatasync", int)(fd);
}
int fsync(int fd) {
  Count();
  return REAL(int, "fsync", int)(fd);
}
