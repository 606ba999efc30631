/* SPDX-License-Identifier: Apache-2.0 */
/* What of rasd's settings takes a restart, and how that is told. */
#include "ras/restart.h"

#include "base/bytes.h"
#include "tests/support/settings_file.h"

#define TCP    "[port net]\ntype = tcp\ndevice = 127.0.0.1:2300\n"
#define SERIAL "[port com1]\ntype = serial\ndevice = /dev/ttyS0\n"

static void
read_text(const char *text, struct ras_settings *settings)
{
    struct config_error error = { 0 };

    settings_file_write(text);
    assert_true(ras_settings_read(settings_file, settings, &error));
}

static void
test_is_needed__names_ports_and_keys(void **state)
{
    static const struct {
        const char *before, *after, *text; /* "": none is needed */
    } rows[] = {
        { TCP, TCP, "" },
        { TCP,
          TCP "device_name = other\nlocal_address = 192.0.2.1\nbegin_timeout = 7\n"
              "[ras]\nsame_user = require\n",
          "" },
        { TCP, "[port net]\ntype = tcp\ndevice = 127.0.0.1:2301\n", "[port net] device" },
        { TCP, "[port net]\ntype = pty\ndevice = /run/line\n", "[port net] type, device" },
        { TCP, "[port other]\ntype = tcp\ndevice = 127.0.0.1:2300\n",
          "[port net] is gone; [port other] is new" },
        { TCP, TCP SERIAL, "[port com1] is new" },
        { TCP SERIAL, SERIAL, "[port net] is gone" },
        { TCP SERIAL, SERIAL TCP, "the order of the ports" },
        { TCP, TCP "calls = 2\n", "[port net] calls" },
        { TCP, TCP "remote_address = 192.0.2.2\n", "[port net] remote_address" },
        { TCP, TCP "telnet = yes\n", "[port net] telnet" },
        { SERIAL, SERIAL "speed = 9600\ndata_bits = 7\nstop_bits = 2\nparity = even\n",
          "[port com1] speed, data_bits, stop_bits, parity" },
        { SERIAL, SERIAL "flow_control = none\nmodem = no\nrings = 2\n",
          "[port com1] flow_control, modem, rings" },
        { SERIAL, SERIAL "init = AT\nanswer =\nhang_up = ATH0\n",
          "[port com1] init, answer, hang_up" },
        { TCP, TCP "[ras]\nsecurity_module = /lib/m.so\nmodule_processes = 2\n",
          "[ras] security_module, module_processes" },
        { TCP, TCP "[ras]\nmodule_user = nobody\nmodule_host = /h\npam_service = other\n",
          "[ras] module_host, module_user, pam_service" },
        { TCP, TCP "telnet = yes\n[ras]\ncontrol_socket = /run/c\nrun_directory = /run/d\n",
          "[ras] control_socket, run_directory; [port net] telnet" },
        { TCP SERIAL, TCP "calls = 3\n" SERIAL "rings = 9\n[ras]\npppd = /p\nplugin = /q\n",
          "[ras] pppd, plugin; [port net] calls; [port com1] rings" },
    };
    struct ras_settings before, after;
    char text[200];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        read_text(rows[i].before, &before);
        read_text(rows[i].after, &after);
        assert_int_equal(restart_is_needed(&before, &after, text, sizeof(text)),
                         rows[i].text[0] != 0);
        assert_string_equal(text, rows[i].text);
        ras_settings_clear(&before);
        ras_settings_clear(&after);
    }
}

static void
test_is_needed__little_room__is_cut(void **state)
{
    struct ras_settings before, after;
    char text[40];

    (void)state;
    read_text(TCP SERIAL, &before);
    read_text(TCP "calls = 3\n" SERIAL "rings = 9\n[ras]\npppd = /p\nplugin = /q\n", &after);
    for (size_t n = 1; n <= sizeof(text); n++) {
        assert_true(restart_is_needed(&before, &after, text, n));
        assert_int_equal(strnlen(text, n), n - 1);
    }
    ras_settings_clear(&before);
    ras_settings_clear(&after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_needed__names_ports_and_keys),
        cmocka_unit_test(test_is_needed__little_room__is_cut),
    };

    return cmocka_run_group_tests(tests, settings_file_make, settings_file_remove);
}
