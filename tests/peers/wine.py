# SPDX-License-Identifier: Apache-2.0
"""Windows programs under Wine: Debian's mingw-w64 compiles them, and they run with a prefix, a home and a wineserver of their own.

    wine = Wine(folder).start()
    wine.compile("spn", [ROOT / "examples/spn.c"])
    done = wine.run("spn", "an argument", env={"KRB5CCNAME": ...})

Wine's NTLM is Samba's ntlm_auth, which it finds in PATH: samba() puts another there. Its Kerberos is MIT's GSSAPI.
"""
import os
import pathlib
import subprocess

from conftest import ACCOUNTS, ROOT, Service, program

BIN = pathlib.Path("/usr/lib/wine")
LIBRARIES = ("-lsecur32", "-lws2_32", "-lntdsapi", "-ladvapi32")
# Capital letters as the files of Windows' SDK have them; mingw-w64's have none.
SPELLINGS = ("Security.h", "Ntdsapi.h", "Sspi.h", "Windows.h")
# No .NET, no HTML, no entries in anybody's menus; what crashes ends, and is not looked at by a debugger first.
QUIET = {"WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe,winedbg.exe=", "WINEDEBUG": "-all"}
EXAMPLES = {
    "sspi-client": ("sspi-client.c", "SspiExample.c", "framing.c"), "sspi-server": ("sspi-server.c", "SspiExample.c", "framing.c"),
    "event-server": ("event-server.c", "SspiExample.c", "framing.c"),
    "sockauth-server": ("sockauth-server.c", "sockauth.c", "framing.c"), "sockauth-server-w": ("sockauth-server.c", "sockauth.c", "framing.c"),
    "sockauth-client-w": ("sockauth-client.c", "sockauth.c", "framing.c"),  # Wine has no DsMakeSpnA
}
# Formats as Windows reads them, not as C99 does: %s of wprintf is wide.
COMPILER = ("x86_64-w64-mingw32-gcc", "-std=gnu17", "-Wall", "-Werror", "-D_WIN32_WINNT=0x0A00", "-D__USE_MINGW_ANSI_STDIO=0")
UNICODE = ("-DUNICODE", "-D_UNICODE", "-municode")


class Wine:
    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "bin"
        self.lingerer = None
        for name in ("home", "include", "programs", "bin"):
            (folder / name).mkdir()
        for name in SPELLINGS:
            (folder / "include" / name).write_text(f"#include <{name.lower()}>\n", encoding="ascii")

    def environment(self, env=None):
        out = {**os.environ, "WINEPREFIX": str(self.folder / "prefix"), "HOME": str(self.folder / "home"), **QUIET, **(env or {})}
        out["PATH"] = f"{self.bin}:{out['PATH']}"
        out.pop("DISPLAY", None)
        return out

    def start(self):
        """Takes some fifteen seconds."""
        (self.folder / "prefix").mkdir(mode=0o700)
        log = self.folder / "log"
        with open(log, "wb") as out:  # a pipe would stay open with the services
            how = {"env": self.environment(), "stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            status = subprocess.run([BIN / "wine64", "wineboot.exe", "-i"], timeout=600, check=False, **how).returncode
            subprocess.run([BIN / "wineserver", "-p"], timeout=150, check=False, **how)  # it stays: a program then starts in a quarter of a second
            # So do the services, which end after the last program otherwise and begin with the next one, with its standard error.
            before = os.fstat(out.fileno()).st_size
            self.lingerer = subprocess.Popen([BIN / "wine64", "cmd.exe"], **{**how, "stdin": subprocess.PIPE})
        assert status == 0 and (self.folder / "prefix/drive_c/windows").is_dir(), f"no prefix of Wine's: {log.read_text(errors='replace')}"
        Service.wait_for(lambda: self.is_at_its_prompt(log.read_bytes()[before:]), "Wine's services run, which come before the prompt")
        return self

    def is_at_its_prompt(self, said):
        assert self.lingerer.poll() is None, f"cmd.exe ended with {self.lingerer.returncode}: {said}"
        return said.endswith(b">")

    def stop(self):
        """Ends all that runs with this prefix, and no other's."""
        if (self.folder / "prefix").exists():
            subprocess.run([BIN / "wineserver", "-k"], env=self.environment(), check=False, timeout=60)
        if self.lingerer:
            self.lingerer.kill()
            self.lingerer.communicate()
        subprocess.run(["rm", "-rf", self.folder / "prefix"], check=True)  # 700 MB

    def compile(self, name, sources, flags=()):
        objects = []
        for source in sources:  # what programs share is compiled once
            objects.append(self.folder / "programs" / f"{pathlib.Path(source).stem}{'-w' if flags else ''}.o")
            if not objects[-1].exists():
                subprocess.run([*COMPILER, f"-I{self.folder}/include", *flags, "-c", source, "-o", objects[-1]], check=True, timeout=120)
        subprocess.run([*COMPILER, *flags, *objects, "-o", self.path(name), *LIBRARIES], check=True, timeout=120)

    def compile_examples(self):
        for name, sources in EXAMPLES.items():
            self.compile(name, [ROOT / "examples" / source for source in sources], UNICODE if name.endswith("-w") else ())
        return self

    def path(self, name):
        return self.folder / "programs" / f"{name}.exe"

    def command(self, name, *arguments):
        return [BIN / "wine64", self.path(name), *map(str, arguments)]

    def samba(self, *command):
        """What Wine runs for ntlm_auth from now on; its own arguments come after those."""
        file = self.bin / "ntlm_auth"
        file.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in map(str, command)) + ' "$@"\n', encoding="utf-8")
        file.chmod(0o755)


def lone_samba(folder):
    """ntlm_auth of a Samba that is in no domain and touches nothing outside its folder, and knows alice's password where it is a server."""
    places = "".join(f"{key} = {folder}\n" for key in ("private dir", "lock directory", "state directory", "cache directory", "pid directory"))
    (folder / "smb.conf").write_text(f"[global]\nworkgroup = WORKGROUP\nnetbios name = SAMBASRV\nlog file = {folder}/log\n{places}", encoding="ascii")
    script = folder / "ntlm_auth"
    script.write_text(f"""#!/bin/sh
case "$*" in
*squid*) exec /usr/bin/ntlm_auth --configfile={folder}/smb.conf --username=alice '--password={ACCOUNTS["alice"]}' --domain=WORKGROUP "$@" ;;
*) exec /usr/bin/ntlm_auth --configfile={folder}/smb.conf "$@" ;;
esac
""", encoding="ascii")
    script.chmod(0o755)
    return script


class Here:
    """The same programs, as they are compiled for this system."""

    @staticmethod
    def environment(env=None):
        return {**os.environ, **(env or {})}

    @staticmethod
    def command(name, *arguments):
        return [program(name), *map(str, arguments)]
