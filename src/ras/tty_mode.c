/* SPDX-License-Identifier: Apache-2.0 */
/* A tty's settings and its modem's lines. */
#include "ras/tty_mode.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

static speed_t
speed_of(unsigned long speed)
{
    static const struct {
        unsigned long speed;
        speed_t code;
    } speeds[] = {
        { 300, B300 },       { 1200, B1200 },     { 2400, B2400 },     { 4800, B4800 },
        { 9600, B9600 },     { 19200, B19200 },   { 38400, B38400 },   { 57600, B57600 },
        { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(speeds); i++) {
        if (speeds[i].speed == speed) {
            return speeds[i].code;
        }
    }
    return B115200;
}

bool
tty_mode_set(int fd, const struct serial_settings *s)
{
    struct termios mode;

    if (tcgetattr(fd, &mode) != 0) {
        return false;
    }
    cfmakeraw(&mode);
    mode.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | PARODD | CRTSCTS);
    mode.c_cflag |= CREAD | CLOCAL | HUPCL; /* DCD is looked at by us */
    mode.c_cflag |= s->data_bits == 7 ? CS7 : CS8;
    mode.c_cflag |= s->stop_bits == 2 ? CSTOPB : 0;
    mode.c_cflag |= s->parity == 'n' ? 0 : s->parity == 'o' ? PARENB | PARODD : PARENB;
    mode.c_cflag |= s->flow_rts_cts ? CRTSCTS : 0;
    (void)cfsetspeed(&mode, speed_of(s->speed));
    return tcsetattr(fd, TCSANOW, &mode) == 0;
}

int
tty_mode_carrier(int fd, const struct serial_settings *s)
{
    int bits;

    if (s->local || ioctl(fd, TIOCMGET, &bits) != 0) {
        return -1;
    }
    return (bits & TIOCM_CD) != 0;
}

bool
tty_mode_dtr(int fd, bool on)
{
    int bit = TIOCM_DTR;

    return ioctl(fd, on ? TIOCMBIS : TIOCMBIC, &bit) == 0;
}

bool
tty_mode_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL);
    int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;

    return flags >= 0 && fcntl(fd, F_SETFL, wanted) == 0;
}
