/* Loaded before the C library (LD_PRELOAD): the kernel's clock counts as not synchronised, whatever the machine's says.
 * Where it is, what a shifted clock shows would be taken for the true time, and could never be taken back.
 *
 * CLOCK_CONFIRMED    a file: while it is there, the clock counts as synchronised
 */
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

int adjtimex(struct timex *state) {
    const char *confirmed = getenv("CLOCK_CONFIRMED");
    memset(state, 0, sizeof *state);
    if (confirmed && access(confirmed, F_OK) == 0) return TIME_OK;
    state->status = STA_UNSYNC;
    return TIME_ERROR;
}
