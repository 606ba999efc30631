/* SPDX-License-Identifier: Apache-2.0 */
/* What closes the print of a token: the cause that it tells of, and the remedy. */
#include "tools/decode_print.h"

static const char *const notes[] = {
    [DECODE_NOTE_EMPTY] =
        "a scheme without a token: something on its way (a proxy, a firewall, a rewrite of "
        "headers) took it, or the client found no credentials to make one with. Try straight to "
        "the service; look at what rewrites Authorization.",
    [DECODE_NOTE_UNKNOWN] =
        "what arrived is no token: something on its way changed it, or it never was one. Try "
        "straight to the service; look at what rewrites Authorization.",
    [DECODE_NOTE_CUT] =
        "the end of the token did not arrive. Something on its way limits or cuts header lines: "
        "Apache's LimitRequestFieldSize (8190), nginx's large_client_header_buffers (8k), a "
        "proxy, a log that was copied from. Raise each limit on the way (65536 holds any token); "
        "a token is large where its user is in many groups.",
    [DECODE_NOTE_RAW_NTLM] =
        "NTLM without SPNEGO: the client made no attempt at Kerberos. Is the host a name (not an "
        "address) that the client takes for its intranet, is the client in the domain, and is "
        "HTTP/<host as in the URL> registered as a service principal name? The keytab is not at "
        "fault.",
    [DECODE_NOTE_NTLM_ONLY] =
        "NTLM is all that the client offers: it is in no domain, or does not take this host for "
        "one to send tickets to (intranet zone, AuthServerAllowlist, "
        "network.negotiate-auth.trusted-uris). Mend that at the client, or permit NTLM on "
        "purpose; the keytab is not at fault.",
    [DECODE_NOTE_NTLM_CHOSEN] =
        "NTLM, though the client can do Kerberos: it got no ticket for this server. Is HTTP/<host "
        "as in the URL> registered as a service principal name on exactly one account (setspn "
        "-Q), is the host a name and not an address, and does the client reach a domain "
        "controller? The keytab is not at fault.",
    [DECODE_NOTE_NTLM_V1] = "the client answers with NTLMv1, which servers rightly refuse: set its "
                            "LmCompatibilityLevel to 5 or update it. Do not lower the server's.",
    [DECODE_NOTE_ANONYMOUS] = "an anonymous logon: the client had no identity to prove.",
    [DECODE_NOTE_NEGOEX_KERBEROS] =
        "NegoEx is the client's first choice and Kerberos is on its list too: a server without "
        "NegoEx chooses Kerberos, and the client sends its ticket in the next leg.",
    [DECODE_NOTE_NEGOEX_ONLY] =
        "NegoEx is the client's first choice and Kerberos is not on its list: it got no ticket "
        "for this server. Is HTTP/<host as in the URL> registered as a service principal name, is "
        "the host a name and not an address, and does the client take it for its intranet?",
    [DECODE_NOTE_REJECTED] =
        "the server refused: its log says why. Where no mechanism is named, none that the client "
        "offered is one of the server's.",
    [DECODE_NOTE_RC4_TICKET] =
        "the ticket is of rc4-hmac: the service's account has no AES keys, or does not say so. "
        "Servers that permit AES alone refuse it, and so do domain controllers since 2026: set "
        "msDS-SupportedEncryptionTypes to 24, set a new password, make the keytab anew.",
    [DECODE_NOTE_NO_SPN] =
        "no account has this service principal name: register it (setspn -S, samba-tool spn add), "
        "then put it into the keytab.",
    [DECODE_NOTE_NO_ENCTYPE] =
        "the two sides have no encryption type in common: give the account AES keys "
        "(msDS-SupportedEncryptionTypes 24 and a new password), then make the keytab anew.",
    [DECODE_NOTE_EXPIRED] =
        "the ticket has run out, or the server's clock is ahead: kinit again; compare both clocks "
        "with the domain controller's.",
    [DECODE_NOTE_NOT_YET] =
        "the ticket is not valid yet by the server's clock, which is behind: stime is its time. "
        "Run chrony against the domain controllers.",
    [DECODE_NOTE_REPLAY] =
        "the server has seen this authenticator before: something retries or mirrors requests "
        "(proxy_next_upstream, a mesh), or two services share one replay cache.",
    [DECODE_NOTE_NOT_US] =
        "the keytab has no key of the service that the ticket is for: compare sname with klist "
        "-k.",
    [DECODE_NOTE_SKEW] =
        "client and server differ by more than five minutes: stime is the server's clock. Run "
        "chrony against the domain controllers; do not widen the skew.",
    [DECODE_NOTE_OTHER_KEY] =
        "the ticket did not open: the key that the service has is not the one that the KDC used. "
        "The service principal name is on another account than the keytab, or the password "
        "changed. Make the keytab anew.",
    [DECODE_NOTE_KEY_VERSION] =
        "the keytab has no key of the ticket's version or encryption type: the password was set "
        "after it was made, or it was made for other types. Make it anew with all types; clients "
        "keep old tickets until klist purge or kdestroy.",
    [DECODE_NOTE_NO_KEY] =
        "the service has no key at all: look at its keytab, and who may read it.",
    [DECODE_NOTE_USER_TO_USER] =
        "the service has no key of its own and wants user-to-user: the client asks for its TGT "
        "first.",
};

void
decode_note(struct decode *d, enum decode_note id)
{
    for (size_t i = 0; i < d->n_notes; i++) {
        if (d->notes[i] == id) {
            return;
        }
    }
    if (d->n_notes < DECODE_NOTES_MAX) {
        d->notes[d->n_notes++] = id;
    }
}

void
decode_put_notes(const struct decode *d)
{
    for (size_t i = 0; i < d->n_notes; i++) {
        wire_put_bytes(d->w, bytes_of_string("note: "));
        wire_put_bytes(d->w, bytes_of_string(notes[d->notes[i]]));
        wire_put_u8(d->w, '\n');
    }
}
