/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service principal names: composing and taking apart. Nothing here talks to a directory.
 *
 * "class/host", "class/host:port", "class/host/service", "class/host:port/service": the host is one
 * computer's, the service what several computers offer together. Parts hold no "/", class and host
 * are not empty. A strings are UTF-8.
 * Lengths are in characters and count the NUL: in the buffer's size (0 to ask), out what is needed.
 * Answers: ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_BUFFER_OVERFLOW (the length is written),
 * ERROR_NOT_ENOUGH_MEMORY. Any thread. Source: the public documentation of ntdsapi.h and dsparse.h.
 */
#ifndef OPENSSPI_COMPAT_NTDSAPI_H
#define OPENSSPI_COMPAT_NTDSAPI_H

#include "windows.h"

OPENSSPI_BEGIN

typedef enum {
    DS_SPN_DNS_HOST = 0,  /* class/dns.host */
    DS_SPN_DN_HOST = 1,   /* class/distinguished name of the host */
    DS_SPN_NB_HOST = 2,   /* class/NETBIOS */
    DS_SPN_DOMAIN = 3,    /* class/dns.host/domain */
    DS_SPN_NB_DOMAIN = 4, /* class/NETBIOS/domain */
    DS_SPN_SERVICE = 5    /* class/dns.host/service */
} DS_SPN_NAME_TYPE;

/*
 * One name. Without InstanceName it is class/ServiceName[:port], with it
 * class/InstanceName[:port]/ServiceName. InstancePort 0: none. Referrer counts only where
 * ServiceName is an IP address: it stands in the last place then, after either host.
 */
SEC_EXPORT DWORD WINAPI DsMakeSpnW(LPCWSTR ServiceClass, LPCWSTR ServiceName, LPCWSTR InstanceName,
                                   USHORT InstancePort, LPCWSTR Referrer, DWORD *pcSpnLength,
                                   LPWSTR pszSpn);
SEC_EXPORT DWORD WINAPI DsMakeSpnA(LPCSTR ServiceClass, LPCSTR ServiceName, LPCSTR InstanceName,
                                   USHORT InstancePort, LPCSTR Referrer, DWORD *pcSpnLength,
                                   LPSTR pszSpn);

/*
 * The names of a service on one or more computers, for registration. ServiceName is NULL for the
 * three host types and needed for the others. cInstanceNames 0: this computer, by its DNS name or
 * its NetBIOS name; or by its distinguished name, for which GetComputerObjectName asks the directory, with its
 * errors, and may block. pInstancePorts NULL: InstancePort for all. *prpszSpn is owned by the caller
 * (DsFreeSpnArray).
 */
SEC_EXPORT DWORD WINAPI DsGetSpnW(DS_SPN_NAME_TYPE ServiceType, LPCWSTR ServiceClass,
                                  LPCWSTR ServiceName, USHORT InstancePort, USHORT cInstanceNames,
                                  LPCWSTR *pInstanceNames, const USHORT *pInstancePorts,
                                  DWORD *pcSpn, LPWSTR **prpszSpn);
SEC_EXPORT DWORD WINAPI DsGetSpnA(DS_SPN_NAME_TYPE ServiceType, LPCSTR ServiceClass,
                                  LPCSTR ServiceName, USHORT InstancePort, USHORT cInstanceNames,
                                  LPCSTR *pInstanceNames, const USHORT *pInstancePorts,
                                  DWORD *pcSpn, LPSTR **prpszSpn);

/* Frees what DsGetSpn gave. NULL does nothing. */
SEC_EXPORT void WINAPI DsFreeSpnArrayW(DWORD cSpn, LPWSTR *rpszSpn);
SEC_EXPORT void WINAPI DsFreeSpnArrayA(DWORD cSpn, LPSTR *rpszSpn);

/*
 * The parts of a name. A part whose buffer or length is NULL, or whose length is 0, is not wanted;
 * a length of 1 asks. The service of "class/host" is the host itself; a port that is not there is 0.
 */
SEC_EXPORT DWORD WINAPI DsCrackSpnW(LPCWSTR pszSpn, LPDWORD pcServiceClass, LPWSTR ServiceClass,
                                    LPDWORD pcServiceName, LPWSTR ServiceName,
                                    LPDWORD pcInstanceName, LPWSTR InstanceName,
                                    USHORT *pInstancePort);
SEC_EXPORT DWORD WINAPI DsCrackSpnA(LPCSTR pszSpn, LPDWORD pcServiceClass, LPSTR ServiceClass,
                                    LPDWORD pcServiceName, LPSTR ServiceName,
                                    LPDWORD pcInstanceName, LPSTR InstanceName,
                                    USHORT *pInstancePort);

#ifdef UNICODE
#define DsMakeSpn      DsMakeSpnW
#define DsGetSpn       DsGetSpnW
#define DsFreeSpnArray DsFreeSpnArrayW
#define DsCrackSpn     DsCrackSpnW
#else
#define DsMakeSpn      DsMakeSpnA
#define DsGetSpn       DsGetSpnA
#define DsFreeSpnArray DsFreeSpnArrayA
#define DsCrackSpn     DsCrackSpnA
#endif

OPENSSPI_END

#endif
