/* Loaded before the C library (LD_PRELOAD): the kernel's clock counts as not synchronised, whatever the machine's says.
 * Where it is, what a shifted clock shows would be taken for the true time, and could never be taken back. */
#include <string.h>
#include <sys/timex.h>

int adjtimex(struct timex *state) {
    memset(state, 0, sizeof *state);
    state->status = STA_UNSYNC;
    return TIME_ERROR;
}
