/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface as a script: each token says what the fake library shall answer to it. A token may
 * begin as NTLM's NEGOTIATE_MESSAGE (FAKE_NTLM_FIRST) or as SPNEGO's first token (FAKE_FIRST); the
 * rest is one of
 *     more            SEC_I_CONTINUE_NEEDED, token "go on"
 *     complete        SEC_I_COMPLETE_AND_CONTINUE; completed, the token is "COMPLETED"
 *     yes:NAME        SEC_E_OK, the user NAME by NTLM, no token
 *     done:NAME       SEC_I_COMPLETE_NEEDED, else the same
 *     krb:NAME        SEC_E_OK, the user NAME by Kerberos, token "final"
 *     plain:NAME      SEC_E_OK, no confidentiality
 *     no              SEC_E_LOGON_DENIED, wrong password, token "error"
 * and anything else SEC_E_INVALID_TOKEN. A sealed message is its bytes with each bit turned over
 * behind a trailer of 4. The one password that is right is "right"; who is called nobody is anonymous.
 */
#ifndef TESTS_FAKE_SSPI_H
#define TESTS_FAKE_SSPI_H

#include <opensspi/opensspi.h>

#define FAKE_NTLM_FIRST "NTLMSSP\0\1\0\0\0"
#define FAKE_FIRST      "\x60"

/* Contexts, credentials and buffers that were given out and not given back. */
extern int fake_live;
/* A package or an option for which there is no credential: "Nonsense", "ntlm=deny". */
extern const char *fake_missing;
/* The next DecryptMessage says that the peer only signed. */
extern int fake_only_signed;
/* EncryptMessage writes a trailer shorter than announced. */
extern int fake_short_trailer;
/* No context can be exported or imported; otherwise each that was exported is imported once. */
extern int fake_moves_nothing;
/* A real NEGOTIATE_MESSAGE is refused. */
extern int fake_denies_ntlm;

/* The one service that there is a key for: "HTTP/web1.example.test". NULL: Kerberos is not here. */
extern const char *fake_keyed;
/* What a refused client's first token was, and the KRB-ERROR that it was sent. */
extern const char *fake_first_token;
extern LONG fake_krb_error;

#endif
