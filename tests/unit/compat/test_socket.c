/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock's own forms of the socket functions, addresses as text, names with 16-bit strings. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include <ws2tcpip.h>

static void
assert_fails(int answer, int error)
{
    assert_int_equal(answer, SOCKET_ERROR);
    assert_int_equal(WSAGetLastError(), error);
}

static void
test_wsa_socket__is_a_socket(void **state)
{
    SOCKET s = WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);

    assert_int_not_equal(s, INVALID_SOCKET);
    assert_int_equal(fcntl(s, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(closesocket(s), 0);
    s = WSASocketW(AF_INET6, SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_NO_HANDLE_INHERIT);
    assert_int_not_equal(s, INVALID_SOCKET);
    assert_int_equal(fcntl(s, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(closesocket(s), 0);
    assert_fails(WSASocketW(AF_INET, SOCK_STREAM, 0, (LPWSAPROTOCOL_INFOW)(void *)&s, 0, 0),
                 WSAEINVAL);
    assert_fails(WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 1, 0), WSAEINVAL);
    assert_fails(WSASocketA(AF_INET, SOCK_STREAM, 0, NULL, 0, 2), WSAEINVAL);
    assert_fails(WSASocketA(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, NULL, 0, 0), WSAEINVAL);
    assert_fails(WSASocketA(9999, SOCK_STREAM, 0, NULL, 0, 0), WSAEAFNOSUPPORT);
}

static void
test_wsa_send__gathers_and_receives(void **state)
{
    char first[3], second[8];
    WSABUF out[] = { { 2, (char[]){ "ab" } }, { 0, NULL }, { 3, (char[]){ "cde" } } };
    WSABUF in[] = { { sizeof(first), first }, { sizeof(second), second } };
    DWORD n = 99, flags = MSG_PEEK;
    SOCKET s[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    assert_int_equal(WSASend(s[0], out, 3, &n, 0, NULL, NULL), 0);
    assert_int_equal(n, 5);
    assert_int_equal(WSARecv(s[1], in, 1, &n, &flags, NULL, NULL), 0);
    assert_int_equal(n, 3);
    assert_int_equal(flags, 0);
    assert_int_equal(WSARecv(s[1], in, 2, &n, &flags, NULL, NULL), 0);
    assert_int_equal(n, 5);
    assert_memory_equal(first, "abc", 3);
    assert_memory_equal(second, "de", 2);
    assert_int_equal(closesocket(s[0]), 0);
    assert_int_equal(WSARecv(s[1], in, 2, &n, &flags, NULL, NULL), 0);
    assert_int_equal(n, 0);
    assert_fails(WSASend(s[1], out, 3, &n, 0, NULL, NULL), WSAECONNABORTED);
    assert_int_equal(closesocket(s[1]), 0);
    assert_fails(WSASend(s[1], out, 3, &n, 0, NULL, NULL), WSAENOTSOCK);
}

static void CALLBACK
completed(DWORD error, DWORD n, LPWSAOVERLAPPED overlapped, DWORD flags)
{
}

static void
test_wsa_send__refuses(void **state)
{
    WSABUF one = { 1, (char[]){ "x" } }, many[WSABUFS_MAX + 1] = { { 0, NULL } };
    DWORD n = 7, flags = 0, bad = MSG_DONTWAIT;
    LPWSAOVERLAPPED overlapped = (LPWSAOVERLAPPED)(void *)&n;
    SOCKET s[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    assert_fails(WSASend(s[0], &one, 1, &n, 0, overlapped, NULL), WSAEOPNOTSUPP);
    assert_fails(WSASend(s[0], &one, 1, &n, 0, NULL, completed), WSAEOPNOTSUPP);
    assert_fails(WSARecv(s[0], &one, 1, &n, &flags, overlapped, NULL), WSAEOPNOTSUPP);
    assert_fails(WSARecv(s[0], &one, 1, &n, &flags, NULL, completed), WSAEOPNOTSUPP);
    assert_fails(WSASend(s[0], &one, 1, &n, bad, NULL, NULL), WSAEOPNOTSUPP);
    assert_fails(WSARecv(s[0], &one, 1, &n, &bad, NULL, NULL), WSAEOPNOTSUPP);
    assert_fails(WSASend(s[0], NULL, 1, &n, 0, NULL, NULL), WSAEFAULT);
    assert_fails(WSASend(s[0], &one, 1, NULL, 0, NULL, NULL), WSAEFAULT);
    assert_fails(WSARecv(s[0], &one, 1, NULL, &flags, NULL, NULL), WSAEFAULT);
    assert_fails(WSARecv(s[0], &one, 1, &n, NULL, NULL, NULL), WSAEFAULT);
    assert_fails(WSASend(s[0], &one, 0, &n, 0, NULL, NULL), WSAEINVAL);
    assert_fails(WSASend(s[0], many, WSABUFS_MAX + 1, &n, 0, NULL, NULL), WSAENOBUFS);
    assert_int_equal(n, 7);
    assert_int_equal(WSASend(s[0], many, WSABUFS_MAX, &n, 0, NULL, NULL), 0);
    assert_int_equal(n, 0);
    closesocket(s[0]);
    closesocket(s[1]);
}

static SOCKET
bound(SOCKADDR_IN *at)
{
    SOCKET s = WSASocketA(AF_INET, SOCK_DGRAM, 0, NULL, 0, 0);
    socklen_t n = sizeof(*at);

    *at = (SOCKADDR_IN){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(bind(s, (SOCKADDR *)at, sizeof(*at)), 0);
    assert_int_equal(getsockname(s, (SOCKADDR *)at, &n), 0);
    return s;
}

static void
test_wsa_send_to__is_received_from(void **state)
{
    SOCKADDR_IN here, there, from = { 0 };
    SOCKET a = bound(&here), b = bound(&there);
    char text[4];
    WSABUF out = { 6, (char[]){ "abcdef" } }, in = { sizeof(text), text };
    DWORD n, flags = 0;
    int size = sizeof(from);

    assert_int_equal(WSASendTo(a, &out, 1, &n, 0, (SOCKADDR *)&there, sizeof(there), NULL, NULL),
                     0);
    assert_int_equal(n, 6);
    /* What does not fit is lost. */
    assert_fails(WSARecvFrom(b, &in, 1, &n, &flags, (SOCKADDR *)&from, &size, NULL, NULL),
                 WSAEMSGSIZE);
    assert_int_equal(n, 4);
    assert_memory_equal(text, "abcd", 4);
    assert_int_equal(size, sizeof(from));
    assert_int_equal(from.sin_port, here.sin_port);
    assert_fails(WSASendTo(a, &out, 1, &n, 0, (SOCKADDR *)&there, -1, NULL, NULL), WSAEFAULT);
    assert_fails(WSASendTo(a, &out, 1, &n, 0, (SOCKADDR *)&there, 129, NULL, NULL), WSAEFAULT);
    assert_fails(WSARecvFrom(b, &in, 1, &n, &flags, (SOCKADDR *)&from, NULL, NULL, NULL),
                 WSAEFAULT);
    closesocket(a);
    closesocket(b);
}

static void
test_wsa_ioctl__blocks_or_not(void **state)
{
    SOCKET s[2];
    DWORD on = 1, n = 9, waiting = 0, flags = 0;
    unsigned long wide = 0;
    char byte;
    WSABUF in = { 1, &byte };

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    assert_int_equal(WSAIoctl(s[0], FIONBIO, &on, sizeof(on), NULL, 0, &n, NULL, NULL), 0);
    assert_int_equal(n, 0);
    assert_fails(WSARecv(s[0], &in, 1, &n, &flags, NULL, NULL), WSAEWOULDBLOCK);
    assert_int_equal(WSAIoctl(s[0], FIONBIO, &wide, sizeof(wide), NULL, 0, &n, NULL, NULL), 0);
    assert_int_equal(fcntl(s[0], F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(send(s[1], "abc", 3, 0), 3);
    assert_int_equal(WSAIoctl(s[0], FIONREAD, NULL, 0, &waiting, 4, &n, NULL, NULL), 0);
    assert_int_equal(waiting, 3);
    assert_int_equal(n, 4);
    assert_int_equal(WSAIoctl(s[0], FIONREAD, NULL, 0, &wide, sizeof(wide), &n, NULL, NULL), 0);
    assert_int_equal(wide, 3);
    assert_int_equal(n, sizeof(wide));
    assert_fails(WSAIoctl(s[0], FIONREAD, NULL, 0, &waiting, 3, &n, NULL, NULL), WSAEFAULT);
    assert_fails(WSAIoctl(s[0], FIONBIO, NULL, 4, NULL, 0, &n, NULL, NULL), WSAEFAULT);
    assert_fails(WSAIoctl(s[0], FIONBIO, &on, 4, NULL, 0, NULL, NULL, NULL), WSAEFAULT);
    assert_fails(WSAIoctl(s[0], 0x98000004, &on, 4, NULL, 0, &n, NULL, NULL), WSAEOPNOTSUPP);
    assert_fails(WSAIoctl(s[0], FIONBIO, &on, 4, NULL, 0, &n, NULL, completed), WSAEOPNOTSUPP);
    closesocket(s[0]);
    closesocket(s[1]);
    assert_fails(WSAIoctl(s[0], FIONBIO, &on, 4, NULL, 0, &n, NULL, NULL), WSAENOTSOCK);
}

static const struct {
    int family;
    const char *text;
} addresses[] = {
    { AF_INET, "192.0.2.1" },      { AF_INET, "127.0.0.1:65535" }, { AF_INET6, "::1" },
    { AF_INET6, "2001:db8::1%7" }, { AF_INET6, "[fe80::1%2]:80" }, { AF_INET6, "[::]:1" },
};

static void
test_address__as_text_and_back(void **state)
{
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        char given[64], text[64];
        WCHAR wide[64];
        SOCKADDR_STORAGE at, again;
        const DWORD room = (DWORD)strlen(addresses[i].text) + 1;
        int size = sizeof(at);
        DWORD n = room;

        memset(&at, 0xee, sizeof(at));
        strcpy_s(given, sizeof(given), addresses[i].text);
        assert_int_equal(
            WSAStringToAddressA(given, addresses[i].family, NULL, (SOCKADDR *)&at, &size), 0);
        assert_int_equal(at.ss_family, addresses[i].family);
        assert_int_equal(WSAAddressToStringA((SOCKADDR *)&at, (DWORD)size, NULL, text, &n), 0);
        assert_string_equal(text, addresses[i].text);
        assert_int_equal(n, room);
        assert_int_equal(WSAAddressToStringW((SOCKADDR *)&at, (DWORD)size, NULL, wide, &n), 0);
        assert_int_equal(n, room);
        memset(&again, 0xee, sizeof(again));
        assert_int_equal(
            WSAStringToAddressW(wide, addresses[i].family, NULL, (SOCKADDR *)&again, &size), 0);
        assert_memory_equal(&at, &again, sizeof(at));
        n = room - 1;
        assert_fails(WSAAddressToStringA((SOCKADDR *)&at, (DWORD)size, NULL, text, &n), WSAEFAULT);
        assert_int_equal(n, room);
        n = 0;
        assert_fails(WSAAddressToStringW((SOCKADDR *)&at, (DWORD)size, NULL, NULL, &n), WSAEFAULT);
        assert_int_equal(n, room);
        assert_fails(WSAAddressToStringA((SOCKADDR *)&at, (DWORD)size - 1, NULL, text, &n),
                     WSAEFAULT);
        size--;
        assert_fails(WSAStringToAddressA(given, addresses[i].family, NULL, (SOCKADDR *)&at, &size),
                     WSAEFAULT);
        assert_int_equal(size, addresses[i].family == AF_INET ? 16 : 28);
    }
}

static void
test_address__refuses(void **state)
{
    static const struct {
        int family;
        const char *text;
    } bad[] = {
        { AF_INET, "" },
        { AF_INET, "localhost" },
        { AF_INET, "127.0.0.1:" },
        { AF_INET, "::1" },
        { AF_INET, "127.0.0.1:65536" },
        { AF_INET, "1.2.3.4:8x" },
        { AF_INET6, "[::1" },
        { AF_INET6, "[::1]80" },
        { AF_INET6, "[::1]:" },
        { AF_INET6, "1.2.3.4" },
        { AF_UNIX, "/tmp" },
        { AF_INET6, "[::1]:99999999999" },
    };
    SOCKADDR_STORAGE at = { .ss_family = AF_UNIX };
    char text[64];
    WCHAR lone[] = { 0xd800, 0 };
    int size = sizeof(at);
    DWORD n = sizeof(text);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        strcpy_s(text, sizeof(text), bad[i].text);
        assert_fails(WSAStringToAddressA(text, bad[i].family, NULL, (SOCKADDR *)&at, &size),
                     WSAEINVAL);
    }
    assert_fails(WSAStringToAddressA(NULL, AF_INET, NULL, (SOCKADDR *)&at, &size), WSAEINVAL);
    assert_fails(WSAStringToAddressA(text, AF_INET, NULL, (SOCKADDR *)&at, NULL), WSAEFAULT);
    assert_fails(WSAStringToAddressW(lone, AF_INET, NULL, (SOCKADDR *)&at, &size), WSAEINVAL);
    assert_fails(WSAAddressToStringA((SOCKADDR *)&at, sizeof(at), NULL, text, &n), WSAEINVAL);
    assert_fails(WSAAddressToStringA(NULL, 16, NULL, text, &n), WSAEFAULT);
    assert_fails(WSAAddressToStringA((SOCKADDR *)&at, 1, NULL, text, &n), WSAEFAULT);
}

static void
test_inet__with_wide_strings(void **state)
{
    IN_ADDR in;
    IN6_ADDR in6;
    WCHAR text[46];

    assert_int_equal(InetPtonW(AF_INET, u"192.0.2.9", &in), 1);
    assert_int_equal(ntohl(in.s_addr), 0xc0000209);
    assert_ptr_equal(InetNtopW(AF_INET, &in, text, 10), text);
    assert_int_equal(lstrcmpW(text, u"192.0.2.9"), 0);
    assert_null(InetNtopW(AF_INET, &in, text, 9));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_null(InetNtopW(AF_UNIX, &in, text, 46));
    assert_int_equal(GetLastError(), WSAEAFNOSUPPORT);
    assert_int_equal(InetPtonW(AF_INET6, u"2001:db8::5", &in6), 1);
    assert_non_null(InetNtopW(AF_INET6, &in6, text, 46));
    assert_int_equal(lstrcmpW(text, u"2001:db8::5"), 0);
    assert_int_equal(InetPtonW(AF_INET6, u"192.0.2.9", &in6), 0);
    assert_fails(InetPtonW(AF_UNIX, u"x", &in), WSAEAFNOSUPPORT);
    assert_fails(InetPtonW(AF_INET, NULL, &in), WSAEFAULT);
}

static void
test_get_addr_info__with_wide_strings(void **state)
{
    ADDRINFOW hints = { .ai_flags = AI_NUMERICHOST | AI_CANONNAME,
                        .ai_family = AF_INET,
                        .ai_socktype = SOCK_STREAM };
    ADDRINFOW *found = NULL;

    assert_int_equal(GetAddrInfoW(u"127.0.0.1", u"80", &hints, &found), 0);
    assert_non_null(found);
    assert_int_equal(found->ai_family, AF_INET);
    assert_int_equal(found->ai_addrlen, sizeof(SOCKADDR_IN));
    assert_int_equal(((SOCKADDR_IN *)found->ai_addr)->sin_port, htons(80));
    assert_int_equal(lstrcmpW(found->ai_canonname, u"127.0.0.1"), 0);
    assert_null(found->ai_next);
    FreeAddrInfoW(found);
    FreeAddrInfoW(NULL);
    hints.ai_socktype = 0; /* stream, datagram and raw */
    assert_int_equal(GetAddrInfoW(u"127.0.0.1", NULL, &hints, &found), 0);
    assert_non_null(found->ai_next);
    FreeAddrInfoW(found);
    assert_int_equal(GetAddrInfoW(u"a name", NULL, &hints, &found), EAI_NONAME);
    assert_int_equal(WSAGetLastError(), WSAHOST_NOT_FOUND);
    assert_null(found);
    hints.ai_family = 9999;
    assert_int_equal(GetAddrInfoW(u"127.0.0.1", NULL, &hints, &found), EAI_FAMILY);
    assert_int_equal(WSAGetLastError(), WSAEAFNOSUPPORT);
    assert_int_equal(GetAddrInfoW((WCHAR[]){ 0xdc00, 0 }, NULL, NULL, &found), EAI_NONAME);
    assert_int_equal(GetAddrInfoW(u"127.0.0.1", NULL, NULL, NULL), EAI_BADFLAGS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wsa_socket__is_a_socket),
        cmocka_unit_test(test_wsa_send__gathers_and_receives),
        cmocka_unit_test(test_wsa_send__refuses),
        cmocka_unit_test(test_wsa_send_to__is_received_from),
        cmocka_unit_test(test_wsa_ioctl__blocks_or_not),
        cmocka_unit_test(test_address__as_text_and_back),
        cmocka_unit_test(test_address__refuses),
        cmocka_unit_test(test_inet__with_wide_strings),
        cmocka_unit_test(test_get_addr_info__with_wide_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
