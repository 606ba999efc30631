# SPDX-License-Identifier: Apache-2.0
"""What `make install` leaves, used as a customer would: pkg-config's flags, each library name, the programs, the pages."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT

PROGRAM = r"""
#define SECURITY_WIN32
#include <sspi.h>
#include <stdio.h>

int main(void)
{
    PSecurityFunctionTableA table = InitSecurityInterfaceA();
    PSecPkgInfoA info;
    SECURITY_STATUS status = table->QuerySecurityPackageInfoA((SEC_CHAR *)"Negotiate", &info);

    if (status != SEC_E_OK) {
        return 1;
    }
    puts(info->Name);
    return table->FreeContextBuffer(info) != SEC_E_OK;
}
"""
WINDOWS_PROGRAM = PROGRAM.replace("#include <sspi.h>", "#include <windows.h>\n#include <Security.h>")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """An installation below a folder, as a package's build makes it, from a build folder of its own."""
    folder = tmp_path_factory.mktemp("install")
    build, dest = folder / "build", folder / "dest"
    subprocess.run(["meson", "setup", build, ROOT, "-Dprefix=/usr", "-Dlibdir=lib", "-Dtests=disabled"], check=True, capture_output=True)
    subprocess.run(["nice", "ninja", "-C", build], check=True, capture_output=True)
    install(dest)
    return dest


def install(dest):
    subprocess.run(["meson", "install", "-C", dest.parent / "build", "--no-rebuild"], check=True, capture_output=True,
                   env={**os.environ, "DESTDIR": str(dest)})


def flags(tree, package):
    env = {**os.environ, "PKG_CONFIG_LIBDIR": str(tree / "usr/lib/pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(tree)}
    done = subprocess.run(["pkg-config", "--cflags", "--libs", package], env=env, check=True, capture_output=True, text=True)
    return done.stdout.split()


def program(tree, name):
    return tree / "usr/bin" / name


def build_and_run(tree, folder, source, options):
    subprocess.run(["gcc", "-x", "c", "-", "-x", "none", "-o", folder / "program", "-Wall", "-Werror", *options], input=source,
                   text=True, check=True)
    done = subprocess.run([folder / "program"], env={**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib")}, capture_output=True,
                          text=True, check=True)
    return done.stdout.strip()


def test_pkg_config__opensspi(tree, tmp_path):
    assert build_and_run(tree, tmp_path, PROGRAM, flags(tree, "opensspi")) == "Negotiate"


def test_pkg_config__opensspi_compat(tree, tmp_path):
    assert build_and_run(tree, tmp_path, WINDOWS_PROGRAM, flags(tree, "opensspi-compat")) == "Negotiate"


@pytest.mark.parametrize("name", ["secur32", "Secur32"])
def test_linkers_alias(tree, tmp_path, name):
    options = [option for option in flags(tree, "opensspi") if option != "-lopensspi"] + [f"-l{name}"]
    assert build_and_run(tree, tmp_path, PROGRAM, options) == "Negotiate"


@pytest.mark.parametrize("name", ["libopensspi.so", "libsecur32.so", "libSecur32.so"])
def test_foreign_function_bindings_open(tree, name):
    code = f"import ctypes; assert ctypes.CDLL({name!r}).InitSecurityInterfaceW"
    subprocess.run(["/usr/bin/python3", "-c", code], check=True, env={**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib")})


def test_what_asks_directories_is_beside_the_library__and_in_no_process_before(tree):
    code = ("import ctypes; ctypes.CDLL('libopensspi-compat.so.0'); maps = open('/proc/self/maps').read(); assert 'libldap' not in maps\n"
            "assert ctypes.CDLL('libopensspi-directory.so.0').opensspi_directory_ask(None)")
    subprocess.run(["/usr/bin/python3", "-c", code], check=True, env={**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib")})


@pytest.mark.parametrize("path", [
    "usr/bin/sspid", "usr/bin/sspictl", "usr/bin/sspi-connect", "usr/include/opensspi/sspi.h", "usr/include/opensspi/opensspi.h",
    "usr/share/man/man8/sspid.8", "usr/share/man/man1/sspictl.1", "usr/share/man/man1/sspi-connect.1",
    "usr/share/man/man5/opensspi.conf.5", "usr/share/man/man5/opensspi-credentials.5", "etc/opensspi/opensspi.conf", "usr/lib/systemd/system/sspid.service",
    "usr/lib/opensspi/ras/otp.so", "usr/lib/opensspi/ras/pam.so", "usr/share/man/man8/opensspi-ras-otp.8", "usr/share/man/man8/opensspi-ras-pam.8",
    "usr/share/opensspi/apache/sspid.lua",
    "usr/bin/rasd", "usr/lib/systemd/system/rasd.service", "usr/share/man/man8/rasd.8",
    "usr/bin/samd", "usr/lib/systemd/system/samd.service", "usr/share/man/man8/samd.8",
    "usr/bin/opensspi-execd", "usr/lib/systemd/system/opensspi-execd.service", "usr/share/man/man8/opensspi-execd.8",
    "usr/share/bash-completion/completions/sspictl", "usr/share/bash-completion/completions/rasd",
    "usr/share/zsh/vendor-completions/_opensspi", "usr/share/fish/vendor_completions.d/sspictl.fish", "usr/share/fish/vendor_completions.d/opensspi-execd.fish",
    "etc/logrotate.d/opensspi", "usr/lib/sysusers.d/opensspi.conf", "usr/lib/tmpfiles.d/opensspi.conf",
])
def test_is_there(tree, path):
    assert (tree / path).is_file()


def test_documents(tree):
    """All of them, and so what the pages name."""
    folder = tree / "usr/share/doc/opensspi"
    for path in (ROOT / "docs").rglob("*"):
        assert path.is_dir() or (folder / path.relative_to(ROOT / "docs")).read_bytes() == path.read_bytes()
    assert (folder / "README.md").is_file() and (folder / "SECURITY.md").is_file()
    named = {path for page in (tree / "usr/share/man").rglob("*.[158]") for path in re.findall(r"/usr/share/doc/opensspi/[A-Za-z./]+?\.md", page.read_text())}
    assert len(named) > 2 and all((tree / path.removeprefix("/")).is_file() for path in named)


@pytest.mark.parametrize("name", ["sspid", "rasd", "samd", "opensspi-execd", "sspictl", "sspi-connect"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_programs__tell_what_they_are(tree, name, option):
    done = subprocess.run([program(tree, name), option], env={**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib")},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and name in done.stdout and done.stderr == ""


@pytest.mark.parametrize("name", ["sspid", "rasd", "samd", "opensspi-execd", "sspictl", "sspi-connect"])
def test_programs__refuse_what_they_do_not_know(tree, name):
    done = subprocess.run([program(tree, name), "--no-such-option"], capture_output=True, text=True, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib")})
    assert done.returncode == 2 and done.stderr


def test_installed_configuration__is_good(tree):
    done = subprocess.run([program(tree, "sspid"), "-n"], capture_output=True, text=True, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib"),
                               "OPENSSPI_CONFIG": str(tree / "etc/opensspi/opensspi.conf")})
    assert done.returncode == 0, done.stderr


def test_configuration_that_was_changed__stays(tree):
    conf = tree / "etc/opensspi/opensspi.conf"
    original = conf.read_bytes()
    conf.write_bytes(original + b"# mine\n")
    install(tree)
    assert conf.read_bytes() == original + b"# mine\n"
    conf.unlink()
    install(tree)
    assert conf.read_bytes() == original


def test_installed_files__name_no_build_folder(tree):
    told = [path for path in tree.rglob("*") if path.is_file() and path.suffix in (".pc", ".service", ".h", ".conf", ".1", ".5", ".8")
            and (str(ROOT).encode() in path.read_bytes() or str(BUILD).encode() in path.read_bytes())]
    assert told == []
