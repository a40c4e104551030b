/* Makes the userfaultfd, and hands it over on descriptor 3. */
#ifndef PAGER_TEST_SETUP_H
#define PAGER_TEST_SETUP_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

#define CONTROL_FD 3

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
/* Receives the configuration and two descriptors. */
void receive_config(struct model_config *config, int fds[2]);
/* Nanoseconds of the monotonic clock. */
uint64_t now(void);
int make_uffd(void);
/* Without events. */
int bare_uffd(void);
void register_range(int uffd, void *start, size_t len, uint64_t mode);
/* Sends the map and the userfaultfd, closes it here, and waits for the word to go on. */
void hand_over(int uffd, const struct model_vma *vmas, size_t count);

#endif
