/* SPDX-License-Identifier: Apache-2.0 */
/* QR codes: libqrencode's, drawn. */
#include "tools/account_code_qr.h"

#include <qrencode.h>

#include "base/secret.h"

enum { MARGIN = 4, DARK = 1 /* of a module's byte */ };

#define BLACK_ON_WHITE "\033[30;107m"
#define RESET          "\033[0m"

static bool
is_dark(const QRcode *qr, int x, int y)
{
    return x >= 0 && y >= 0 && x < qr->width && y < qr->width && qr->data[y * qr->width + x] & DARK;
}

static void
put(struct wire_writer *w, const char *text)
{
    wire_put_bytes(w, bytes_of_string(text));
}

static void
draw(struct wire_writer *w, const QRcode *qr)
{
    static const char *const blocks[2][2] = { { " ", "\xE2\x96\x84" },
                                              { "\xE2\x96\x80", "\xE2\x96\x88" } };

    for (int y = -MARGIN; y < qr->width + MARGIN; y += 2) {
        put(w, BLACK_ON_WHITE);
        for (int x = -MARGIN; x < qr->width + MARGIN; x++) {
            put(w, blocks[is_dark(qr, x, y)][is_dark(qr, x, y + 1)]);
        }
        put(w, RESET "\n");
    }
}

bool
account_code_put_qr(struct wire_writer *w, const char *text)
{
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (!qr) {
        return false;
    }
    draw(w, qr);
    secret_wipe(qr->data, (size_t)qr->width * (size_t)qr->width);
    QRcode_free(qr);
    return true;
}
